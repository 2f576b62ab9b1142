/** From the reference's mean to a scenario's, driver by driver: bars that add up. */

import { drawing, element } from "../dom.js";
import { number } from "../numbers.js";
import { canvas, shortened } from "./frame.js";

/**
 * @typedef {object} Contribution
 * @property {string} name
 * @property {number} value in the unit that is shown
 */

const ROW = 22;
const RIGHT = 58;

/**
 * Draw the steps between two totals, which they add up to.
 *
 * @param {Contribution} first
 * @param {Contribution[]} steps
 * @param {Contribution} last
 * @param {{name: string, decimals: number, width: number}} options
 * @returns {HTMLElement}
 */
export function waterfall(first, steps, last, { name, decimals, width }) {
  const bars = barsOf(first, steps, last);
  const low = Math.min(0, ...bars.map((bar) => Math.min(bar.from, bar.to)));
  const high = Math.max(0, ...bars.map((bar) => Math.max(bar.from, bar.to)));
  const height = bars.length * ROW + 4;
  const left = Math.min(230, 0.42 * width);
  const x = (value) => left + ((width - left - RIGHT) * (value - low)) / (high - low || 1);
  const picture = canvas({ width, height }, name, { class: "waterfall" });
  picture.append(drawing("path", { class: "grid", d: `M${x(0)} 0V${height}` }));
  bars.forEach((bar, place) => picture.append(...drawn(bar, place, x, { decimals, left, last: place === bars.length - 1 })));
  return element("div", { class: "chart" }, picture);
}

function barsOf(first, steps, last) {
  let reached = first.value;
  const middle = steps.map(({ name, value }) => {
    const from = reached;
    reached += value;
    return { name, from, to: reached, value, kind: value < 0 ? "fall" : "gain" };
  });
  const total = ({ name, value }) => ({ name, from: 0, to: value, value, kind: "total" });
  return [total(first), ...middle, total(last)];
}

function drawn(bar, place, x, { decimals, left: edge, last }) {
  const y = 2 + place * ROW;
  const [left, right] = [x(Math.min(bar.from, bar.to)), x(Math.max(bar.from, bar.to))];
  const text = number(bar.value, decimals, true);
  return [
    last ? "" : drawing("path", { class: "joint", d: `M${x(bar.to)} ${y + 15}V${y + ROW}` }),
    drawing("text", { class: "driver", x: edge - 8, y: y + 12 }, shortened(bar.name, edge - 8)),
    drawing("rect", { class: `step ${bar.kind}`, x: left, y, width: Math.max(right - left, 0.8), height: 15 }),
    drawing("text", { class: "tick strong", x: right + 5, y: y + 12 }, text),
  ];
}
