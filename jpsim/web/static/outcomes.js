/** The table of a run: what each series and factor does in one scenario by one month. */

import { element } from "./dom.js";
import { either, t } from "./language.js";
import { KINDS, change, changeError, kindName, level, levelError, nameWithUnit, styleFrom } from "./labels.js";
import { error, number, percent } from "./numbers.js";
import { note } from "./routes.js";
import { summaryOf } from "./results.js";
import { sortableTable } from "./table.js";

const MAIN = ["portfolio", "index", "sector17", "size", "segment", "factor"];

/**
 * Read the numbers and lay them out.
 *
 * @param {any} run
 * @param {{scenario: string, month: number, kind: string, series: string, sort: string}} view
 * @param {AbortSignal} signal
 * @param {(series: string) => void} onSeries told which row was chosen
 * @returns {Promise<HTMLElement>}
 */
export async function outcomeTable(run, view, signal, onSeries) {
  const { scenario, month } = view;
  const asked = { ...view };
  const [rows, reference] = await Promise.all([summaryOf(run.run_id, scenario, month), summaryOf(run.run_id, run.reference, month)]);
  checkAsked(view, asked, signal);
  const styles = new Map(run.series.map((series) => [series.id, styleFrom(series.style)]));
  const beside = new Map(reference.map((row) => [row.series, row]));
  const full = rows.map((row) => ({ ...row, style: styles.get(row.series), reference: beside.get(row.series) }));
  return element("div", {}, tableIn(groupsOf(full, view.kind), columnsOf(scenario !== run.reference, onSeries), view),
    element("p", { class: "small" }, t(run.returns === "total" ? "table_note_total" : "table_note"), scenario === run.reference ? "" : ` ${t("table_note_change")}`));
}

/**
 * The means of all scenarios beside each other: that of the reference, and the differences from it.
 *
 * @param {any} run
 * @param {{scenario: string, month: number, kind: string, series: string, sort: string, table: string}} view
 * @param {AbortSignal} signal
 * @param {(series: string) => void} onSeries told which row was chosen
 * @returns {Promise<HTMLElement>}
 */
export async function sideBySide(run, view, signal, onSeries) {
  const asked = { ...view };
  const summaries = await Promise.all(run.scenarios.map(({ id }) => summaryOf(run.run_id, id, view.month)));
  checkAsked(view, asked, signal);
  const styles = new Map(run.series.map((series) => [series.id, styleFrom(series.style)]));
  const means = summaries.map((rows) => new Map(rows.map((row) => [row.series, row.mean])));
  const full = summaries[0].map((row) => ({ ...row, style: styles.get(row.series), means: means.map((mean) => mean.get(row.series)) }));
  const columns = [nameColumn(onSeries), ...run.scenarios.map((scenario, place) => meanColumn(scenario, place))];
  return element("div", { class: "heat" }, tableIn(groupsOf(full, view.kind), columns, view), element("p", { class: "small" }, t("side_note")));
}

/** Let an answer through only while it is still asked for. */
function checkAsked(view, asked, signal) {
  const same = ["scenario", "month", "kind", "table"].every((key) => view[key] === asked[key]);
  if (signal.aborted || !same) throw new DOMException("", "AbortError");
}

function groupsOf(rows, kind) {
  const shown = kind === "" ? MAIN : kind === "all" ? KINDS : [kind];
  return shown.map((one) => ({ title: kindName(one), rows: rows.filter((row) => row.kind === one) }));
}

const tableIn = (groups, columns, view) => sortableTable({
  caption: t("outcomes"), groups, columns, sort: view.sort,
  onSort: (sort) => ((view.sort = sort), note({ sort })),
  rowProperties: (row) => ({ "data-series": row.series, class: row.series === view.series ? "shown" : null }),
});

const nameColumn = (onSeries) => ({
  key: "name", title: t("series"), heads: true, sortedBy: (row) => nameWithUnit(row.series),
  cell: (row) => element("button", { type: "button", class: "link", on: { click: () => onSeries(row.series) } }, nameWithUnit(row.series)),
});

function meanColumn({ id, title }, place) {
  const moved_ = (row) => (row.means[place] - row.means[0]) * row.style.changeScale;
  const cell = place ? (row) => heatCell(row, place) : (row) => level(row.style, row.means[0]);
  return { key: id, title: either(title) || id, class: "scenario-column", sortedBy: place ? moved_ : (row) => row.means[0] * row.style.scale, cell };
}

const SHADES = 5;
const DARKEST_SD = 0.8;

/** A difference on a shade that says how many standard deviations of the reference it is. */
function heatCell({ style, means, sd }, place) {
  const value = means[place] - means[0];
  const shade = Math.min(Math.ceil((SHADES * Math.abs(value)) / (DARKEST_SD * sd || 1) - 0.3), SHADES);
  return element("span", { class: shade > 0 ? `shade ${value < 0 ? "fall" : "gain"}-${shade}` : "shade" }, change(style, value));
}

function columnsOf(compared, onSeries) {
  const columns = [
    nameColumn(onSeries),
    { key: "mean", title: t("mean"), sortedBy: scaled("mean"), cell: (row) => withError(level(row.style, row.mean), levelError(row.style, row.mean_se)) },
    { key: "q05", title: t("band"), class: "span", sortedBy: scaled("q05"), cell: (row) => `${level(row.style, row.q05)} … ${level(row.style, row.q95)}` },
    { key: "p_loss", title: t("p_loss"), hint: t("p_loss_hint"), sortedBy: (row) => row.p_loss, cell: (row) => percent(row.p_loss) },
    { key: "es95", title: t("es95"), hint: t("es95_hint"), class: "wide-only", sortedBy: scaled("es95"), cell: (row) => withError(number(row.es95 * row.style.scale, row.style.decimals), error(row.es95_se * row.style.scale, row.style.decimals)) },
  ];
  const change_ = { key: "change", title: t("change"), hint: t("change_hint"), sortedBy: moved, cell: changeCell };
  return compared ? [...columns, change_] : columns;
}

const scaled = (key) => (row) => row[key] * row.style.scale;

const moved = (row) => (row.mean - (row.reference?.mean ?? NaN)) * row.style.changeScale;

const withError = (text, se) => [element("span", { class: "n" }, text), " ", element("span", { class: "se" }, `±${se}`)];

/** The error of independent samples, an upper bound where scenarios share their draws. */
function changeCell({ style, mean, mean_se, reference }) {
  if (!reference) return "";
  const text = change(style, mean - reference.mean);
  const side = { "−": "n down", "+": "n up" }[text[0]] ?? "n";
  return [element("span", { class: side }, text, " ", element("span", { class: "unit" }, style.changeUnit === "index" ? "" : style.changeUnit)), " ",
    element("span", { class: "se" }, `±${changeError(style, Math.hypot(mean_se, reference.mean_se))}`)];
}
