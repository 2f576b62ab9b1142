/** A run in preparation: scenarios, how much to draw, and what it will take. */

import { element, fill } from "../dom.js";
import { drafts, headOf } from "../drafts.js";
import { familyName } from "../labels.js";
import { either, said, t } from "../language.js";
import { number, percent, size } from "../numbers.js";
import { shareOf, verdictOf } from "../plausibility.js";
import { go, note } from "../routes.js";
import { isAborted, read, readOnce, send } from "../server.js";
import { duration } from "../waiting.js";
import { button, choice, failure, field, heading, settled, waiting } from "../widgets.js";

const PLAN_MS = 500;
const INNOVATIONS = ["student_t", "stochastic_volatility", "gaussian"];

/**
 * Show the form of a run; its address holds what is chosen.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showRun(root, { query }, signal) {
  const [about, listed] = await Promise.all([readOnce("/api/about"), read("/api/scenarios", signal)]);
  const known = knownScenarios(listed);
  const asked = askedFor(query, about.defaults);
  const form = { asked, known, about, signal, planned: element("div", { class: "planned", "aria-live": "polite" }), chosen: element("ol", { class: "chosen" }) };
  const planned = settled(PLAN_MS, () => void showPlan(form));
  const changed = () => (note(noted(asked, about.defaults)), planned());
  form.start = button(t("start_run"), () => void submit(form), "main large");
  fill(root, heading(t("new_run")), element("div", { class: "beside" },
    element("div", {}, element("h2", {}, t("scenarios")), element("p", { class: "small" }, t("first_is_reference")),
      form.chosen, picker(form, changed)),
    element("div", {}, element("h2", {}, t("settings")), settings(form, changed), element("h2", {}, t("plan")), form.planned,
      element("div", { class: "actions" }, form.start))));
  drawChosen(form, changed);
  await showPlan(form);
}

/** Scenarios of the server and drafts of the browser, which stand in for those of their id. */
function knownScenarios(listed) {
  const known = new Map(listed.map((scenario) => [scenario.id, { ...scenario, shelf: scenario.origin === "workspace" ? "workspace" : scenario.family || "other" }]));
  for (const [id, text] of Object.entries(drafts())) known.set(id, { id, title: headOf(text).title, shelf: "drafts", draft: text });
  return known;
}

function askedFor(query, defaults) {
  const of = (key) => query.get(key) ?? defaults[key];
  return {
    scenarios: (query.get("scenarios") ?? "baseline").split(",").filter(Boolean),
    model: of("model"), horizon: String(of("horizon")), paths: Number(of("paths")), seed: Number(of("seed")), innovations: of("innovations"),
    parameter_uncertainty: String(of("parameter_uncertainty")) === "true", returns: of("returns") ?? "price",
  };
}

/** What the address says: choices that are not the defaults. */
function noted(asked, defaults) {
  const own = Object.entries(asked).map(([key, value]) => [key, key !== "scenarios" && String(value) === String(defaults[key]) ? null : String(value)]);
  return Object.fromEntries(own);
}

function drawChosen(form, changed) {
  const { asked, known } = form;
  const move = (place, by) => {
    const [moved] = asked.scenarios.splice(place, 1);
    asked.scenarios.splice(place + by, 0, moved);
    redraw();
  };
  const redraw = () => (drawChosen(form, changed), changed());
  fill(form.chosen, asked.scenarios.map((id, place) => element("li", {},
    element("span", { class: `dot hue-${place}`, "aria-hidden": "true" }),
    element("span", { class: "title" }, either(known.get(id)?.title) || id, " ", element("code", {}, id),
      place === 0 ? element("span", { class: "tag" }, t("reference")) : null,
      known.get(id)?.shelf === "drafts" ? element("span", { class: "tag rare" }, t("draft")) : null),
    place ? iconButton("↑", t("move_up"), () => move(place, -1)) : null,
    iconButton("×", t("leave_out"), () => (asked.scenarios.splice(place, 1), redraw())))));
}

const iconButton = (sign, label, act) =>
  element("button", { type: "button", class: "icon", "aria-label": label, title: label, on: { click: act } }, sign);

function picker(form, changed) {
  const { asked, known } = form;
  const options = [{ value: "", text: t("add_scenario") }, ...[...known.values()].map(({ id, title, shelf }) =>
    ({ value: id, text: either(title) || id, group: familyName(shelf) }))];
  const select = choice(options, "", (id) => {
    if (id && !asked.scenarios.includes(id)) asked.scenarios.push(id);
    select.value = "";
    drawChosen(form, changed);
    changed();
  }, t("add_scenario"));
  const families = [...new Set([...known.values()].map(({ shelf }) => shelf))];
  const family = choice([{ value: "", text: t("add_family") }, ...families.map((shelf) => ({ value: shelf, text: familyName(shelf) }))], "", (shelf) => {
    for (const one of known.values()) if (one.shelf === shelf && !asked.scenarios.includes(one.id)) asked.scenarios.push(one.id);
    family.value = "";
    drawChosen(form, changed);
    changed();
  }, t("add_family"));
  return element("div", { class: "fields" }, select, family);
}

