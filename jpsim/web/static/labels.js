/** Names of factors, series, channels and drivers, and how their numbers are written. */

import { either, hasWord, t } from "./language.js";
import { error, number } from "./numbers.js";
import { readOnce } from "./server.js";

/**
 * @typedef {object} Style how the numbers of a quantity are written
 * @property {string} unit unit of its level
 * @property {number} scale
 * @property {number} decimals
 * @property {boolean} signed
 * @property {string} changeUnit unit of a difference
 * @property {number} changeScale
 * @property {number} changeDecimals
 */

/** @type {Style} */
const RETURN = {
  unit: "%", scale: 100, decimals: 1, signed: true, changeUnit: "pp", changeScale: 100, changeDecimals: 1,
};

const TOLD_BY_NAME = ["", "index", "JPY"];

/** Kinds of outputs in the order in which they are shown. */
export const KINDS = ["portfolio", "index", "sector17", "size", "segment", "factor", "theme", "sector33"];

/** @type {Record<"factors" | "series" | "channels" | "families", Map<string, any>>} */
const entries = { factors: new Map(), series: new Map(), channels: new Map(), families: new Map() };

/** Read the dictionary; what follows needs it. */
export async function readDictionary() {
  const dictionary = await readOnce("/api/dictionary");
  for (const [room, map] of Object.entries(entries)) {
    for (const entry of dictionary[room] ?? []) map.set(entry.id, entry);
  }
}

/** @returns {any[]} the factors that a scenario may name, in the dictionary's order */
export const allFactors = () => [...entries.factors.values()];

/** @returns {string[]} the families of the library, in the order in which they are shown */
export const allFamilies = () => [...entries.families.keys()];

/** @type {(family: string) => string[]} */
export const membersOf = (family) => entries.families.get(family)?.scenarios ?? [];

/** @param {string} family one of the library, or a shelf of the page itself */
export const familyName = (family) =>
  entries.families.has(family) ? either(entries.families.get(family)) : t(`family_${family}`);

/**
 * Name of a factor, series, channel, driver or rule; an id that nobody knows is its own name.
 *
 * @param {string} id
 * @returns {string}
 */
export function nameOf(id) {
  const entry = entries.factors.get(id) ?? entries.series.get(id) ?? entries.channels.get(id);
  if (entry) return either(entry);
  if (hasWord(`driver_${id}`)) return t(`driver_${id}`);
  const [part, rest] = id.split(":");
  return rest ? `${nameOf(part)}: ${nameOf(rest)}` : id;
}

/**
 * Name of an output with the unit of its level, where the number alone would not tell it.
 *
 * @param {string} id
 * @returns {string}
 */
export function nameWithUnit(id) {
  const unit = entries.factors.get(id)?.unit ?? "";
  return TOLD_BY_NAME.includes(unit) ? nameOf(id) : `${nameOf(id)}, ${unit}`;
}

/** @param {string} kind */
export const kindName = (kind) => (hasWord(`kind_${kind}`) ? t(`kind_${kind}`) : kind);

/**
 * How the numbers of an output are written.
 *
 * @param {string} id
 * @param {number} [typical] a typical level, which decides the decimals of a price or index
 * @returns {Style}
 */
export function styleOf(id, typical = 1) {
  const factor = entries.factors.get(id);
  if (!factor) return RETURN;
  if (factor.unit === "%") {
    const change = factor.group === "japan_economy" ? ["pp", 1, 2] : ["bp", 100, 0];
    const [changeUnit, changeScale, changeDecimals] = change;
    return { unit: "%", scale: 1, decimals: 2, signed: false, changeUnit, changeScale, changeDecimals };
  }
  const decimals = Math.abs(typical) >= 1000 ? 0 : Math.abs(typical) >= 10 ? 1 : 2;
  const unit = factor.unit;
  return { unit, scale: 1, decimals, signed: false, changeUnit: unit, changeScale: 1, changeDecimals: decimals };
}

/**
 * Take in the names of a run's series that the dictionary lacks, such as a portfolio's.
 *
 * @param {any[]} series
 */
export function learnNames(series) {
  for (const one of series) if (!entries.factors.has(one.id) && !entries.series.has(one.id)) entries.series.set(one.id, one);
}

/**
 * The style that a run gives with an output.
 *
 * @param {any} given
 * @returns {Style}
 */
export const styleFrom = ({ unit, scale, decimals, signed, change_unit, change_scale, change_decimals }) =>
  ({ unit, scale, decimals, signed, changeUnit: change_unit, changeScale: change_scale, changeDecimals: change_decimals });

/** @type {(style: Style, value: number) => string} */
export const level = (style, value) => number(value * style.scale, style.decimals, style.signed);

/** @type {(style: Style, se: number) => string} */
export const levelError = (style, se) => error(se * style.scale, style.decimals);

/** @type {(style: Style, value: number) => string} */
export const change = (style, value) => number(value * style.changeScale, style.changeDecimals, true);

/** @type {(style: Style, se: number) => string} */
export const changeError = (style, se) => error(se * style.changeScale, style.changeDecimals);
