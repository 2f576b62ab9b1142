/** The table of a run: what each series and factor does in one scenario by one month. */

import { element } from "./dom.js";
import { t } from "./language.js";
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
  const { scenario, month, kind } = view;
  const [rows, reference] = await Promise.all([summaryOf(run.run_id, scenario, month), summaryOf(run.run_id, run.reference, month)]);
  if (signal.aborted || view.scenario !== scenario || view.month !== month || view.kind !== kind) throw new DOMException("", "AbortError");
  const styles = new Map(run.series.map((series) => [series.id, styleFrom(series.style)]));
  const beside = new Map(reference.map((row) => [row.series, row]));
  const full = rows.map((row) => ({ ...row, style: styles.get(row.series), reference: beside.get(row.series) }));
  const shown = kind === "" ? MAIN : kind === "all" ? KINDS : [kind];
  const groups = shown.map((one) => ({ title: kindName(one), rows: full.filter((row) => row.kind === one) }));
  return element("div", {},
    sortableTable({
      caption: t("outcomes"), groups, columns: columnsOf(scenario !== run.reference, onSeries), sort: view.sort,
      onSort: (sort) => ((view.sort = sort), note({ sort })),
      rowProperties: (row) => ({ "data-series": row.series, class: row.series === view.series ? "shown" : null }),
    }),
    element("p", { class: "small" }, t(run.returns === "total" ? "table_note_total" : "table_note"), scenario === run.reference ? "" : ` ${t("table_note_change")}`));
}

function columnsOf(compared, onSeries) {
  const columns = [
    { key: "name", title: t("series"), heads: true, sortedBy: (row) => nameWithUnit(row.series),
      cell: (row) => element("button", { type: "button", class: "link", on: { click: () => onSeries(row.series) } }, nameWithUnit(row.series)) },
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
  const value = mean - reference.mean;
  const side = value < 0 ? "n down" : value > 0 ? "n up" : "n";
  return [element("span", { class: side }, change(style, value), " ", element("span", { class: "unit" }, style.changeUnit === "index" ? "" : style.changeUnit)), " ",
    element("span", { class: "se" }, `±${changeError(style, Math.hypot(mean_se, reference.mean_se))}`)];
}
