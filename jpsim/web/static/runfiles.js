/** What a stored run consists of: its report, its files, the file that repeats it, and whether all are intact. */

import { announce, element, fill } from "./dom.js";
import { t } from "./language.js";
import { size } from "./numbers.js";
import { send } from "./server.js";
import { button, failure, waiting } from "./widgets.js";

/**
 * Lay it out.
 *
 * @param {any} run
 * @returns {HTMLElement}
 */
export function filesSection(run) {
  const verified = element("div", { class: "verified", role: "status" });
  const room = `/api/runs/${encodeURIComponent(run.run_id)}`;
  const file = ({ name, bytes }) => element("li", {}, element("a", { href: `${room}/files/${encodeURIComponent(name)}`, download: name }, name), " ",
    element("span", { class: "small" }, size(bytes)));
  return element("section", { class: "files" }, element("h2", {}, t("files")),
    element("div", { class: "beside" },
      element("div", {}, element("ul", { class: "downloads" }, (run.files ?? []).map(file)),
        element("div", { class: "actions start" }, button(t("verify"), () => void verify(room, verified))), verified,
        element("dl", { class: "measures" }, measure(t("content_hash"), run.content_hash), measure(t("seed"), run.seed), measure(t("rng"), run.rng))),
      element("div", {}, element("details", {}, element("summary", {}, t("resolved_run")), element("pre", { class: "yaml", tabindex: 0 }, run.resolved ?? "")))));
}

const measure = (name, text) => element("div", {}, element("dt", {}, name), element("dd", {}, element("code", {}, text)));

async function verify(room, verified) {
  fill(verified, waiting(t("verifying")));
  try {
    const { ok, problems } = await send(`${room}/verify`, {});
    fill(verified, ok ? element("p", { class: "done" }, t("intact")) : element("div", { class: "warning" }, element("strong", {}, t("damaged")),
      element("ul", {}, problems.map((problem) => element("li", {}, problem.message ?? String(problem))))));
    announce(verified.textContent);
  } catch (error) {
    fill(verified, failure(error));
  }
}
