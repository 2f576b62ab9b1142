/** Tables whose rows stand in groups and can be sorted by a column. */

import { announce, element, fill } from "./dom.js";
import { t } from "./language.js";

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} [hint]
 * @property {(row: any) => import("./dom.js").Child} cell
 * @property {(row: any) => number | string} [sortedBy] none where a column cannot be sorted by
 * @property {boolean} [heads] whether its cells name the row
 * @property {string} [class]
 */

/**
 * @typedef {object} TableOptions
 * @property {string} caption
 * @property {Column[]} columns
 * @property {Array<{title: string, rows: any[]}>} groups sorted within themselves
 * @property {string} [sort] a column's key, with a minus sign in front for falling order
 * @property {(sort: string) => void} [onSort]
 * @property {(row: any) => Record<string, any>} [rowProperties]
 */

/**
 * Make a table.
 *
 * @param {TableOptions} options
 * @returns {HTMLElement}
 */
export function sortableTable({ caption, columns, groups, sort = "", onSort, rowProperties = () => ({}) }) {
  let order = sort;
  const table = element("table", {});
  const draw = () => fill(table,
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, columns.map((column) => head(column, order, choose)))),
    groups.filter(({ rows }) => rows.length).map(({ title, rows }) => element("tbody", {},
      title ? element("tr", { class: "kind" }, element("th", { colspan: columns.length, scope: "colgroup" }, title)) : null,
      sorted(rows, columns, order).map((row) => element("tr", rowProperties(row), columns.map((column) => cell(column, row)))))));
  const choose = (column) => {
    order = order === `-${column.key}` ? column.key : order === column.key ? "" : `-${column.key}`;
    draw();
    /** @type {HTMLElement | null} */ (table.querySelector(`button[data-key="${column.key}"]`))?.focus();
    announce(order ? t("sorted_by", { column: column.title }) : t("unsorted"));
    onSort?.(order);
  };
  draw();
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
}

function head(column, order, choose) {
  const direction = order === column.key ? "ascending" : order === `-${column.key}` ? "descending" : null;
  const sign = { ascending: "▲", descending: "▼" }[direction ?? ""] ?? "";
  const content = column.sortedBy
    ? element("button", { type: "button", class: "sort", "data-key": column.key, title: column.hint, on: { click: () => choose(column) } },
      column.title, element("span", { class: "sign", "aria-hidden": "true" }, sign))
    : column.title;
  return element("th", { scope: "col", class: column.class, "aria-sort": direction }, content);
}

const cell = (column, row) =>
  element(column.heads ? "th" : "td", { class: column.class, scope: column.heads ? "row" : null }, column.cell(row));

function sorted(rows, columns, order) {
  const column = columns.find(({ key }) => key === order.replace(/^-/, ""));
  if (!column?.sortedBy) return rows;
  const sign = order.startsWith("-") ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: column.sortedBy(row) }));
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : (Number.isFinite(a) ? a : -Infinity) - (Number.isFinite(b) ? b : -Infinity));
  return keyed.sort((one, two) => sign * compare(one.key, two.key)).map(({ row }) => row);
}
