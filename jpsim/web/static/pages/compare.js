/** Two scenarios of stored runs side by side: paired differences, and what was assumed differently. */

import { forestPlot } from "../charts/forest.js";
import { stepName, widthIn } from "../charts/frame.js";
import { element, fill } from "../dom.js";
import { either, t } from "../language.js";
import { KINDS, change, changeError, kindName, level, nameOf, nameWithUnit, styleOf } from "../labels.js";
import { moment, number } from "../numbers.js";
import { address, go, note } from "../routes.js";
import { openRun } from "../results.js";
import { query as written, read } from "../server.js";
import { sortableTable } from "../table.js";
import { arriving, button, choice, field, heading, linkButton, warningBox } from "../widgets.js";

/**
 * Show the comparison; its address holds the two sides.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showCompare(root, { query }, signal) {
  const [runs, scenarios] = await Promise.all([read("/api/runs", signal), read("/api/scenarios", signal)]);
  const whole = runs.filter(({ damage }) => !damage);
  if (!whole.length) return void fill(root, heading(t("compare"), { actions: [linkButton(address("run"), t("new_run"), "main")] }), element("p", { class: "waiting" }, t("no_runs")));
  const titles = new Map(scenarios.map(({ id, title }) => [id, either(title)]));
  const [first] = whole;
  const state = {
    a: query.get("a") ?? `${first.run_id}:${first.scenarios[0]}`, b: query.get("b") ?? `${first.run_id}:${first.scenarios[1] ?? first.scenarios[0]}`,
    month: query.get("month") ?? "", kind: query.get("kind") ?? "sector17",
  };
  const view = element("div", { class: "compared" });
  const months = element("div", {});
  const draw = () => {
    note(state);
    fill(view);
    drawMonths(months, state, draw);
    void arriving(view, read(`/api/compare${written({ a: state.a, b: state.b, month: state.month })}`, signal), (found) => comparisonView(found, state));
  };
  const swap = () => {
    [state.a, state.b] = [state.b, state.a];
    go("compare", "", { ...state });
  };
  const side = (key) => choice(sides(whole, titles), state[key], (value) => ((state[key] = value), draw()));
  fill(root, heading(t("compare")), element("p", { class: "lead" }, t("compare_lead")),
    element("div", { class: "fields sides" }, field(t("side_a"), side("a")), field(t("side_b"), side("b")), months, button(t("swap"), swap)), view);
  draw();
}

const sides = (runs, titles) => runs.flatMap((run) => run.scenarios.map((scenario) => ({
  value: `${run.run_id}:${scenario}`, text: titles.get(scenario) || scenario, group: `${moment(run.created_utc)} · ${run.model} · ${number(run.paths, 0)}`,
})));

async function drawMonths(place, state, draw) {
  const run = await openRun(state.a.split(":")[0]).catch(() => null);
  if (!run) return;
  const options = run.steps.map((step) => ({ value: String(step), text: stepName(run.as_of, step) }));
  fill(place, field(t("month"), choice(options, state.month || String(run.steps.at(-1)), (month) => ((state.month = month), draw()))));
}

function comparisonView(found, state) {
  const [comparison] = found.comparisons;
  const rows = Object.entries(comparison.series).map(([id, row]) => ({ id, kind: row.kind, ...row.differences, style: styleOf(id, row.differences.mean.reference) }));
  const kinds = KINDS.filter((kind) => kind !== "factor" && rows.some((row) => row.kind === kind));
  const forest = element("div", {});
  const drawForest = () => fill(forest, forestOf(rows, state.kind, widthIn(forest)));
  if (!kinds.includes(state.kind)) state.kind = kinds[0];
  queueMicrotask(drawForest); // once it has a place and so a width
  return [
    comparison.paired ? null : warningBox([t("unpaired")]),
    element("div", { class: "beside even" },
      element("section", {}, element("h2", {}, t("difference_of_means")),
        choice(kinds.map((kind) => ({ value: kind, text: kindName(kind) })), state.kind, (kind) => ((state.kind = kind), note({ kind }), drawForest()), t("groups")),
        element("figure", {}, forest), element("p", { class: "small" }, t("forest_note", { level: number(100 * found.level, 0) }))),
      element("section", {}, element("h2", {}, t("assumed_differently")), assumptionsTable(comparison.assumptions))),
    element("section", {}, element("h2", {}, t("all_differences")), differencesTable(rows)),
  ];
}

function forestOf(rows, kind, width) {
  const shown = rows.filter((row) => row.kind === kind).sort((one, two) => two.mean.value - one.mean.value);
  const differences = shown.map(({ id, mean }) => ({ name: nameOf(id), value: mean.value, low: mean.low, high: mean.high }));
  return forestPlot(differences, { name: `${t("difference_of_means")}: ${kindName(kind)}`, style: styleOf(""), width });
}

function assumptionsTable(assumptions) {
  if (!assumptions.length) return element("p", { class: "small" }, t("assumed_same"));
  return element("div", { class: "scroll" }, element("table", { class: "plain assumptions" },
    element("thead", {}, element("tr", {}, [t("leaf"), t("side_a"), t("side_b")].map((title) => element("th", { scope: "col" }, title)))),
    element("tbody", {}, assumptions.map(({ leaf, reference, scenario }) => element("tr", {},
      element("th", { scope: "row" }, element("code", {}, leaf)), [reference, scenario].map((side) => element("td", {}, side ?? "–")))))));
}

function differencesTable(rows) {
  const difference = (key) => (row) => [element("span", { class: "n" }, change(row.style, row[key].value)), " ", element("span", { class: "se" }, `±${changeError(row.style, row[key].se)}`)];
  const by = (key) => (row) => row[key].value * row.style.changeScale;
  const columns = [
    { key: "name", title: t("series"), heads: true, sortedBy: (row) => nameOf(row.id), cell: (row) => nameWithUnit(row.id) },
    { key: "a", title: t("mean_a"), cell: (row) => level(row.style, row.mean.reference) }, { key: "b", title: t("mean_b"), cell: (row) => level(row.style, row.mean.scenario) },
    { key: "mean", title: t("change"), sortedBy: by("mean"), cell: (row) => [difference("mean")(row), " ", element("span", { class: "unit" }, row.style.changeUnit === "index" ? "" : row.style.changeUnit)] },
    { key: "interval", title: t("interval"), class: "span", cell: (row) => `${change(row.style, row.mean.low)} … ${change(row.style, row.mean.high)}` },
    { key: "q05", title: t("change_q05"), class: "wide-only", sortedBy: by("q05"), cell: difference("q05") },
    { key: "p_loss", title: t("change_p_loss"), class: "wide-only", sortedBy: (row) => row.p_loss.value, cell: (row) => `${number(100 * row.p_loss.value, 1, true)} pp` },
    { key: "es95", title: t("change_es95"), class: "wide-only", sortedBy: by("es95"), cell: difference("es95") },
  ];
  const groups = KINDS.map((kind) => ({ title: kindName(kind), rows: rows.filter((row) => row.kind === kind) }));
  return sortableTable({ caption: t("all_differences"), columns, groups });
}
