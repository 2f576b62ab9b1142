/** A stored run: its numbers, its pictures, how plausible it is, and its files. */

import { element, fill } from "../dom.js";
import { explorer } from "../explorer.js";
import { either, said, t } from "../language.js";
import { moment, number } from "../numbers.js";
import { stepName } from "../charts/frame.js";
import { outcomeTable, sideBySide } from "../outcomes.js";
import { plausibilityCard } from "../plausibility.js";
import { address, go, note } from "../routes.js";
import { openRun } from "../results.js";
import { filesSection } from "../runfiles.js";
import { arriving, button, choice, field, heading, linkButton, switches, warningBox } from "../widgets.js";
import { KINDS, kindName, learnNames } from "../labels.js";

const MANY = 8;

/**
 * Show a run; its address holds what is looked at.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showResult(root, { id, query }, signal) {
  const run = await openRun(id, signal);
  learnNames(run.series);
  const view = viewOf(run, query);
  const table = element("div", { class: "outcomes" });
  const explored = explorer(run, view, signal);
  const drawTable = () => arriving(table, tableOf(view)(run, view, signal, (series) => changed({ series })), (found) => found);
  const changed = (change) => {
    Object.assign(view, change);
    note(change);
    if (["scenario", "month", "kind", "table"].some((key) => key in change)) void drawTable();
    if ("series" in change) for (const row of table.querySelectorAll("tr[data-series]")) row.classList.toggle("shown", row.dataset.series === change.series);
    explored.show(change);
  };
  explored.onChange(changed);
  fill(root,
    heading(titleOf(run), { kicker: [t("run"), " ", element("code", {}, id)], actions: actionsOf(run, view) }),
    facts(run),
    query.get("breached") ? warningBox([t("breached")]) : null,
    element("div", { class: "controls" }, scenarioControl(run, view, changed), monthControl(run, view, changed)),
    element("div", { class: "results" }, element("div", {}, element("div", { class: "table-head" }, tableControl(run, view, changed), kindControl(run, view, changed)), table), explored.node),
    element("section", {}, element("h2", {}, t("plausible")), element("div", { class: "cards" }, run.scenarios.map((scenario) => scenarioCard(run, scenario)))),
    filesSection(run));
  void drawTable();
  explored.draw();
}

/** What is looked at: from the address, else the first scenario beside the reference, TOPIX, the last month. */
function viewOf(run, query) {
  const among = (values, wanted, first) => (values.includes(wanted) ? wanted : first);
  const ids = run.scenarios.map(({ id }) => id);
  const series = run.series.map(({ id }) => id);
  return {
    scenario: among(ids, query.get("scenario"), ids[1] ?? ids[0]),
    series: among(series, query.get("series"), series.includes("topix") ? "topix" : series[0]),
    month: among(run.steps, Number(query.get("month")), run.steps.at(-1)),
    kind: among(["", "all", ...KINDS], query.get("kind"), ""), by: query.get("by") ?? "factor", table: query.get("table") === "all" ? "all" : "", sort: query.get("sort") ?? "",
  };
}

function titleOf({ scenarios }) {
  const [reference, ...others] = scenarios.map(({ id, title }) => either(title) || id);
  const shown = others.slice(0, 3).join(" · ") || reference;
  return others.length > 3 ? `${shown} +${others.length - 3}` : shown;
}

function actionsOf(run, view) {
  const sides = () => ({ a: `${run.run_id}:${run.reference}`, b: `${run.run_id}:${view.scenario}`, month: view.month });
  const compared = run.scenarios.length > 1 ? button(t("compare"), () => go("compare", "", sides())) : null;
  return [linkButton(address("run", "", again(run)), t("run_again")), compared,
    element("a", { class: "button main", href: `/api/runs/${run.run_id}/report`, target: "_blank", rel: "noopener" }, t("full_report"))];
}

const again = (run) => ({
  scenarios: run.scenarios.map(({ id }) => id).join(","), paths: run.paths, seed: run.seed, innovations: run.innovations,
  horizon: `${run.horizon}${run.step === "day" ? "d" : "m"}`, returns: run.returns,
});

function facts(run) {
  const rows = [
    [t("side_a"), either(run.scenarios[0].title) || run.reference], [t("as_of"), run.as_of],
    [t("horizon"), `${run.horizon} ${t(run.step === "day" ? "days_word" : "months_word")}`], [t("paths"), number(run.paths, 0)],
    [t("innovations"), t(`innovations_${run.innovations}`)], [t("model"), `${run.model.id}@${run.model.version}`], [t("created"), moment(run.created_utc)],
  ];
  return element("dl", { class: "facts" }, rows.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text))));
}

function scenarioControl(run, view, changed) {
  const options = run.scenarios.map(({ id, title }, place) => ({ value: id, text: either(title) || id, hue: `hue-${place % MANY}` }));
  const choose = (scenario) => changed({ scenario });
  return options.length <= 6 ? switches(t("scenario"), options, view.scenario, choose) : field(t("scenario"), choice(options, view.scenario, choose));
}

function monthControl(run, view, changed) {
  const said = element("output", {}, stepName(run.as_of, view.month));
  const slider = element("input", { type: "range", min: 0, max: run.steps.length - 1, step: 1, "aria-label": t("month"), value: String(run.steps.indexOf(view.month)) });
  const speak = (step) => ((said.textContent = stepName(run.as_of, step)), slider.setAttribute("aria-valuetext", said.textContent));
  slider.addEventListener("input", () => (speak(run.steps[Number(slider.value)]), changed({ month: run.steps[Number(slider.value)] })));
  speak(view.month);
  return element("div", { class: "months" }, element("span", { class: "name" }, t("month")), slider, said);
}

const tableOf = ({ table }) => (table === "all" ? sideBySide : outcomeTable);

/** One scenario with everything about it, or the means of all of them. */
function tableControl(run, view, changed) {
  if (run.scenarios.length < 2) return null;
  const options = [{ value: "", text: t("one_scenario") }, { value: "all", text: t("all_scenarios") }];
  return switches(t("layout"), options, view.table, (table) => changed({ table }));
}

function kindControl(run, view, changed) {
  const held = KINDS.filter((kind) => run.series.some((series) => series.kind === kind));
  const options = [{ value: "", text: t("main_groups") }, { value: "all", text: t("all_groups") }, ...held.map((kind) => ({ value: kind, text: kindName(kind) }))];
  return choice(options, view.kind, (kind) => changed({ kind }), t("groups"));
}

function scenarioCard(run, { id, title, narrative, diagnostics }) {
  const place = run.scenarios.findIndex((scenario) => scenario.id === id);
  return element("div", { class: "scenario" },
    element("h3", {}, element("span", { class: `dot hue-${place % MANY}`, "aria-hidden": "true" }), either(title) || id, place ? null : [" ", element("span", { class: "tag" }, t("reference"))]),
    element("p", { class: "narrative" }, either(narrative)),
    plausibilityCard(diagnostics.plausibility ?? {}, diagnostics.regimes, { effective: diagnostics.effective_sample, paths: run.paths }),
    warningBox((diagnostics.warnings ?? []).map((warning) => said(warning, diagnostics.statements))));
}
