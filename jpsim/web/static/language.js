/** The language of the page: its own words, and names that the server gives in both. */

import { WORDS } from "./words.js";

/** @typedef {"en" | "ja"} Language */

const KEPT = "jpsim.language";
const LANGUAGES = ["en", "ja"];

let current = first();

function first() {
  const kept = localStorage.getItem(KEPT);
  if (LANGUAGES.includes(kept ?? "")) return /** @type {Language} */ (kept);
  return navigator.language?.startsWith("ja") ? "ja" : "en";
}

/** @returns {Language} */
export const language = () => current;

/** @param {Language} chosen */
export function speak(chosen) {
  current = chosen;
  if (chosen !== first()) localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
}

/**
 * A text of the page in the present language; `{name}` in it stands for a value.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const word = WORDS[key];
  if (!word) throw new Error(`no word is called ${key}`);
  return word[LANGUAGES.indexOf(current)].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * @param {string} key
 * @returns {boolean} whether the page has a text for it
 */
export const hasWord = (key) => key in WORDS;

/**
 * A statement of the model in the present language, where the server gives it; as it stands otherwise.
 *
 * @param {string} statement
 * @param {Record<string, {en: string, ja: string}> | undefined} statements
 * @returns {string}
 */
export const said = (statement, statements) => either(statements?.[statement]) || statement;

/**
 * The present language's one of two texts; the other where it is missing.
 *
 * @param {{en?: string | null, ja?: string | null} | string | null | undefined} texts
 * @returns {string}
 */
export function either(texts) {
  if (!texts || typeof texts === "string") return texts || "";
  return texts[current] || texts.en || texts.ja || "";
}
