/** A run under way: how far it is, what is left, and how it ended. */

import { announce, element, fill } from "../dom.js";
import { either, hasWord, t } from "../language.js";
import { percent } from "../numbers.js";
import { address, go } from "../routes.js";
import { listen, read, remove, send } from "../server.js";
import { duration } from "../waiting.js";
import { button, failure, heading, linkButton } from "../widgets.js";

const ENDED = ["done", "failed", "cancelled"];

/**
 * Show a job until it ends; a run that is done is opened.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showJob(root, { id }, signal) {
  const view = element("div", { class: "card progress" });
  const [first, listed] = await Promise.all([read(`/api/jobs/${encodeURIComponent(id)}`, signal), read("/api/scenarios", signal)]);
  fill(root, heading(t("job"), { kicker: element("code", {}, id) }), element("p", { class: "lead" }, titlesOf(first, listed)), view);
  const draw = progressView(view, id);
  draw(first);
  if (!ENDED.includes(first.state)) follow(id, draw, signal);
}

function titlesOf({ scenarios }, listed) {
  const titles = new Map(listed.map(({ id, title }) => [id, either(title)]));
  return (scenarios ?? []).map((id) => titles.get(id) || id).join(" · ");
}

function follow(id, draw, signal) {
  const onEvent = (job) => {
    draw(job);
    return job !== null && !ENDED.includes(job.state);
  };
  listen(`/api/jobs/${encodeURIComponent(id)}/events`, ["progress", ...ENDED], onEvent, signal, draw.lost);
}

function progressView(view, id) {
  const meter = element("progress", { max: 1, value: 0, "aria-label": t("progress") });
  const stage = element("p", { class: "stage" });
  const left = element("p", { class: "small" });
  const cancel = button(t("cancel"), () => void cancelJob(id, cancel, view));
  fill(view, stage, meter, left, element("div", { class: "actions" }, cancel));
  const gone = element("div", {});
  view.append(gone);
  let told = -1;
  const draw = (job) => {
    if (!job) return void view.append(failure({ status: 0 }));
    if (ENDED.includes(job.state)) return ended(view, job);
    const name = job.state === "queued" ? "queued" : job.stage ?? "preparing";
    stage.textContent = hasWord(`stage_${name}`) ? t(`stage_${name}`) : name;
    if (name === "compiling") meter.removeAttribute("value");
    else meter.value = job.share ?? 0;
    const remaining = duration(job.seconds_left);
    left.textContent = [percent(job.share ?? 0, 0), remaining ? t("time_left", { time: remaining }) : ""].filter(Boolean).join(" · ");
    const quarter = Math.floor(4 * (job.share ?? 0));
    if (quarter !== told) announce(`${stage.textContent} ${left.textContent}`);
    told = quarter;
  };
  draw.lost = (lost) => fill(gone, lost ? failure({ status: 0 }) : null);
  return draw;
}

async function cancelJob(id, cancel, view) {
  cancel.disabled = true;
  await remove(`/api/jobs/${encodeURIComponent(id)}`).catch((error) => view.append(failure(error)));
}

async function resumeJob(id, view) {
  try {
    go("job", (await send(`/api/jobs/${encodeURIComponent(id)}/resume`, {})).job);
  } catch (error) {
    view.append(failure(error));
  }
}

function ended(view, job) {
  announce(t(`state_${job.state}`));
  if (job.state === "done") {
    const query = job.breached ? { breached: "1" } : {};
    location.replace(address("result", job.run_id, query));
    return;
  }
  fill(view, element("p", { class: "stage" }, t(`state_${job.state}`)),
    job.state === "failed" ? failure(job.error ?? {}) : null,
    job.resumable ? element("p", { class: "small" }, t("resumable")) : null,
    element("div", { class: "actions" },
      job.resumable ? button(t("resume"), () => void resumeJob(job.job, view), "main") : null,
      linkButton(address("run", "", { scenarios: (job.scenarios ?? []).join(",") }), t("change_run"), job.resumable ? "" : "main"),
      linkButton(address("runs"), t("runs"))));
}
