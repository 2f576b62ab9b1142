/** Quantities of a story that can be turned like a knob: where they stand, their unit and a sensible range. */

import { leavesOf } from "./leaves.js";

/**
 * @typedef {object} Quantity a number with its unit in the text of a story
 * @property {string} key its path, joined
 * @property {string} of what it is about: a factor, channel, series or scenario
 * @property {string} role level, change, sd, range, mean, size, weight, threshold ...
 * @property {string} when the date, or empty
 * @property {number} value
 * @property {string} unit as written
 * @property {number} decimals as written
 * @property {string} gap white space between number and unit
 * @property {boolean} signed whether gains bear a plus sign
 * @property {string} quote
 * @property {number} start
 * @property {number} end
 */

const NUMBER = /^(["']?)([+-]?)(\d[\d_]*)(\.\d+)?(\s*)(bp|%|pp|sd|tn JPY|JPY|USD|)\1$/;

const ROLES = new Set(["level", "change", "range", "average", "maximum", "minimum"]);
const VIEW_ROLES = new Set(["mean", "sd", "probability", "above", "below", "es95", "var95", "quantile"]);

/**
 * List the quantities of a story that can be turned.
 *
 * @param {string} text
 * @returns {Quantity[]}
 */
export function quantitiesOf(text) {
  const leaves = leavesOf(text);
  const views = new Map(leaves.filter(({ path }) => path[0] === "views" && path[2] === "series").map(({ path, text: id }) => [path[1], id]));
  const members = new Map(leaves.filter(({ path }) => path[0] === "mixture" && path[2] === "scenario").map(({ path, text: id }) => [path[1], id]));
  return leaves.map((leaf) => read(leaf, roleOf(leaf.path, views, members))).filter((quantity) => quantity !== null);
}

/** What a path says: its subject, role and date; null where it is no quantity of the story. */
function roleOf(path, views, members) {
  const [room, of, ...rest] = path;
  if (room === "conditions") return conditionRole(of, /^\d+$/.test(rest[0]) ? rest.slice(1) : rest);
  if (room === "impulses" && rest[0] === "size") return { of, role: "size", when: "" };
  if (room === "rules" && rest[0] === "threshold") return { of, role: "threshold", when: "" };
  if (room === "mixture" && rest[0] === "weight") return { of: members.get(of) ?? of, role: "weight", when: "" };
  if (room === "views" && VIEW_ROLES.has(rest[0])) return { of: views.get(of) ?? of, role: rest[0], when: "" };
  return null;
}

function conditionRole(of, [role, when, edge]) {
  if (role === "sd") return { of, role: "sd", when: "" };
  if (!ROLES.has(role) || when === undefined) return null;
  return { of, role: role === "range" ? (edge === "0" ? "lowest" : "highest") : role, when };
}

function read(leaf, role) {
  const found = NUMBER.exec(leaf.text);
  if (!role || !found) return null;
  const [, quote, sign, whole, fraction = "", gap, unit] = found;
  return {
    ...role, key: leaf.path.join("."), unit, gap, quote, start: leaf.start, end: leaf.end,
    value: Number(`${sign}${whole.replaceAll("_", "")}${fraction}`),
    decimals: Math.max(fraction.length - 1, 0),
    signed: sign !== "" || role.role === "change",
  };
}

/**
 * Write a quantity with another value as it was written: sign, decimals, unit and quotes stay.
 *
 * @param {Quantity} quantity
 * @param {number} value
 * @returns {string}
 */
export function written(quantity, value) {
  const rounded = Number(value.toFixed(6));
  const needed = (String(rounded).split(".")[1] ?? "").length;
  const size = Math.abs(rounded).toFixed(Math.max(quantity.decimals, needed));
  const sign = rounded < 0 ? "-" : quantity.signed && rounded > 0 ? "+" : "";
  return `${quantity.quote}${sign}${size}${quantity.gap}${quantity.unit}${quantity.quote}`;
}

/**
 * What else must change with a quantity: of two stories in a mixture the other takes what is left.
 *
 * @param {Quantity[]} quantities
 * @param {Quantity} turned
 * @param {number} value
 * @returns {{quantity: Quantity, value: number} | null}
 */
export function balanced(quantities, turned, value) {
  const weights = quantities.filter(({ role }) => role === "weight");
  if (turned.role !== "weight" || weights.length !== 2 || weights[0].unit !== weights[1].unit) return null;
  const whole = turned.unit === "%" ? 100 : 1;
  const quantity = weights.find(({ key }) => key !== turned.key) ?? turned;
  return value >= 0 && value <= whole ? { quantity, value: whole - value } : null;
}

/**
 * A range that a strategist might turn a quantity over, around the value that it has.
 *
 * @param {Quantity} quantity
 * @returns {{low: number, high: number, step: number}}
 */
export function rangeOf({ of, role, unit, value }) {
  const around = (reach, step) => ({ low: floorTo(value - reach, step), high: floorTo(value + reach, step), step });
  const positive = (step) => ({ low: step, high: Math.max(floorTo(3 * value, step), 10 * step), step });
  if (role === "weight") return { low: 0, high: unit === "%" ? 100 : 1, step: unit === "%" ? 5 : 0.05 };
  if (role === "probability") return { low: 0, high: unit === "%" ? 100 : 1, step: unit === "%" ? 5 : 0.05 };
  if (role === "sd") return positive({ bp: 5, "%": 0.5, pp: 0.1, sd: 0.1 }[unit] ?? 1);
  if (unit === "bp") return around(150, 5);
  if (unit === "pp") return around(3, 0.1);
  if (unit === "sd") return around(3, 0.25);
  if (unit === "%" && role === "level") return around(1.5, of === "boj_policy_rate" || of === "us_policy_rate" ? 0.25 : 0.05);
  if (unit === "%") return around(30, 1);
  const step = 10 ** Math.floor(Math.log10(Math.max(Math.abs(value), 1) / 20));
  return around(Math.max(Math.abs(value) * 0.25, 1), step);
}

const floorTo = (value, step) => Number((Math.round(value / step) * step).toFixed(6));
