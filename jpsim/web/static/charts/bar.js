/** A bar as long as a share. */

import { drawing } from "../dom.js";

/**
 * Draw it; what it says must stand beside it in words.
 *
 * @param {number} share between 0 and 1
 * @param {string} kind class that gives its colour
 * @returns {SVGSVGElement}
 */
export const bar = (share, kind) =>
  drawing("svg", { class: `bar ${kind}`, viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { class: "track", x: 0, y: 0, width: 100, height: 10 }),
    drawing("rect", { class: "filled", x: 0, y: 0, width: Math.min(Math.max(100 * share, 0.8), 100), height: 10 }));
