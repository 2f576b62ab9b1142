/** Where the values of a YAML text stand, so that one can be changed and all else kept, comments too. */

/**
 * @typedef {object} Leaf a value and its place in the text
 * @property {string[]} path keys, and positions in lists
 * @property {string} text as written, quotes included
 * @property {number} start
 * @property {number} end
 */

const KEY = /^("[^"]*"|'[^']*'|[^\s#{}[\],&*!|>'"%@`-][^#{}[\],]*?|-?\d[^:]*?):(?=\s|$)/;

/**
 * List the values of a text, as far as it can be read: block and flow mappings and lists of plain scalars.
 * The server's loader judges the text; this only finds places.
 *
 * @param {string} text
 * @returns {Leaf[]}
 */
export function leavesOf(text) {
  const reader = { text, leaves: /** @type {Leaf[]} */ ([]), open: /** @type {Opened[]} */ ([]) };
  let at = 0;
  while (at < text.length) at = readLine(reader, at);
  return reader.leaves;
}

/**
 * @typedef {object} Opened a mapping or list that deeper lines belong to
 * @property {number} indent
 * @property {string | null} key null for a list, whose items count up
 * @property {number} items
 */

function readLine(reader, start) {
  const end = endOfLine(reader.text, start);
  const line = reader.text.slice(start, end);
  const indent = line.length - line.trimStart().length;
  if (!line.trim() || line.trimStart().startsWith("#")) return end + 1;
  const item = /^-(\s+|$)/.test(line.slice(indent));
  while (reader.open.length && closes(reader.open.at(-1), indent, item)) reader.open.pop();
  return readContent(reader, start + indent, indent, end);
}

/** A list may stand as deep as its key; anything else that is not deeper ends what is open. */
function closes(opened, indent, item) {
  if (opened.key === null) return indent < opened.indent || (indent === opened.indent && !item);
  return item ? indent < opened.indent : indent <= opened.indent;
}

function readContent(reader, at, indent, end) {
  const content = reader.text.slice(at, end);
  const dash = /^-(\s+|$)/.exec(content);
  if (dash) {
    const list = reader.open.at(-1);
    if (list?.key === null && list.indent === indent) list.items += 1;
    else reader.open.push({ indent, key: null, items: 0 });
    return dash[0].length < content.length ? readContent(reader, at + dash[0].length, indent + dash[0].length, end) : end + 1;
  }
  const key = KEY.exec(content);
  if (!key) return readValue(reader, pathOf(reader), at, indent, end);
  const after = at + key[0].length;
  const value = after + reader.text.slice(after, end).search(/\S|$/);
  const name = unquoted(key[1].trim());
  if (value >= end || reader.text[value] === "#") {
    reader.open.push({ indent, key: name, items: 0 });
    return end + 1;
  }
  return readValue(reader, [...pathOf(reader), name], value, indent, end);
}

const pathOf = (reader) => reader.open.map(({ key, items }) => (key === null ? String(items) : key));

function readValue(reader, path, at, indent, end) {
  const sign = reader.text[at];
  if (sign === "|" || sign === ">") return skipDeeper(reader.text, end + 1, indent);
  if (sign === "{" || sign === "[") return endOfLine(reader.text, readFlow(reader, path, at)) + 1;
  const until = endOfScalar(reader.text, at, end, /\s#/);
  keep(reader, path, at, until);
  return skipDeeper(reader.text, endOfLine(reader.text, until) + 1, indent);
}

function skipDeeper(text, at, indent) {
  while (at < text.length) {
    const end = endOfLine(text, at);
    const line = text.slice(at, end);
    if (line.trim() && line.length - line.trimStart().length <= indent) return at;
    at = end + 1;
  }
  return at;
}

/** Read `{...}` or `[...]` from its bracket on; returns the place behind it. */
function readFlow(reader, path, at) {
  const list = reader.text[at] === "[";
  let items = 0;
  at += 1;
  while (at < reader.text.length) {
    at += /^(\s|,|#[^\n]*)*/.exec(reader.text.slice(at))[0].length;
    if (reader.text[at] === "}" || reader.text[at] === "]") return at + 1;
    if (at >= reader.text.length) break;
    const key = list ? null : /^("[^"]*"|'[^']*'|[^:,{}[\]\n]+):\s*/.exec(reader.text.slice(at));
    if (!list && !key) return reader.text.length;
    const name = key ? unquoted(key[1].trim()) : String(items);
    items += 1;
    at = readFlowValue(reader, [...path, name], at + (key ? key[0].length : 0));
  }
  return at;
}

function readFlowValue(reader, path, at) {
  if (reader.text[at] === "{" || reader.text[at] === "[") return readFlow(reader, path, at);
  const end = endOfScalar(reader.text, at, reader.text.length, /[,}\]\n]|\s#/);
  keep(reader, path, at, end);
  return Math.max(end, at);
}

function endOfScalar(text, at, end, stop) {
  if (text[at] === '"' || text[at] === "'") {
    const quoted = text[at] === '"' ? /"(?:\\[^]|[^"\\])*"/y : /'(?:''|[^'])*'/y;
    quoted.lastIndex = at;
    const found = quoted.exec(text);
    return found ? at + found[0].length : end;
  }
  const found = text.slice(at, end).search(stop);
  const until = found < 0 ? end : at + found;
  return at + text.slice(at, until).trimEnd().length;
}

function keep(reader, path, start, end) {
  reader.leaves.push({ path, text: reader.text.slice(start, end), start, end });
}

const endOfLine = (text, at) => (text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at));

/** @param {string} text */
export const unquoted = (text) => (/^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text);
