/** A story in the making: its text, its knobs, and what it implies, side by side. */

import { additionForm } from "../addition.js";
import { announce, element, fill } from "../dom.js";
import { draftOf, drafts, dropDraft, emptyStory, headOf, keepDraft, ownVersion } from "../drafts.js";
import { problemList, yamlEditor } from "../editor.js";
import { explanationView } from "../explanation.js";
import { knobPanel } from "../knobs.js";
import { either, t } from "../language.js";
import { address, go, here, note } from "../routes.js";
import { isAborted, put, read, readOnce, send } from "../server.js";
import { button, failure, field, heading, settled, waiting } from "../widgets.js";

const CHECK_MS = 250;

/**
 * Show the editor of a story.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showStory(root, route, signal) {
  const [about, listed] = await Promise.all([readOnce("/api/about"), read("/api/scenarios", signal)]);
  const { id, text, stored } = await openedText(route, listed, signal);
  const model = about.models.find((one) => one.id === about.defaults.model) ?? {};
  const story = { id, stored, text, horizon: route.query.get("horizon") ?? about.defaults.horizon, asOf: model.as_of ?? "", unit: model.step === "day" ? "d" : "m", signal };
  layOut(root, story);
}

/** The text to begin with: a draft, a scenario of the workspace, a version of another, or an empty story. */
async function openedText({ id, query }, listed, signal) {
  const taken = (one) => listed.some((scenario) => scenario.id === one) || one in drafts();
  const from = query.get("from");
  if (id) {
    const draft = draftOf(id);
    const scenario = listed.some((one) => one.id === id) ? await read(`/api/scenarios/${encodeURIComponent(id)}`, signal) : null;
    const stored = scenario?.origin === "workspace" ? scenario.text : null;
    if (draft === undefined && scenario && stored === null) return began(ownVersion(scenario, taken));
    return draft === undefined && !scenario ? began(emptyStory(taken)) : { id, text: draft ?? stored, stored };
  }
  return began(from ? ownVersion(await read(`/api/scenarios/${encodeURIComponent(from)}`, signal), taken) : emptyStory(taken));
}

const began = (text) => ({ id: headOf(text).id, text, stored: null });

function layOut(root, story) {
  const parts = {
    title: element("div", {}), problems: element("div", { class: "found", id: "problems", "aria-live": "polite" }),
    explained: element("div", { class: "explained" }, waiting(t("explaining"))), saved: element("div", { class: "saved" }),
  };
  const editor = yamlEditor(story.text, {
    onChange: (text) => onChange(text), onSave: () => save(story, editor, parts), label: t("story_text"), described: "editor_hint",
  });
  const knobs = knobPanel(editor.replace);
  const checked = settled(CHECK_MS, () => void check(story, editor, parts));
  const onChange = (text) => {
    story.text = text;
    rename(story);
    knobs.show(text);
    showTitle(story, parts);
    checked();
  };
  fill(root, parts.title, element("div", { class: "workbench" },
    element("div", { class: "writing" }, toolbar(story, editor, parts), editor.node, parts.problems, parts.saved,
      element("p", { class: "small", id: "editor_hint" }, t("editor_hint")),
      additionForm(() => story, editor), element("h2", {}, t("knobs")), knobs.node),
    parts.explained));
  knobs.show(story.text);
  showTitle(story, parts);
  void check(story, editor, parts);
}

/**
 * Keep the draft under the id that the text bears, and in the address; an id of another draft is left alone. A story
 * that nobody changed yet is no draft: its address says what it begins from.
 */
function rename(story) {
  const { id } = headOf(story.text);
  if (id && id !== story.id && !(id in drafts())) {
    dropDraft(story.id);
    story.id = id;
    story.stored = null;
  }
  if (story.text === story.stored) dropDraft(story.id);
  else keepDraft(story.id, story.text);
  showAddress(story);
}

function showAddress(story) {
  const { id: shown, query } = here();
  if (shown !== story.id) history.replaceState(null, "", address("story", story.id, { horizon: query.get("horizon") }));
}

