/** A policy rate that is priced and the one a scenario says, held from decision to decision. */

import { drawing, element } from "../dom.js";
import { airy, axes, canvas, frame, points, stepTicks, valueTicks } from "./frame.js";

/**
 * Draw the two paths.
 *
 * @param {number[]} priced from step 0 on, in percent
 * @param {number[]} stated
 * @param {{name: string, asOf: string, style: import("../labels.js").Style}} options
 * @returns {HTMLElement}
 */
export function policyChart(priced, stated, { name, asOf, style }) {
  const months = priced.map((_, month) => month);
  const area = frame([0, months.at(-1)], airy([...priced, ...stated]), { width: 340, height: 200 });
  const picture = canvas(area, name);
  picture.append(
    ...axes(area, stepTicks(asOf, months.at(-1)), valueTicks(area.up, style)),
    drawing("polyline", { class: "middle dashed hue-base", points: points(area, months, priced) }),
    drawing("polyline", { class: "middle hue-1", points: corners(area, stated) }),
  );
  return element("div", { class: "chart" }, picture);
}

function corners(area, path) {
  const at = (month, value) => `${area.x(month)},${area.y(value)}`;
  return path.flatMap((value, month) => (month ? [at(month, path[month - 1]), at(month, value)] : [at(0, value)])).join(" ");
}
