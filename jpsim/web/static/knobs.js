/** Sliders and fields for the quantities of a story; turning one changes the text where it stands. */

import { element, fill } from "./dom.js";
import { hasWord, t } from "./language.js";
import { nameOf } from "./labels.js";
import { balanced, quantitiesOf, rangeOf, written } from "./quantities.js";

/**
 * Make a panel of knobs.
 *
 * @param {import("./editor.js").Editor["replace"]} replace changes the text
 * @returns {{node: HTMLElement, show: (text: string) => void}}
 */
export function knobPanel(replace) {
  const node = element("div", { class: "knobs" });
  /** @type {Map<string, {node: HTMLElement, show: (quantity: import("./quantities.js").Quantity) => void}>} */
  let knobs = new Map();
  /** @type {import("./quantities.js").Quantity[]} */
  let shown = [];
  const turn = (key, value) => {
    const quantity = shown.find((one) => one.key === key);
    if (!quantity || !Number.isFinite(value)) return;
    const other = balanced(shown, quantity, value);
    const changes = [{ quantity, value }, ...(other ? [other] : [])].sort((one, two) => two.quantity.start - one.quantity.start);
    replace(changes.map((change) => ({ start: change.quantity.start, end: change.quantity.end, text: written(change.quantity, change.value) })), `knob ${key}`);
  };
  const show = (text) => {
    shown = quantitiesOf(text);
    const keys = shown.map(({ key, unit }) => `${key} ${unit}`);
    if (keys.join() !== [...knobs.keys()].join()) {
      knobs = new Map(shown.map((quantity, place) => [keys[place], knob(quantity, turn)]));
      fill(node, grouped(shown, [...knobs.values()]));
    }
    shown.forEach((quantity, place) => knobs.get(keys[place])?.show(quantity));
  };
  return { node, show };
}

function grouped(quantities, knobs) {
  if (!knobs.length) return element("p", { class: "small" }, t("no_knobs"));
  const subjects = [...new Set(quantities.map(({ of }) => of))];
  return subjects.map((of) => element("fieldset", { class: "subject" }, element("legend", {}, nameOf(of)),
    knobs.filter((_, place) => quantities[place].of === of).map(({ node }) => node)));
}

function knob(quantity, turn) {
  const { low, high, step } = rangeOf(quantity);
  const name = [hasWord(`role_${quantity.role}`) ? t(`role_${quantity.role}`) : quantity.role, quantity.when].filter(Boolean).join(" ");
  const about = `${nameOf(quantity.of)}, ${name}`;
  const slider = element("input", { type: "range", min: low, max: high, step, "aria-label": about });
  const exact = element("input", { type: "number", step: "any", inputmode: "decimal", "aria-label": `${about}, ${quantity.unit}` });
  slider.addEventListener("input", () => turn(quantity.key, Number(slider.value)));
  exact.addEventListener("input", () => exact.value !== "" && turn(quantity.key, Number(exact.value)));
  const node = element("div", { class: "knob" }, element("span", { class: "name" }, name), slider,
    element("span", { class: "exact" }, exact, element("span", { class: "unit" }, quantity.unit)));
  const show = ({ value, decimals }) => {
    slider.value = String(value);
    if (document.activeElement !== exact) exact.value = value.toFixed(Math.max(decimals, (String(value).split(".")[1] ?? "").length));
  };
  return { node, show };
}
