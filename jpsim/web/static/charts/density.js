/** Densities of one output at one step, of several scenarios laid over each other. */

import { drawing, element } from "../dom.js";
import { axes, between, canvas, frame, points, valueTicks } from "./frame.js";

/**
 * @typedef {object} Density
 * @property {string} name
 * @property {string} hue
 * @property {number[]} edges one more than there are bins
 * @property {number[]} density
 * @property {number | null} [middle] the median, marked below the curve
 */

const MARGIN = { left: 12, right: 12, top: 10, bottom: 24 };
const BINS = 64;

/**
 * Draw densities over one axis.
 *
 * @param {Density[]} densities
 * @param {{name: string, style: import("../labels.js").Style, zero: number | null, size?: {width: number, height: number}}} options
 *   `zero`: where gains begin, drawn as a line
 * @returns {HTMLElement}
 */
export function densityChart(densities, { name, style, zero, size = { width: 420, height: 170 } }) {
  const range = commonRange(densities);
  const curves = densities.map((density) => smoothed(density, range));
  const top = Math.max(...curves.flatMap((curve) => curve.ys)) || 1;
  const area = frame(range, [0, top * 1.04], { ...size, margin: MARGIN });
  const picture = canvas(area, name, { class: "densities" });
  const floor = curves[0]?.xs.map(() => 0) ?? [];
  picture.append(
    ...axes(area, valueTicks(range, style, 6)),
    drawing("path", { class: "grid", d: `M${MARGIN.left} ${area.y(0)}H${area.width - MARGIN.right}` }),
    ...curves.map((curve, place) =>
      drawing("polygon", { class: `outer ${densities[place].hue}`, points: between(area, curve.xs, floor, curve.ys) })),
    ...curves.map((curve, place) =>
      drawing("polyline", { class: `middle ${densities[place].hue}`, points: points(area, curve.xs, curve.ys) })),
    ...densities.filter(({ middle }) => Number.isFinite(middle)).map(({ middle, hue }) =>
      drawing("path", { class: `mark ${hue}`, d: `M${area.x(middle)} ${area.y(0) - 5}V${area.y(0) + 5}` })),
  );
  if (zero !== null && zero > range[0] && zero < range[1]) {
    picture.append(drawing("path", { class: "zero", d: `M${area.x(zero)} ${MARGIN.top}V${area.y(0)}` }));
  }
  return element("div", { class: "chart" }, picture);
}

/** The range that holds all but half a percent of each density at each end. */
function commonRange(densities) {
  const ends = densities.flatMap((density) => [quantile(density, 0.005), quantile(density, 0.995)]);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  return high > low ? [low, high] : [low - Math.max(Math.abs(low) * 0.05, 0.05), high + Math.max(Math.abs(high) * 0.05, 0.05)];
}

function quantile({ edges, density }, share) {
  const mass = density.map((value, place) => value * (edges[place + 1] - edges[place]));
  const total = mass.reduce((sum, part) => sum + part, 0);
  let below = 0;
  for (let place = 0; place < mass.length; place += 1) {
    below += mass[place];
    if (below >= share * total) return share < 0.5 ? edges[place] : edges[place + 1];
  }
  return edges.at(-1);
}

/** The mass within bins of one width, then a three-point mean: small samples draw ragged histograms. */
function smoothed({ edges, density }, [low, high]) {
  const width = (high - low) / BINS;
  const mass = new Array(BINS).fill(0);
  density.forEach((value, place) => spread(mass, value, edges[place], edges[place + 1], low, width));
  const at = (place) => mass[Math.min(Math.max(place, 0), BINS - 1)] / width;
  const ys = mass.map((_, place) => (at(place - 2) + 2 * at(place - 1) + 3 * at(place) + 2 * at(place + 1) + at(place + 2)) / 9);
  return { xs: mass.map((_, place) => low + (place + 0.5) * width), ys };
}

function spread(mass, value, from, to, low, width) {
  const first = Math.max(Math.floor((from - low) / width), 0);
  const last = Math.min(Math.floor((to - low) / width), mass.length - 1);
  for (let bin = first; bin <= last; bin += 1) {
    const overlap = Math.min(to, low + (bin + 1) * width) - Math.max(from, low + bin * width);
    if (overlap > 0) mass[bin] += value * overlap;
  }
}
