/** Requests to the server that sent this page, and their errors. */

/**
 * @typedef {object} Problem
 * @property {number | null} line
 * @property {number | null} column
 * @property {string} message
 */

/** What the server answered instead of what was asked for. */
export class ServerError extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {string} message
   * @param {Problem[]} [problems]
   */
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** Aborted requests are no failures: the view that asked for them is gone. */
export const isAborted = (error) => error?.name === "AbortError";

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const read = (path, signal) => request("GET", path, undefined, signal);

/**
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const send = (path, body, signal) => request("POST", path, body, signal);

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
export const put = (path, body) => request("PUT", path, body);

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export const remove = (path) => request("DELETE", path);

/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/**
 * Read what does not change while the server runs, once.
 *
 * @param {string} path
 * @returns {Promise<any>}
 */
export function readOnce(path) {
  if (!kept.has(path)) kept.set(path, read(path).catch((error) => (kept.delete(path), Promise.reject(error))));
  return /** @type {Promise<any>} */ (kept.get(path));
}

/**
 * Write a query, without its empty values.
 *
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : "";
}

/**
 * Listen to events of the server until one ends it or the view is left; the browser reconnects where they break off.
 *
 * @param {string} path
 * @param {string[]} names
 * @param {(content: any) => boolean} onEvent told the content of each event, null where the server has gone for good;
 *   says whether to go on
 * @param {AbortSignal} signal
 * @param {(lost: boolean) => void} onLost told when the server stops answering, and when it is there again
 */
export function listen(path, names, onEvent, signal, onLost) {
  const events = new EventSource(path);
  const close = () => events.close();
  signal.addEventListener("abort", close, { once: true });
  for (const name of names) events.addEventListener(name, ({ data }) => onEvent(JSON.parse(data)) || close());
  events.addEventListener("open", () => onLost(false));
  events.addEventListener("error", () => {
    if (signal.aborted) return;
    if (events.readyState === EventSource.CLOSED) onEvent(null);
    else onLost(true);
  });
}

async function request(method, path, body, signal) {
  const options = { method, signal, headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (method !== "GET") options.headers["Content-Type"] = "application/json";
  if (body !== undefined) options.body = JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ServerError(0, "");
  }
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content;
  throw new ServerError(answer.status, content?.error?.message ?? answer.statusText, content?.error?.problems ?? []);
}
