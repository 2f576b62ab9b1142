/** How long something takes, in words. */

import { t } from "./language.js";

/**
 * @param {number | null | undefined} seconds
 * @returns {string} empty where nobody knows
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 1) return t("under_a_second");
  if (seconds < 90) return t("seconds", { count: Math.round(seconds) });
  if (seconds < 5400) return t("minutes", { count: Math.round(seconds / 60) });
  return t("hours", { count: Math.round(seconds / 360) / 10 });
}
