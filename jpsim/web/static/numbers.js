/** Numbers as people write them: a true minus sign, separated thousands, errors to one digit. */

const MINUS = "−";

/**
 * @param {number} value
 * @param {number} decimals
 * @param {boolean} [signed] whether a gain bears a plus sign
 * @returns {string}
 */
export function number(value, decimals, signed = false) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals, maximumFractionDigits: decimals,
  });
  const zero = Number(size.replaceAll(",", "")) === 0;
  const sign = zero ? "" : value < 0 ? MINUS : signed ? "+" : "";
  return sign + size;
}

/**
 * A Monte Carlo error, no finer than needed to show a digit of it.
 *
 * @param {number} se
 * @param {number} decimals
 * @returns {string}
 */
export function error(se, decimals) {
  if (!Number.isFinite(se)) return "";
  for (let places = decimals; places < decimals + 3; places += 1) {
    const text = number(se, places);
    if (se === 0 || Number(text.replaceAll(",", "")) > 0) return text;
  }
  return `<${(10 ** -(decimals + 2)).toFixed(decimals + 2)}`;
}

/**
 * @param {number} share between 0 and 1
 * @param {number} [decimals]
 * @returns {string}
 */
export const percent = (share, decimals = 1) => `${number(100 * share, decimals)}%`;

/**
 * @param {number} bytes
 * @returns {string}
 */
export function size(bytes) {
  if (bytes < 1e6) return `${number(Math.max(bytes / 1e3, 1), 0)} kB`;
  return bytes < 1e9 ? `${number(bytes / 1e6, bytes < 1e7 ? 1 : 0)} MB` : `${number(bytes / 1e9, 1)} GB`;
}

/**
 * The month so many months after another.
 *
 * @param {string} month as 2026-01
 * @param {number} later
 * @returns {string}
 */
export function monthAfter(month, later) {
  const [year, count] = month.split("-").map(Number);
  const months = year * 12 + count - 1 + later;
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}`;
}

/**
 * A moment in the clock of the reader.
 *
 * @param {string} utc ISO 8601
 * @returns {string}
 */
export function moment(utc) {
  const at = new Date(utc);
  if (Number.isNaN(at.valueOf())) return utc;
  const two = (part) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
