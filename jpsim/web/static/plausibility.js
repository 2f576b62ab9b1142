/** How far a story lies from what the model expects, as one share, one word and the figures behind it. */

import { bar } from "./charts/bar.js";
import { element } from "./dom.js";
import { hasWord, t } from "./language.js";
import { number, percent } from "./numbers.js";

const VERDICTS = /** @type {const} */ ([[0.25, "ordinary"], [0.05, "unusual"], [0.01, "rare"], [0, "implausible"]]);

/**
 * The card.
 *
 * @param {any} figures
 * @param {Record<string, {prior: number, posterior: number}> | undefined} regimes
 * @param {{effective?: number, paths?: number}} [sample] of a run
 * @returns {HTMLElement}
 */
export function plausibilityCard(figures, regimes, { effective, paths } = {}) {
  const share = shareOf(figures);
  return element("section", { class: "card plausibility" },
    element("h2", {}, t("plausible")),
    share === null ? element("p", {}, t("plausible_free")) : verdictLine(share, figures),
    element("dl", { class: "measures" }, measures(figures, effective, paths), regimeRows(regimes)));
}

/**
 * Share of the model's own paths that lie at least as far out, and within the ranges.
 *
 * @param {any} figures
 * @returns {number | null} null without conditions
 */
export const shareOf = (figures) => figures.share ?? null;

/**
 * A word for a share.
 *
 * @param {any} figures
 * @returns {string | null} null without conditions
 */
export function verdictOf(figures) {
  const share = shareOf(figures ?? {});
  return share === null ? null : VERDICTS.find(([limit]) => share >= limit)?.[1] ?? "implausible";
}

function verdictLine(share, figures) {
  const verdict = VERDICTS.find(([limit]) => share >= limit)?.[1] ?? "implausible";
  const ranged = Number.isFinite(figures.range_probability);
  const shown = share < 0.001 ? "<0.1%" : percent(share, share < 0.1 ? 1 : 0);
  return [
    element("p", { class: "verdict" }, element("span", { class: "big" }, shown), element("span", { class: `tag ${verdict}` }, t(`verdict_${verdict}`))),
    bar(share, `gauge ${verdict}`),
    element("p", { class: "small" }, t(ranged ? (figures.rows ? "plausible_both" : "plausible_within") : "plausible_share")),
  ];
}

function measures(figures, effective, paths) {
  const shown = (value, decimals) => (Number.isFinite(value) ? number(value, decimals) : null);
  const rows = [
    ["distance", figures.rows ? `${shown(figures.distance, 1)} (${figures.rows})` : null],
    ["largest_shock", figures.largest_shock_month ? `${shown(figures.largest_shock, 1)} (${figures.largest_shock_month})` : null],
    ["departure", shareOf(figures) === null ? null : shown(figures.departure, 1)],
    ["beyond_history", shown(figures.beyond_history, 1)],
    ["relative_entropy", figures.relative_entropy ? shown(figures.relative_entropy, 2) : null],
    ["range_probability", Number.isFinite(figures.range_probability) ? percent(figures.range_probability) : null],
    ["effective_sample", effective ? t("of_paths", { effective: number(effective, 0), paths: number(paths ?? NaN, 0) }) : null],
  ];
  return rows.filter(([, text]) => text !== null).map(([key, text]) =>
    element("div", {}, element("dt", {}, t(/** @type {string} */ (key))), element("dd", {}, text)));
}

function regimeRows(regimes) {
  return Object.entries(regimes ?? {}).map(([regime, { prior, posterior }]) =>
    element("div", {}, element("dt", {}, t("regime_row", { regime: hasWord(`regime_${regime}`) ? t(`regime_${regime}`) : regime })),
      element("dd", {}, t("given_before", { after: percent(posterior, 0), before: percent(prior, 0) }))));
}
