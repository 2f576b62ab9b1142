/** What a story implies before anything is simulated: plausibility, costs, bands of factors, shocks. */

import { bar } from "./charts/bar.js";
import { fanChart } from "./charts/fan.js";
import { stepName } from "./charts/frame.js";
import { policyChart } from "./charts/steps.js";
import { element } from "./dom.js";
import { said, t } from "./language.js";
import { allFactors, nameOf, nameWithUnit, styleOf } from "./labels.js";
import { leavesOf } from "./leaves.js";
import { number, percent } from "./numbers.js";
import { plausibilityCard } from "./plausibility.js";
import { warningBox } from "./widgets.js";

/** Shown where a story names fewer factors than this. */
const HEADLINES = ["boj_policy_rate", "jgb_10y", "usdjpy", "sp500"];
const SHOWN = 6;

/**
 * Lay out an explanation.
 *
 * @param {any} explanation the server's answer
 * @param {{asOf: string, text: string}} story
 * @returns {import("./dom.js").Child[]}
 */
export function explanationView(explanation, { asOf, text }) {
  const named = namedFactors(explanation, text);
  const shown = named.length >= 3 ? named : [...new Set([...named, ...HEADLINES])].filter((id) => explanation.bands[id]);
  const rest = allFactors().map(({ id }) => id).filter((id) => explanation.bands[id] && !shown.includes(id));
  return [
    plausibilityCard(explanation.plausibility, explanation.regimes),
    warningBox((explanation.warnings ?? []).map((warning) => said(warning, explanation.statements))),
    section(t("what_it_implies"), bandsNote(explanation), element("div", { class: "charts" }, shown.map((id) => factorChart(explanation, id, asOf)))),
    rest.length ? element("details", { on: { toggle: (event) => drawRest(event.target, explanation, rest, asOf) } },
      element("summary", {}, t("other_factors", { count: rest.length })), element("div", { class: "charts" })) : null,
    policySection(explanation, asOf),
    membersSection(explanation),
    costsSection(explanation),
    shocksSection(explanation, asOf),
    assumptionsSection(explanation),
  ];
}

/** Factors that the text conditions, itself or through a combination, and those that the server names. */
function namedFactors(explanation, text) {
  const leaves = leavesOf(text).map(({ path }) => path);
  const written = leaves.filter(([room]) => room === "conditions").map(([, of]) => of);
  const combined = leaves.filter(([room, of]) => room === "combinations" && written.includes(of)).map(([, , of]) => of);
  const stated = (explanation.assumptions ?? []).map(({ series }) => series);
  return [...new Set([...written, ...combined, ...stated])].filter((id) => explanation.bands[id]);
}

function drawRest(details, explanation, rest, asOf) {
  const place = details.querySelector(".charts");
  if (details.open && !place.hasChildNodes()) place.append(...rest.map((id) => factorChart(explanation, id, asOf)));
}

const section = (title, ...content) => element("section", {}, element("h2", {}, title), content);

const bandsNote = (explanation) =>
  element("p", { class: "small" }, t(explanation.unconditional ? "bands_note" : "bands_note_alone"));

function factorChart(explanation, id, asOf) {
  const start = explanation.start[id];
  const style = styleOf(id, start);
  const fan = (band, name, hue, lines) => ({
    name, hue, lines, middle: [start, ...band.mean], low: [start, ...band.q05], high: [start, ...band.q95],
  });
  const free = explanation.unconditional?.[id];
  const fans = [fan(explanation.bands[id], t("this_story"), "hue-1", false)];
  if (free) fans.push(fan(free, t("without_conditions"), "hue-base", true));
  const steps = fans[0].middle.map((_, step) => step);
  const { node } = fanChart(fans, { name: nameOf(id), asOf, steps, style });
  return element("figure", {}, element("figcaption", {}, nameWithUnit(id)), node);
}

function policySection({ policy_path: path, start }, asOf) {
  if (!path) return null;
  const now = start.boj_policy_rate;
  return section(t("policy_title"), element("div", { class: "charts" },
    element("figure", {}, element("figcaption", {}, nameWithUnit("boj_policy_rate")),
      policyChart([now, ...path.priced], [now, ...path.scenario], { name: t("policy_title"), asOf, style: styleOf("boj_policy_rate") }),
      element("p", { class: "key" }, element("span", { class: "line dashed" }), t("priced"), element("span", { class: "line" }), t("stated")))),
  element("p", { class: "small" }, t("policy_note")));
}

function membersSection({ members }) {
  if (!members?.length) return null;
  return section(t("members"), element("ul", { class: "plain" }, members.map(({ scenario, weight }) =>
    element("li", {}, percent(weight, 0), " ", element("code", {}, scenario)))));
}

function costsSection({ costs, plausibility, statements }) {
  const listed = (costs ?? []).filter(({ share }) => Math.abs(share) >= 0.005).slice(0, SHOWN);
  if (!listed.length) return null;
  const most = Math.max(...listed.map(({ share }) => Math.abs(share)));
  return section(t("costs"), element("p", { class: "small" }, t("costs_note", { distance: number(plausibility.distance, 1) })),
    bars(listed.map(({ row, share }) => ({ name: said(row, statements), value: share, text: number(share, 2), share: Math.abs(share) / most }))));
}

function shocksSection({ shocks, extrapolation }, asOf) {
  if (!shocks?.length) return null;
  const largest = Math.max(...shocks.map(({ sd }) => Math.abs(sd)));
  const rows = shocks.slice(0, SHOWN).map(({ factor, month, sd }) => ({
    name: `${nameOf(factor)}, ${stepName(asOf, month)}`, value: sd, text: `${number(sd, 1, true)} ${t("sd")}`, share: Math.abs(sd) / largest,
  }));
  const far = (extrapolation ?? []).filter(({ beyond }) => beyond > 0.05).slice(0, SHOWN);
  return section(t("shocks"), element("p", { class: "small" }, t("shocks_note")), bars(rows),
    far.length ? [element("h3", {}, t("beyond")), element("p", { class: "small" }, t("beyond_note")),
      bars(far.map(({ factor, month, beyond }) => ({
        name: `${nameOf(factor)}, ${stepName(asOf, month)}`, value: beyond, text: `${number(beyond, 1)} ${t("sd")}`, share: beyond / Math.max(...far.map((one) => one.beyond)),
      })))] : null);
}

function assumptionsSection({ assumptions, statements }) {
  if (!assumptions?.length) return null;
  return element("details", {}, element("summary", {}, t("assumptions", { count: assumptions.length })),
    element("ul", { class: "plain" }, assumptions.map(({ series, statement }) =>
      element("li", {}, element("strong", {}, said(series, statements)), " ", said(statement, statements)))));
}

/**
 * Rows with a bar each.
 *
 * @param {Array<{name: string, value: number, text: string, share: number}>} rows `share`: length of the bar between 0 and 1
 * @returns {HTMLElement}
 */
function bars(rows) {
  return element("table", { class: "bars" }, element("tbody", {}, rows.map(({ name, value, text, share }) =>
    element("tr", {}, element("th", { scope: "row" }, name),
      element("td", { class: "length" }, bar(share, value < 0 ? "fall" : "gain")),
      element("td", { class: "n" }, text)))));
}
