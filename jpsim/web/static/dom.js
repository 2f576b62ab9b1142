/** Elements made from names, properties and children; texts become text nodes, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

/**
 * Make an HTML element.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties] attributes; `on` maps events to listeners, `true` sets a bare attribute,
 *   null and false leave one out, and the live properties `value`, `checked` and `disabled` are set as such
 * @param {...Child} children
 * @returns {any} the element
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(made, name, value);
  append(made, children);
  return made;
}

/**
 * Make an SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string | number | null | undefined>} [attributes]
 * @param {...Child} children
 * @returns {any} the element
 */
export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  append(made, children);
  return made;
}

/**
 * Put children in place of what a node holds.
 *
 * @param {any} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function set(made, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
  else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
  else made.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Say something to those who listen to the page instead of seeing it.
 *
 * @param {string} text
 */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer && announcer.textContent !== text) announcer.textContent = text;
}
