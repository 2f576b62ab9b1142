/** One series of a run, looked at closely: its fan, its density at a month, and why it differs. */

import { densityChart } from "./charts/density.js";
import { fanChart } from "./charts/fan.js";
import { stepName, widthIn } from "./charts/frame.js";
import { waterfall } from "./charts/waterfall.js";
import { element, fill } from "./dom.js";
import { either, hasWord, t } from "./language.js";
import { KINDS, kindName, nameOf, nameWithUnit, styleFrom } from "./labels.js";
import { attributionOf, distributionOf, fanOf, summaryOf } from "./results.js";
import { arriving, choice, switches } from "./widgets.js";

const HUES = 8;
const BESIDE = 4;
const STEPS = 10;

/**
 * Make the panel.
 *
 * @param {any} run
 * @param {{scenario: string, series: string, month: number, by: string}} view
 * @param {AbortSignal} signal
 * @returns {{node: HTMLElement, draw: () => void, show: (change: object) => void, onChange: (listener: (change: object) => void) => void}}
 */
export function explorer(run, view, signal) {
  const panel = {
    run, view, signal, hidden: /** @type {Set<string>} */ (new Set()), fan: /** @type {any} */ (null), changed: (_change) => {},
    picker: element("div", { class: "picker" }), legend: element("div", {}), fans: element("div", { class: "box" }),
    density: element("div", { class: "box" }), why: element("div", { class: "box" }),
  };
  const node = element("section", { class: "explorer", "aria-label": t("explorer") },
    panel.picker, panel.legend, panel.fans, panel.density, panel.why);
  hideCrowd(panel);
  return { node, draw: () => drawAll(panel), show: (change) => show(panel, change), onChange: (listener) => (panel.changed = listener) };
}

/** Many scenarios at once tell nothing: the reference and the chosen one stay. */
function hideCrowd({ run, view, hidden }) {
  hidden.clear();
  if (run.scenarios.length <= BESIDE) return;
  for (const { id } of run.scenarios) if (id !== run.reference && id !== view.scenario) hidden.add(id);
}

function show(panel, change) {
  if ("scenario" in change) hideCrowd(panel);
  if ("series" in change || "scenario" in change) return drawAll(panel);
  if ("month" in change) {
    panel.fan?.show(panel.view.month);
    drawDensity(panel);
    drawWhy(panel);
  }
  if ("by" in change) drawWhy(panel);
}

function drawAll(panel) {
  drawPicker(panel);
  drawLegend(panel);
  drawFan(panel);
  drawDensity(panel);
  drawWhy(panel);
}

function drawPicker({ run, view, picker, changed }) {
  const order = (series) => KINDS.indexOf(series.kind);
  const options = [...run.series].sort((one, two) => order(one) - order(two))
    .map(({ id, kind }) => ({ value: id, text: nameWithUnit(id), group: kindName(kind) }));
  fill(picker, choice(options, view.series, (series) => changed({ series }), t("series")));
}

function drawLegend(panel) {
  const { run, hidden, legend } = panel;
  if (run.scenarios.length < 2) return;
  const toggle = (id) => {
    if (hidden.has(id)) hidden.delete(id);
    else if (visible(panel).length > 1) hidden.add(id);
    drawLegend(panel);
    drawFan(panel);
    drawDensity(panel);
  };
  fill(legend, element("div", { class: "legend", role: "group", "aria-label": t("shown_scenarios") }, run.scenarios.map(({ id, title }, place) =>
    element("button", { type: "button", class: `switch hue-${place % HUES}`, "aria-pressed": String(!hidden.has(id)), on: { click: () => toggle(id) } },
      element("span", { class: "dot", "aria-hidden": "true" }), either(title) || id))));
}

const visible = ({ run, hidden }) => run.scenarios.map((scenario, place) => ({ ...scenario, hue: `hue-${place % HUES}` })).filter(({ id }) => !hidden.has(id));

const seriesOf = ({ run, view }) => run.series.find(({ id }) => id === view.series);

