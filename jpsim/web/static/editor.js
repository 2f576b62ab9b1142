/** An editor for YAML: numbered and painted lines, marks of problems, indentation, undo. */

import { element, fill } from "./dom.js";
import { EditHistory, indented, newLine, offsetOf, outdented } from "./editing.js";
import { t } from "./language.js";

/**
 * @typedef {object} Editor
 * @property {HTMLElement} node
 * @property {() => string} text
 * @property {(text: string) => void} open put another text in, with a new memory
 * @property {(changes: Array<{start: number, end: number, text: string}>, reason: string) => void} replace change
 *   parts, the last one first
 * @property {(problems: import("./server.js").Problem[]) => void} mark
 * @property {(line: number, column?: number | null) => void} goTo
 * @property {(by: -1 | 1) => void} step undo or redo
 */

/**
 * Make an editor.
 *
 * @param {string} text
 * @param {{onChange: (text: string) => void, onSave: () => void, label: string, described: string}} options
 * @returns {Editor}
 */
export function yamlEditor(text, { onChange, onSave, label, described }) {
  const area = element("textarea", {
    "aria-label": label, "aria-describedby": described, spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "soft", value: text,
  });
  const paint = element("div", { class: "paint", "aria-hidden": "true" });
  const node = element("div", { class: "editor" }, element("div", { class: "layers" }, paint, area));
  const state = { history: new EditHistory({ text, from: 0, to: 0 }), marked: new Map(), leaving: false };
  const drawn = () => fill(paint, area.value.split("\n").map((line, place) => paintedLine(line, state.marked.get(place + 1))));
  const now = () => ({ text: area.value, from: area.selectionStart, to: area.selectionEnd });
  const take = (changed, reason) => {
    area.value = changed.text;
    area.setSelectionRange(changed.from, changed.to);
    noteChange(reason);
  };
  const noteChange = (reason) => (state.history.keep(now(), reason), drawn(), onChange(area.value));
  const step = (by) => {
    const found = state.history.step(by);
    if (!found) return;
    area.value = found.text;
    area.setSelectionRange(found.from, found.to);
    drawn();
    onChange(area.value);
  };
  area.addEventListener("input", (event) => noteChange(event.inputType ?? "input"));
  area.addEventListener("beforeinput", (event) => {
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
      event.preventDefault();
      step(event.inputType === "historyUndo" ? -1 : 1);
    }
  });
  area.addEventListener("keydown", (event) => onKey(event, { now, take, step, onSave, state }));
  drawn();
  return {
    node, step,
    text: () => area.value,
    open: (other) => {
      area.value = other;
      state.history = new EditHistory(now());
      state.marked = new Map();
      drawn();
    },
    replace: (changes, reason) => {
      const [last] = changes;
      const changed = changes.reduce((before, { start, end, text: part }) => before.slice(0, start) + part + before.slice(end), area.value);
      const from = last.start + changed.length - area.value.length - (last.text.length - (last.end - last.start));
      take({ text: changed, from, to: from + last.text.length }, reason);
    },
    mark: (problems) => {
      state.marked = new Map(problems.filter(({ line }) => line).map(({ line, message }) => [line, message]));
      drawn();
    },
    goTo: (line, column) => {
      const at = offsetOf(area.value, line, column ?? 1);
      area.focus({ preventScroll: true });
      area.setSelectionRange(at, at);
      paint.children[line - 1]?.scrollIntoView({ block: "center" });
    },
  };
}

/** Tab indents; Escape and then Tab leaves the editor, for those who work without a mouse. */
function onKey(event, { now, take, step, onSave, state }) {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (event.isComposing) return;
  if (command && key === "z") event.preventDefault(), step(event.shiftKey ? 1 : -1);
  else if (command && key === "y") event.preventDefault(), step(1);
  else if (command && key === "s") event.preventDefault(), onSave();
  else if (key === "tab" && !state.leaving && !command && !event.altKey) {
    event.preventDefault();
    take(event.shiftKey ? outdented(now()) : indented(now()), "indent");
  } else if (key === "enter" && !command) event.preventDefault(), take(newLine(now()), "line");
  if (key !== "shift") state.leaving = key === "escape";
}

const LINE = /^(\s*(?:- +)*)((?:"[^"]*"|'[^']*'|[^\s#:{}[\],]+)(?=:(?:\s|$)))?(.*)$/s;

function paintedLine(line, problem) {
  const [, lead, key, rest] = /** @type {RegExpExecArray} */ (LINE.exec(line));
  return element("div", { class: problem ? "line wrong" : "line", title: problem ?? null },
    lead, key ? element("span", { class: "key" }, key) : null, painted(rest), "\u200b");
}

/** Comments and quantities have colours of their own. */
function painted(rest) {
  const comment = rest.search(/(^|\s)#/);
  const code = comment < 0 ? rest : rest.slice(0, comment);
  const parts = code.split(/((?<![\w.])[+-]?\d[\d_]*(?:\.\d+)?(?:bp|%|pp|sd|m\b)?(?![\w]))/);
  const spans = parts.map((part, place) => (place % 2 ? element("span", { class: "value" }, part) : part));
  return comment < 0 ? spans : [...spans, element("span", { class: "comment" }, rest.slice(comment))];
}

/**
 * The problems of a text as a list; a click goes to the place.
 *
 * @param {import("./server.js").Problem[]} problems
 * @param {Editor} editor
 * @returns {HTMLElement}
 */
export function problemList(problems, editor) {
  return element("ol", { class: "problems" }, problems.map(({ line, column, message }) => {
    const [found, ...advice] = message.split("\n").map((part) => part.trim());
    const place = line ? `${line}${column ? `:${column}` : ""}` : t("whole_text");
    return element("li", {},
      element("button", { type: "button", class: "place", on: { click: () => line && editor.goTo(line, column) } },
        element("span", { class: "where" }, place), " ", found),
      advice.map((part) => element("p", { class: "advice" }, part)));
  }));
}
