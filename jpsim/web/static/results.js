/** What the server holds of a stored run; answers are kept, because stored runs do not change. */

import { query, read } from "./server.js";

const MOST = 60;

/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/** Ask once; the oldest answers are forgotten. */
function once(path, signal) {
  if (!kept.has(path)) {
    kept.set(path, read(path, signal).catch((error) => (kept.delete(path), Promise.reject(error))));
    if (kept.size > MOST) kept.delete(/** @type {string} */ (kept.keys().next().value));
  }
  return /** @type {Promise<any>} */ (kept.get(path));
}

const room = (run) => `/api/runs/${encodeURIComponent(run)}`;

/** @type {(run: string, signal?: AbortSignal) => Promise<any>} */
export const openRun = (run, signal) => once(room(run), signal);

/** @type {(run: string, scenario: string, month: number) => Promise<any[]>} */
export const summaryOf = (run, scenario, month) => once(`${room(run)}/summary${query({ scenario, month })}`);

/** @type {(run: string, series: string) => Promise<any>} */
export const fanOf = (run, series) => once(`${room(run)}/fan${query({ series })}`);

/** @type {(run: string, series: string, month: number) => Promise<any>} */
export const distributionOf = (run, series, month) => once(`${room(run)}/distribution${query({ series, month })}`);

/** @type {(run: string, scenario: string, series: string, month: number, by: string) => Promise<any>} */
export const attributionOf = (run, scenario, series, month, by) => once(`${room(run)}/attribution${query({ scenario, series, month, by })}`);
