/** The address of a view: `#/page/id?key=value`, so that a view can be linked and reloaded. */

/**
 * @typedef {object} Route
 * @property {string} page first part of the path
 * @property {string} id the rest of the path, decoded
 * @property {URLSearchParams} query
 */

/** Page that opens without an address. */
export const FIRST_PAGE = "library";

/** @returns {Route} where the browser is */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/");
  return { page: page || FIRST_PAGE, id: decoded(rest.join("/")), query: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/**
 * Write the address of a view.
 *
 * @param {string} page
 * @param {string} [id]
 * @param {Record<string, string | number | boolean | null | undefined>} [query] empty values are left out
 * @returns {string} for `href`
 */
export function address(page, id = "", query = {}) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const tail = search.toString() ? `?${search}` : "";
  return `#/${page}${id ? `/${encodeURIComponent(id)}` : ""}${tail}`;
}

/**
 * Go to a view.
 *
 * @param {string} page
 * @param {string} [id]
 * @param {Record<string, any>} [query]
 */
export function go(page, id, query) {
  location.hash = address(page, id, query);
}

/**
 * Note the state of the present view in its address without leaving it; no new entry in the history.
 *
 * @param {Record<string, any>} changes null and "" remove a key
 */
export function note(changes) {
  const { page, id, query } = here();
  const merged = { ...Object.fromEntries(query), ...changes };
  history.replaceState(null, "", address(page, id, merged));
}
