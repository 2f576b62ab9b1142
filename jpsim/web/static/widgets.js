/** Pieces that several pages share: headings, choices, notes of what went wrong, sortable tables. */

import { element, fill } from "./dom.js";
import { t } from "./language.js";
import { isAborted } from "./server.js";

/**
 * A page's title with what can be done about it.
 *
 * @param {string} title
 * @param {{kicker?: import("./dom.js").Child, actions?: import("./dom.js").Child[]}} [around]
 * @returns {HTMLElement}
 */
export function heading(title, { kicker, actions = [] } = {}) {
  return element("div", { class: "heading" },
    element("div", {}, kicker ? element("p", { class: "kicker" }, kicker) : null, element("h1", {}, title)),
    actions.length ? element("div", { class: "actions" }, actions) : null);
}

/** @type {(href: string, text: string, kind?: string) => HTMLElement} */
export const linkButton = (href, text, kind = "") => element("a", { class: `button ${kind}`.trim(), href }, text);

/** @type {(text: string, act: () => void, kind?: string) => any} */
export const button = (text, act, kind = "") =>
  element("button", { type: "button", class: `button ${kind}`.trim(), on: { click: act } }, text);

/**
 * A labelled field.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 * @returns {HTMLElement}
 */
export const field = (label, control, hint) =>
  element("label", { class: "field" }, element("span", { class: "name" }, label), control,
    hint ? element("span", { class: "hint" }, hint) : null);

/**
 * A list to choose from.
 *
 * @param {Array<{value: string, text: string, group?: string}>} options options of one group stand together
 * @param {string} value
 * @param {(value: string) => void} onChoose
 * @param {string} [label] where no visible label stands beside it
 * @returns {any}
 */
export function choice(options, value, onChoose, label) {
  const made = element("select", { "aria-label": label, on: { change: () => onChoose(made.value) } });
  /** @type {Map<string, HTMLElement>} */
  const groups = new Map();
  for (const option of options) {
    const node = element("option", { value: option.value, selected: option.value === value }, option.text);
    if (!option.group) made.append(node);
    else {
      if (!groups.has(option.group)) groups.set(option.group, made.appendChild(element("optgroup", { label: option.group })));
      groups.get(option.group)?.append(node);
    }
  }
  made.value = value;
  return made;
}

/**
 * Exclusive choices side by side.
 *
 * @param {string} label
 * @param {Array<{value: string, text: string, hue?: string}>} options
 * @param {string} value
 * @param {(value: string) => void} onChoose
 * @returns {HTMLElement}
 */
export function switches(label, options, value, onChoose) {
  const buttons = options.map((option) => element("button", {
    type: "button", class: `switch ${option.hue ?? ""}`, "aria-pressed": String(option.value === value),
    on: { click: () => choose(option.value) },
  }, option.hue ? element("span", { class: "dot", "aria-hidden": "true" }) : null, option.text));
  const choose = (chosen) => {
    buttons.forEach((one, place) => one.setAttribute("aria-pressed", String(options[place].value === chosen)));
    onChoose(chosen);
  };
  return element("div", { class: "switches", role: "group", "aria-label": label }, buttons);
}

const LONG_MS = 6000;

/**
 * Say that something is awaited; where it takes long, that this may happen.
 *
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function waiting(text = t("loading")) {
  const made = element("p", { class: "waiting", role: "status" }, text);
  setTimeout(() => made.isConnected && made.append(` ${t("takes_long")}`), LONG_MS);
  return made;
}

/**
 * What went wrong, in the server's words.
 *
 * @param {any} error
 * @returns {HTMLElement}
 */
export function failure(error) {
  const message = error?.status === 0 ? t("no_answer") : error?.status === 401 ? t("no_session") : error?.message || String(error);
  const problems = (error?.problems ?? []).map(({ line, column, message: found }) =>
    element("li", { class: "words" }, line ? `${line}:${column ?? 1} ` : "", found));
  return element("div", { class: "failure", role: "alert" }, element("strong", {}, t("failed")),
    problems.length ? element("ul", {}, problems) : element("p", { class: "words" }, message));
}

/**
 * Fill a node with what a promise brings; meanwhile and on failure it says so.
 *
 * @param {HTMLElement} node
 * @param {Promise<any>} promise
 * @param {(found: any) => import("./dom.js").Child} build
 */
export async function arriving(node, promise, build) {
  node.setAttribute("aria-busy", "true");
  if (!node.hasChildNodes()) fill(node, waiting());
  try {
    fill(node, build(await promise));
  } catch (error) {
    if (isAborted(error)) return;
    fill(node, failure(error));
  }
  node.removeAttribute("aria-busy");
}

/** @type {(warnings: string[]) => HTMLElement | null} */
export const warningBox = (warnings) =>
  warnings.length ? element("div", { class: "warning" }, element("strong", {}, t("warnings")),
    element("ul", {}, warnings.map((warning) => element("li", {}, warning)))) : null;

/**
 * Call something once nothing has happened for a while.
 *
 * @param {number} milliseconds
 * @param {() => void} act
 * @returns {() => void}
 */
export function settled(milliseconds, act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}
