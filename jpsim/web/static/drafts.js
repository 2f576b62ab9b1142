/** Texts of stories that are not saved yet; the browser keeps them over a reload. */

import { leavesOf, unquoted } from "./leaves.js";

const KEPT = "jpsim.drafts";

/** @returns {Record<string, string>} id to text */
export function drafts() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([, text]) => typeof text === "string"));
  } catch {
    return {};
  }
}

/** @type {(id: string) => string | undefined} */
export const draftOf = (id) => drafts()[id];

/** @type {(id: string, text: string) => void} */
export const keepDraft = (id, text) => localStorage.setItem(KEPT, JSON.stringify({ ...drafts(), [id]: text }));

/** @param {string} id */
export function dropDraft(id) {
  const { [id]: _, ...rest } = drafts();
  localStorage.setItem(KEPT, JSON.stringify(rest));
}

/**
 * What a text says about itself, as far as it can be read.
 *
 * @param {string} text
 * @returns {{id: string, title: {en: string, ja: string}}}
 */
export function headOf(text) {
  const leaves = new Map(leavesOf(text).map(({ path, text: value }) => [path.join("."), unquoted(value)]));
  const either = leaves.get("title") ?? "";
  return { id: leaves.get("id") ?? "", title: { en: leaves.get("title.en") ?? either, ja: leaves.get("title.ja") ?? either } };
}

const COPIED = ["combinations", "conditions", "impulses", "rules", "views"];

/**
 * A story of one's own that starts from another.
 *
 * @param {{id: string, text: string, title: {en: string, ja: string}}} scenario
 * @param {(id: string) => boolean} taken whether an id is in use
 * @returns {string}
 */
export function ownVersion({ id, text, title }, taken) {
  const own = freeId(`my_${id}`, taken);
  const title_ = `title: {en: ${JSON.stringify(`${title.en} (my version)`)}, ja: ${JSON.stringify(`${title.ja || title.en}（自作）`)}}`;
  if (blockOf(text, "mixture")) return text.replace(/^# yaml-language-server:.*\n/, "").replace(/^id:.*$/m, `id: ${own}`).replace(/^title:.*$/m, () => title_);
  const blocks = COPIED.map((key) => blockOf(text, key)).filter((block) => block && !/^\w+:\s*(\[\]|\{\})/.test(block));
  return ["schema: jpsim/scenario@1", `id: ${own}`, title_, `extends: ${id}`, ...blocks, ""].join("\n");
}

/** @returns {string} a story without statements */
export const emptyStory = (taken) =>
  [
    "schema: jpsim/scenario@1", `id: ${freeId("my_story", taken)}`, 'title: {en: "My story", ja: "私のシナリオ"}',
    "narrative: >", "  What happens, and why.", "extends: baseline", "conditions:", "  usdjpy:", "    change: {6m: -5%}", "    kind: marginal", "    sd: 4%", "",
  ].join("\n");

function freeId(id, taken) {
  let free = id;
  for (let count = 2; taken(free); count += 1) free = `${id}_${count}`;
  return free;
}

/** The lines of a top-level key, its comments too. */
function blockOf(text, key) {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.startsWith(`${key}:`));
  if (first < 0) return "";
  const after = lines.findIndex((line, place) => place > first && /^[^\s#-]/.test(line));
  return lines.slice(first, after < 0 ? lines.length : after).join("\n").trimEnd();
}
