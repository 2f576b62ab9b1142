/** Fans of quantiles over the months, of one scenario or of several laid over each other. */

import { drawing, element, fill } from "../dom.js";
import { level } from "../labels.js";
import { airy, axes, between, canvas, frame, points, stepName, stepTicks, valueTicks } from "./frame.js";

/**
 * @typedef {object} Fan
 * @property {string} name
 * @property {string} hue class that gives its colours
 * @property {number[]} middle median or mean, from step 0 on; so are the others
 * @property {number[]} low lower edge of the outer band
 * @property {number[]} high
 * @property {number[]} [innerLow] lower edge of the inner band
 * @property {number[]} [innerHigh]
 * @property {boolean} [lines] whether the band is drawn by its edges alone
 */

/**
 * @typedef {object} FanOptions
 * @property {string} name what is shown, for those who do not see it
 * @property {string} asOf
 * @property {number[]} steps
 * @property {import("../labels.js").Style} style
 * @property {number} [step] the step that is read out; the last one by default
 * @property {(step: number) => void} [onStep] told which step was chosen
 * @property {{width: number, height: number}} [size]
 */

/**
 * Draw fans, and below them what they say at one step: the one under the pointer, or else the one that a click or the
 * arrow keys chose.
 *
 * @param {Fan[]} fans
 * @param {FanOptions} options
 * @returns {{node: HTMLElement, show: (step: number) => void}}
 */
export function fanChart(fans, { name, asOf, steps, style, step, onStep, size = { width: 340, height: 200 } }) {
  const area = frame([steps[0], steps.at(-1)], airy(fans.flatMap((fan) => [...fan.low, ...fan.high])), size);
  const rule = drawing("path", { class: "rule" });
  const picture = canvas(area, name, { tabindex: 0, class: "fan", role: "slider", "aria-valuemin": steps[0], "aria-valuemax": steps.at(-1) });
  picture.append(
    ...axes(area, stepTicks(asOf, steps.at(-1)), valueTicks(area.up, style)),
    ...fans.flatMap((fan) => bandOf(area, steps, fan)),
    ...fans.map((fan) => drawing("polyline", { class: `middle ${fan.hue}`, points: points(area, steps, fan.middle) })),
    rule,
  );
  const readout = element("div", { class: "readout" });
  const readOut = (at) => {
    const place = Math.max(steps.indexOf(at), 0);
    rule.setAttribute("d", `M${area.x(steps[place])} ${area.margin.top}V${area.height - area.margin.bottom}`);
    fill(readout, element("span", { class: "when" }, stepName(asOf, steps[place])), fans.map((fan) => reading(fan, place, style)));
  };
  let shown = step ?? steps.at(-1);
  const show = (at) => {
    shown = at;
    readOut(at);
    picture.setAttribute("aria-valuenow", String(at));
    picture.setAttribute("aria-valuetext", readout.textContent ?? "");
  };
  const choose = (at) => (show(within(at, steps)), onStep?.(shown));
  picture.addEventListener("pointermove", (event) => readOut(within(stepUnder(picture, area, event), steps)));
  picture.addEventListener("pointerleave", () => readOut(shown));
  picture.addEventListener("click", (event) => choose(stepUnder(picture, area, event)));
  picture.addEventListener("keydown", (event) => byKey(event, choose, shown, steps));
  show(shown);
  return { node: element("div", { class: "chart" }, picture, readout), show };
}

function bandOf(area, steps, fan) {
  const edge = (values) => drawing("polyline", { class: `edge ${fan.hue}`, points: points(area, steps, values) });
  if (fan.lines) return [edge(fan.low), edge(fan.high)];
  const outer = drawing("polygon", { class: `outer ${fan.hue}`, points: between(area, steps, fan.low, fan.high) });
  if (!fan.innerLow || !fan.innerHigh) return [outer];
  const inner = between(area, steps, fan.innerLow, fan.innerHigh);
  return [outer, drawing("polygon", { class: `inner ${fan.hue}`, points: inner })];
}

function reading(fan, place, style) {
  const span = `${level(style, fan.low[place])} … ${level(style, fan.high[place])}`;
  return element("span", { class: `read ${fan.hue}` },
    element("span", { class: "dot", "aria-hidden": "true" }),
    element("span", { class: "of" }, fan.name), " ",
    element("b", {}, level(style, fan.middle[place]) + (style.unit === "%" ? "%" : "")), " ",
    element("span", { class: "span" }, span));
}

const within = (at, steps) => Math.min(Math.max(at, steps[0]), steps.at(-1));

function stepUnder(picture, area, event) {
  const box = picture.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * area.width;
  const share = (x - area.margin.left) / (area.width - area.margin.left - area.margin.right);
  return Math.round(area.across[0] + share * (area.across[1] - area.across[0]));
}

function byKey(event, choose, shown, steps) {
  const by = { ArrowLeft: -1, ArrowRight: 1, Home: -steps.length, End: steps.length }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  choose(shown + by);
}
