/** Differences with their intervals, one below the other. */

import { drawing, element } from "../dom.js";
import { change } from "../labels.js";
import { axes, canvas, frame, niceValues, shortened } from "./frame.js";
import { number } from "../numbers.js";

/**
 * @typedef {object} Difference
 * @property {string} name
 * @property {number} value
 * @property {number} low
 * @property {number} high
 */

const ROW = 24;
const MARGIN = { right: 62, top: 6, bottom: 26 };

/**
 * Draw differences around a line at zero.
 *
 * @param {Difference[]} differences
 * @param {{name: string, style: import("../labels.js").Style, width: number}} options
 * @returns {HTMLElement}
 */
export function forestPlot(differences, { name, style, width }) {
  const ends = [0, ...differences.flatMap(({ low, high }) => [low, high])].filter(Number.isFinite);
  const span = Math.max(...ends) - Math.min(...ends) || 1;
  const range = [Math.min(...ends) - 0.03 * span, Math.max(...ends) + 0.03 * span];
  const height = differences.length * ROW + MARGIN.top + MARGIN.bottom;
  const area = frame(range, [0, 1], { width, height, margin: { ...MARGIN, left: Math.min(280, 0.42 * width) } });
  const ticks = niceValues(range.map((value) => value * style.changeScale), 6)
    .map((value) => ({ value: value / style.changeScale, text: number(value, Number.isInteger(value) ? 0 : 1, true) }));
  const picture = canvas(area, name, { class: "forest" });
  picture.append(
    ...ticks.map(({ value }) => drawing("path", { class: "grid", d: `M${area.x(value)} ${MARGIN.top}V${height - MARGIN.bottom}` })),
    ...axes(area, ticks),
    drawing("path", { class: "zero", d: `M${area.x(0)} ${MARGIN.top}V${height - MARGIN.bottom}` }),
    ...differences.flatMap((difference, place) => row(difference, area, MARGIN.top + (place + 0.5) * ROW, style)),
  );
  return element("div", { class: "chart" }, picture);
}

function row({ name, value, low, high }, area, y, style) {
  const side = high < 0 ? "fall" : low > 0 ? "gain" : "open";
  return [
    drawing("text", { class: "driver", x: area.margin.left - 12, y: y + 4 }, shortened(name, area.margin.left - 12)),
    drawing("path", { class: `interval ${side}`, d: `M${area.x(low)} ${y}H${area.x(high)}` }),
    drawing("circle", { class: `interval ${side}`, cx: area.x(value), cy: y, r: 4.2 }),
    drawing("text", { class: "tick end strong", x: area.width - 4, y: y + 4 }, change(style, value)),
  ];
}