function drawFan(panel) {
  const { run, view, fans } = panel;
  const { series } = view;
  void arriving(fans, fanOf(run.run_id, series).then((found) => current(panel, found, view.series === series)), (found) => {
    const style = styleFrom(seriesOf(panel).style);
    const start = startOf(run, seriesOf(panel));
    const from = (values) => (start === null ? values : [start, ...values]);
    const shown = visible(panel);
    const bands = shown.map(({ id, title, hue }) => {
      const { q05, q25, q50, q75, q95 } = found.scenarios[id];
      const inner = shown.length < 3 ? { innerLow: from(q25), innerHigh: from(q75) } : {};
      return { name: either(title) || id, hue, middle: from(q50), low: from(q05), high: from(q95), ...inner };
    });
    const steps = start === null ? found.months : [0, ...found.months];
    const onStep = (month) => month > 0 && month !== view.month && panel.changed({ month });
    panel.fan = fanChart(bands, { name: nameOf(series), asOf: run.as_of, steps, style, step: view.month, onStep, size: { width: widthIn(fans), height: 232 } });
    return element("figure", {}, element("figcaption", {}, nameWithUnit(series), element("span", { class: "small" }, ` ${t("fan_note")}`)), panel.fan.node);
  });
}

/** Month 0: the level of a factor, and no return at all of a series. */
function startOf(run, { id, kind }) {
  if (kind !== "factor") return 0;
  return run.scenarios[0].diagnostics.start?.[id] ?? null;
}

function drawDensity(panel) {
  const { run, view, density } = panel;
  const { series, month } = view;
  const asked = Promise.all([distributionOf(run.run_id, series, month), fanOf(run.run_id, series)]);
  void arriving(density, asked.then((found) => current(panel, found, view.series === series && view.month === month)), ([found, fan]) => {
    const shown = visible(panel).map(({ id, title, hue }) => ({
      name: either(title) || id, hue, ...found.scenarios[id], middle: fan.scenarios[id].q50[fan.months.indexOf(month)],
    }));
    const { kind, style } = seriesOf(panel);
    const name = `${nameOf(series)}, ${stepName(run.as_of, month)}`;
    return element("figure", {}, element("figcaption", {}, t("density"), element("span", { class: "small" }, ` ${stepName(run.as_of, month)}`)),
      densityChart(shown, { name, style: styleFrom(style), zero: kind === "factor" ? startOf(run, seriesOf(panel)) : 0, size: { width: widthIn(density), height: 150 } }));
  });
}

function drawWhy(panel) {
  const { run, view, why } = panel;
  const { series, month, scenario, by } = view;
  if (scenario === run.reference || seriesOf(panel).kind === "factor" || !run.attributions.length) return void fill(why);
  const way = run.attributions.includes(by) ? by : run.attributions[0];
  const asked = Promise.all([attributionOf(run.run_id, scenario, series, month, way), meanOf(run, scenario, series, month), meanOf(run, run.reference, series, month)]);
  const same = () => view.series === series && view.month === month && view.scenario === scenario && view.by === by;
  void arriving(why, asked.then((found) => current(panel, found, same())), ([found, mean, reference]) => element("figure", {},
    element("figcaption", {}, t("why"), element("span", { class: "small" }, ` ${t("why_note")}`)),
    switches(t("why_by"), run.attributions.map((value) => ({ value, text: hasWord(`by_${value}`) ? t(`by_${value}`) : value })), way, (chosen) => panel.changed({ by: chosen })),
    waterfallOf(found, mean, reference, `${nameOf(series)}: ${t("why")}`, widthIn(why))));
}

const meanOf = (run, scenario, series, month) =>
  summaryOf(run.run_id, scenario, month).then((rows) => rows.find((row) => row.series === series).mean);

/** The largest steps, the rest together, and what the simulation leaves at the end; in percentage points. */
function waterfallOf({ drivers, total }, mean, reference, name, width) {
  const start = mean - total;
  const bySize = drivers.filter(({ driver }) => driver !== "monte_carlo").sort((one, two) => Math.abs(two.contribution) - Math.abs(one.contribution));
  const rest = bySize.slice(STEPS).reduce((sum, { contribution }) => sum + contribution, 0);
  const steps = bySize.slice(0, STEPS).filter(({ contribution }) => Math.abs(contribution) >= 5e-5)
    .map(({ driver, contribution }) => ({ name: nameOf(driver), value: 100 * contribution }));
  if (bySize.length > STEPS) steps.push({ name: t("driver_rest"), value: 100 * rest });
  const left = drivers.find(({ driver }) => driver === "monte_carlo");
  if (left) steps.push({ name: t("driver_monte_carlo"), value: 100 * left.contribution });
  const from = Math.abs(start - reference) < 1e-6 ? t("driver_reference") : t("driver_start");
  return waterfall({ name: from, value: 100 * start }, steps, { name: t("driver_scenario"), value: 100 * mean }, { name, decimals: 1, width });
}

/** Let an answer through only while it is still asked for. */
function current({ signal }, found, same) {
  if (signal.aborted || !same) throw new DOMException("", "AbortError");
  return found;
}
