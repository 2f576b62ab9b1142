/** A form that writes one more condition into a story. */

import { element, fill } from "./dom.js";
import { t } from "./language.js";
import { allFactors, nameOf } from "./labels.js";
import { leavesOf } from "./leaves.js";
import { button, choice, field } from "./widgets.js";

/**
 * The form.
 *
 * @param {() => {text: string}} story
 * @param {import("./editor.js").Editor} editor
 * @returns {HTMLElement}
 */
export function additionForm(story, editor) {
  const said = element("p", { class: "small", role: "status" });
  const factor = choice(allFactors().map(({ id }) => ({ value: id, text: nameOf(id) })), "usdjpy", () => suggest());
  const role = choice(["change", "level"].map((value) => ({ value, text: t(`role_${value}`) })), "change", () => suggest());
  const when = element("input", { type: "text", value: "6m", size: 8 });
  const value = element("input", { type: "text", size: 9 });
  const suggest = () => (value.value = suggestion(factor.value, role.value));
  const add = () => {
    if (leavesOf(story().text).some(({ path }) => path[0] === "conditions" && path[1] === factor.value)) {
      fill(said, t("already_there", { factor: nameOf(factor.value) }));
      return;
    }
    fill(said);
    insert(story().text, editor, `  ${factor.value}:\n    ${role.value}: {${when.value.trim()}: ${value.value.trim()}}\n`);
  };
  suggest();
  return element("details", { class: "addition" }, element("summary", {}, t("add_condition")),
    element("div", { class: "fields" }, field(t("factor"), factor), field(t("statement"), role), field(t("when"), when, t("when_hint")),
      field(t("value"), value), button(t("add"), add, "main")), said);
}

/** A value in a unit that the factor takes. */
function suggestion(id, role) {
  const { unit } = allFactors().find((factor) => factor.id === id) ?? { unit: "" };
  if (role === "level") return { "%": "1.50%", JPY: "150", USD: "70", sd: "1sd", pp: "1pp", "tn JPY": "1 tn JPY" }[unit] ?? "100";
  return { "%": "+25bp", sd: "+1sd", pp: "+1pp", "tn JPY": "+1 tn JPY" }[unit] ?? "-5%";
}

function insert(text, editor, lines) {
  const head = /^conditions:[ \t]*(#.*)?\n/m.exec(text);
  const broken = text.endsWith("\n") || !text ? "" : "\n";
  const put = (at, added) => editor.replace([{ start: at, end: at, text: added }], "condition");
  if (head) put(head.index + head[0].length, lines);
  else put(text.length, `${broken}conditions:\n${lines}`);
}