function settings({ asked, about }, changed) {
  const take = (key, read_) => (event) => ((asked[key] = read_(event.target)), changed());
  const count = (target) => Math.round(Number(target.value));
  const numeric = (key, attributes) => element("input", { type: "number", inputmode: "numeric", value: String(asked[key]), ...attributes, on: { input: take(key, count) } });
  const horizon = element("input", { type: "text", value: asked.horizon, size: 6, on: { input: take("horizon", (target) => target.value.trim()) } });
  const check = element("input", { type: "checkbox", checked: asked.parameter_uncertainty, on: { change: take("parameter_uncertainty", (target) => target.checked) } });
  const model = choice(about.models.map(({ id }) => ({ value: id, text: id })), asked.model, (id) => {
    const day = about.models.find((one) => one.id === id)?.step === "day";
    if (day !== asked.horizon.endsWith("d")) horizon.value = asked.horizon = day ? "21d" : "12m";
    asked.model = id;
    changed();
  });
  const choose = (key, values, name) => choice(values.map((value) => ({ value, text: name(value) })), asked[key], (value) => ((asked[key] = value), changed()));
  return element("div", { class: "fields" },
    field(t("paths"), numeric("paths", { min: 100, step: 1000 })), field(t("horizon"), horizon, t("horizon_hint")), field(t("seed"), numeric("seed", { min: 0 })),
    field(t("innovations"), choose("innovations", INNOVATIONS, (value) => t(`innovations_${value}`))),
    field(t("returns"), choose("returns", ["price", "total"], (value) => t(`returns_${value}`))),
    field(t("model"), model),
    element("label", { class: "check" }, check, t("parameter_uncertainty")));
}

/** The request; drafts are sent along. */
function body({ asked, known }) {
  const drafted = asked.scenarios.filter((id) => known.get(id)?.shelf === "drafts");
  return { ...asked, drafts: Object.fromEntries(drafted.map((id) => [id, known.get(id).draft])) };
}

async function showPlan(form) {
  const turn = (form.turn = (form.turn ?? 0) + 1);
  if (!form.asked.scenarios.length) return void fill(form.planned, element("p", { class: "small" }, t("no_scenarios")));
  if (!form.planned.hasChildNodes()) fill(form.planned, waiting(t("planning")));
  try {
    const answer = await send("/api/plan", body(form), form.signal);
    if (turn === form.turn) showAnswer(form, planView(answer, form), answer.fits !== false);
  } catch (error) {
    if (!isAborted(error) && turn === form.turn) showAnswer(form, failure(error), false);
  }
}

/** What cannot be planned cannot be started. */
function showAnswer(form, view, startable) {
  fill(form.planned, view);
  form.start.disabled = !startable;
}

function planView(answer, { known }) {
  const { plan } = answer;
  return [
    element("dl", { class: "facts" },
      fact(t("expected_time"), duration(plan.seconds)), fact(t("memory"), size(plan.memory_bytes)),
      fact(t("paths"), `${number(plan.paths, 0)} × ${plan.scenarios}`), fact(t("outputs"), `${plan.outputs} × ${plan.months}`)),
    answer.fits === false ? element("p", { class: "warning" }, answer.refused) : null,
    element("table", { class: "plain" }, element("caption", { class: "visually-hidden" }, t("plausible")),
      element("tbody", {}, Object.entries(answer.plausibility).map(([id, figures]) => plannedRow(known.get(id)?.title ?? id, figures, (answer.warnings[id] ?? []).map((warning) => said(warning, answer.statements)))))),
    (answer.notes ?? []).map((text) => element("p", { class: "small" }, text)),
  ];
}

const fact = (name, text) => element("div", {}, element("dt", {}, name), element("dd", {}, text));

function plannedRow(title, figures, warnings) {
  const verdict = verdictOf(figures);
  const share = verdict ? percent(shareOf(figures), 0) : "";
  return element("tr", {}, element("th", { scope: "row" }, either(title), warnings.map((warning) => element("p", { class: "small" }, "⚠ ", warning))),
    element("td", {}, verdict ? element("span", { class: `tag ${verdict}` }, `${share} ${t(`verdict_${verdict}`)}`) : element("span", { class: "small" }, t("unconditioned"))));
}

async function submit(form) {
  try {
    const { job } = await send("/api/runs", body(form));
    go("job", job);
  } catch (error) {
    fill(form.planned, failure(error));
  }
}
