/** The drawing area of a chart: scales from values to coordinates, axes and their round ticks. */

import { drawing } from "../dom.js";
import { monthAfter, number } from "../numbers.js";

/**
 * @typedef {object} Tick
 * @property {number} value
 * @property {string} text
 */

/** Margins of a chart, in the units of its drawing area. */
export const MARGIN = { left: 54, right: 28, top: 12, bottom: 24 };

/**
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height
 * @property {(value: number) => number} x
 * @property {(value: number) => number} y
 * @property {[number, number]} across smallest and largest value from left to right
 * @property {[number, number]} up smallest and largest value from bottom to top
 * @property {typeof MARGIN} margin
 */

/**
 * Scales for values within two ranges.
 *
 * @param {[number, number]} across
 * @param {[number, number]} up
 * @param {{width: number, height: number, margin?: typeof MARGIN}} area
 * @returns {Frame}
 */
export function frame(across, up, { width, height, margin = MARGIN }) {
  const span = (range) => range[1] - range[0] || 1;
  const x = (value) => margin.left + ((width - margin.left - margin.right) * (value - across[0])) / span(across);
  const y = (value) => margin.top + ((height - margin.top - margin.bottom) * (up[1] - value)) / span(up);
  return { width, height, across, up, margin, x: (value) => round(x(value)), y: (value) => round(y(value)) };
}

const round = (value) => Math.round(value * 10) / 10;

/**
 * The range of values with a little air around it.
 *
 * @param {number[]} values
 * @returns {[number, number]}
 */
export function airy(values) {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const air = 0.05 * (high - low) || Math.max(0.05 * Math.abs(high), 0.1);
  return [low - air, high + air];
}

/**
 * Round values in a range, at most `most`, at steps of 1, 2, 2.5 or 5 times a power of ten.
 *
 * @param {[number, number]} range
 * @param {number} [most]
 * @returns {number[]}
 */
export function niceValues([low, high], most = 5) {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  for (const step of [1, 2, 2.5, 5, 10, 20]) {
    const first = Math.ceil(low / (step * power) - 1e-9);
    const last = Math.floor(high / (step * power) + 1e-9);
    if (last - first + 1 <= most) return Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step * power);
  }
  return [];
}

/**
 * Ticks of an axis in the style of a quantity.
 *
 * @param {[number, number]} range
 * @param {import("../labels.js").Style} style
 * @param {number} [most]
 * @returns {Tick[]}
 */
export function valueTicks(range, style, most = 5) {
  const values = niceValues([range[0] * style.scale, range[1] * style.scale], most);
  const step = values.length > 1 ? values[1] - values[0] : 1;
  let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  const unit = style.unit === "%" ? "%" : "";
  return values.map((value) => ({ value: value / style.scale, text: number(value, decimals) + unit }));
}

/**
 * What a step of a run is called: a month, or a trading day.
 *
 * @param {string} asOf month 0, as 2026-01, or day 0
 * @param {number} step
 * @returns {string}
 */
export const stepName = (asOf, step) => (/^\d{4}-\d{2}$/.test(asOf) ? monthAfter(asOf, step) : `${step}d`);

/**
 * About five ticks over the steps; a year is written where it begins.
 *
 * @param {string} asOf
 * @param {number} last
 * @returns {Tick[]}
 */
export function stepTicks(asOf, last) {
  const between = Math.max(1, Math.ceil(last / 4));
  const ticks = [];
  for (let step = 0; step <= last; step += between) {
    const text = stepName(asOf, step);
    const before = step ? stepName(asOf, step - between) : "";
    const sameYear = text.includes("-") && text.slice(0, 4) === before.slice(0, 4);
    ticks.push({ value: step, text: sameYear ? text.slice(5) : text });
  }
  return ticks;
}

/**
 * An empty drawing of a frame's size, read out as its name.
 *
 * @param {Frame} area
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @returns {SVGSVGElement}
 */
export function canvas(area, name, attributes = {}) {
  return drawing("svg", { viewBox: `0 0 ${area.width} ${area.height}`, role: "img", "aria-label": name, ...attributes });
}

/**
 * Horizontal grid lines with their values, and the ticks below.
 *
 * @param {Frame} area
 * @param {Tick[]} below
 * @param {Tick[]} beside none where values do not matter
 * @returns {SVGElement[]}
 */
export function axes(area, below, beside = []) {
  const right = area.width - area.margin.right;
  return [
    ...beside.flatMap(({ value, text }) => [
      drawing("path", { class: "grid", d: `M${area.margin.left} ${area.y(value)}H${right}` }),
      drawing("text", { class: "tick end", x: area.margin.left - 6, y: area.y(value) + 4 }, text),
    ]),
    ...below.map(({ value, text }) =>
      drawing("text", { class: "tick mid", x: area.x(value), y: area.height - 6 }, text)),
  ];
}

/**
 * Points of a curve.
 *
 * @param {Frame} area
 * @param {number[]} xs
 * @param {number[]} ys points without a finite value are left out
 * @returns {string}
 */
export const points = (area, xs, ys) =>
  xs.map((x, place) => [x, ys[place]]).filter(([, y]) => Number.isFinite(y))
    .map(([x, y]) => `${area.x(x)},${area.y(y)}`).join(" ");

/**
 * Corners of the area between two curves.
 *
 * @param {Frame} area
 * @param {number[]} xs
 * @param {number[]} lower
 * @param {number[]} upper
 * @returns {string}
 */
export const between = (area, xs, lower, upper) =>
  `${points(area, xs, upper)} ${points(area, xs, lower).split(" ").reverse().join(" ")}`;

const SIGN_WIDTH = 6.4;

/**
 * Cut a text to a width; Japanese signs are about twice as wide as others.
 *
 * @param {string} text
 * @param {number} width in the units of a drawing
 * @returns {string}
 */
export function shortened(text, width) {
  let used = 0;
  for (let place = 0; place < text.length; place += 1) {
    used += text.charCodeAt(place) > 0x2e7f ? 1.95 * SIGN_WIDTH : SIGN_WIDTH;
    if (used > width) return `${text.slice(0, Math.max(place - 1, 1))}…`;
  }
  return text;
}

/**
 * The width to draw at so that letters keep their size: that of the place, less its padding.
 *
 * @param {HTMLElement} place
 * @returns {number}
 */
export const widthIn = (place) => Math.min(Math.max(place.clientWidth - 32, 300), 1000);
