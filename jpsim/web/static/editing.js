/** Changes of a text with a memory: undo and redo, also of changes that a knob makes. */

/**
 * @typedef {object} State
 * @property {string} text
 * @property {number} from start of the selection
 * @property {number} to
 */

const TOGETHER_MS = 600;
const MOST = 500;

/** The states that a text went through. */
export class EditHistory {
  /** @param {State} state */
  constructor(state) {
    this.states = [state];
    this.place = 0;
    this.last = { reason: "", at: 0 };
  }

  /**
   * Keep a state; changes for one reason in quick succession are one.
   *
   * @param {State} state
   * @param {string} reason
   */
  keep(state, reason) {
    if (state.text === this.states[this.place].text) return;
    const now = performance.now();
    const same = reason === this.last.reason && now - this.last.at < TOGETHER_MS && this.place > 0;
    this.states.length = this.place + 1;
    if (same) this.states[this.place] = state;
    else this.states.push(state);
    if (this.states.length > MOST) this.states.shift();
    this.place = this.states.length - 1;
    this.last = { reason, at: now };
  }

  /**
   * @param {-1 | 1} by back or forth
   * @returns {State | null} null where there is none
   */
  step(by) {
    const state = this.states[this.place + by];
    if (!state) return null;
    this.place += by;
    this.last = { reason: "", at: 0 };
    return state;
  }
}

const INDENT = "  ";

/**
 * Shift the selected lines to the right, or put two spaces where nothing is selected.
 *
 * @param {State} state
 * @returns {State}
 */
export function indented({ text, from, to }) {
  if (from === to) return { text: text.slice(0, from) + INDENT + text.slice(to), from: from + 2, to: to + 2 };
  return shifted({ text, from, to }, (line) => (line ? INDENT + line : line));
}

/**
 * Shift the selected lines to the left.
 *
 * @param {State} state
 * @returns {State}
 */
export const outdented = (state) => shifted(state, (line) => line.replace(/^ {1,2}/, ""));

function shifted({ text, from, to }, shift) {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const before = text.slice(start, to);
  const after = before.split("\n").map(shift).join("\n");
  const first = before.split("\n")[0];
  const moved = shift(first).length - first.length;
  return {
    text: text.slice(0, start) + after + text.slice(to),
    from: Math.max(from + moved, start), to: to + after.length - before.length,
  };
}

/**
 * Begin a new line as deep as the one above, deeper where that one opens a mapping.
 *
 * @param {State} state
 * @returns {State}
 */
export function newLine({ text, from, to }) {
  const line = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
  const depth = /^ */.exec(line)[0] + (/:\s*$/.test(line) ? INDENT : "");
  const at = from + 1 + depth.length;
  return { text: `${text.slice(0, from)}\n${depth}${text.slice(to)}`, from: at, to: at };
}

/**
 * @param {string} text
 * @param {number} line from 1
 * @param {number} [column] from 1
 * @returns {number} the offset
 */
export function offsetOf(text, line, column = 1) {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(before + Math.min(column - 1, (lines[line - 1] ?? "").length), text.length);
}