function showTitle(story, parts) {
  const { title } = headOf(story.text);
  const state = story.text === story.stored ? t("state_saved") : t(story.id in drafts() ? "state_draft" : "state_new");
  fill(parts.title, heading(either(title) || story.id, { kicker: [state, " · ", element("code", {}, story.id)] }));
}

function toolbar(story, editor, parts) {
  const months = element("input", { type: "number", min: 1, max: 120, value: String(parseInt(story.horizon, 10)) });
  months.addEventListener("change", () => {
    story.horizon = `${Math.max(1, Math.min(120, Number(months.value) || 12))}${story.unit}`;
    note({ horizon: story.horizon });
    void check(story, editor, parts);
  });
  return element("div", { class: "toolbar" },
    button(t("undo"), () => editor.step(-1)), button(t("redo"), () => editor.step(1)),
    field(`${t("horizon")} (${t(story.unit === "d" ? "days_word" : "months_word")})`, months),
    element("span", { class: "stretch" }),
    button(t("discard"), () => discard(story), "quiet"),
    button(t("save"), () => void save(story, editor, parts)),
    button(t("run_it"), () => run(story), "main"));
}

/** Forget what is not saved: back to the saved text, or to the library where there is none. */
function discard(story) {
  dropDraft(story.id);
  if (story.stored === null) go("library");
  else location.reload();
}

function run(story) {
  keepDraft(story.id, story.text);
  if (story.text === story.stored) dropDraft(story.id);
  go("run", "", { scenarios: `baseline,${story.id}`, horizon: story.horizon });
}

/** Ask what is wrong with the text; a text without problems is explained. */
async function check(story, editor, parts) {
  const turn = (story.turn = (story.turn ?? 0) + 1);
  const late = () => turn !== story.turn || story.signal.aborted;
  try {
    const { problems, warnings = [] } = await send("/api/scenarios/check", { text: story.text }, story.signal);
    if (late()) return;
    showProblems(problems, warnings, editor, parts);
    if (problems.length) parts.explained.classList.add("stale");
    else await explain(story, editor, parts, late);
  } catch (error) {
    if (!isAborted(error) && !late()) fill(parts.problems, failure(error));
  }
}

function showProblems(problems, warnings, editor, parts) {
  editor.mark(problems);
  const count = problems.length ? t("problem_count", { count: problems.length }) : t("no_problems");
  fill(parts.problems, element("p", { class: problems.length ? "count wrong" : "count right" }, count),
    problems.length ? problemList(problems, editor) : null,
    warnings.map((warning) => element("p", { class: "small" }, warning.message ?? either(warning))));
}

async function explain(story, editor, parts, late) {
  story.asking?.abort();
  story.asking = new AbortController();
  story.signal.addEventListener("abort", () => story.asking.abort(), { once: true });
  parts.explained.setAttribute("aria-busy", "true");
  try {
    const explanation = await send("/api/scenarios/explain", { text: story.text, horizon: story.horizon }, story.asking.signal);
    if (late()) return;
    fill(parts.explained, explanationView(explanation, { asOf: story.asOf, text: story.text }));
    parts.explained.classList.remove("stale");
    announce(t("explained"));
  } catch (error) {
    if (isAborted(error) || late()) return;
    parts.explained.classList.add("stale");
    if (error.problems?.length) showProblems(error.problems, [], editor, parts);
    else fill(parts.problems, failure(error));
  } finally {
    if (!late()) parts.explained.removeAttribute("aria-busy");
  }
}

async function save(story, editor, parts, replace = story.stored !== null) {
  try {
    await put(`/api/scenarios/${encodeURIComponent(story.id)}`, { text: story.text, replace });
    story.stored = story.text;
    dropDraft(story.id);
    showAddress(story);
    showTitle(story, parts);
    fill(parts.saved, element("p", { class: "done" }, t("saved_as", { id: story.id })));
    announce(t("saved_as", { id: story.id }));
  } catch (error) {
    if (error.status === 409) fill(parts.saved, element("p", { class: "warning" }, t("exists", { id: story.id }), " ",
      button(t("replace_it"), () => void save(story, editor, parts, true))));
    else if (error.problems?.length) showProblems(error.problems, [], editor, parts);
    else fill(parts.saved, failure(error));
  }
}
