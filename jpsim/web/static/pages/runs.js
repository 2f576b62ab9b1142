/** The catalogue of stored runs, and what is under way. */

import { element, fill } from "../dom.js";
import { either, t } from "../language.js";
import { moment, number } from "../numbers.js";
import { address } from "../routes.js";
import { read } from "../server.js";
import { sortableTable } from "../table.js";
import { heading, linkButton } from "../widgets.js";

/**
 * Show the catalogue.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showRuns(root, route, signal) {
  const [runs, jobs, scenarios] = await Promise.all([read("/api/runs", signal), read("/api/jobs", signal), read("/api/scenarios", signal)]);
  const titles = new Map(scenarios.map(({ id, title }) => [id, either(title)]));
  const live = jobs.filter(({ state, resumable }) => resumable || state === "queued" || state === "running");
  fill(root, heading(t("runs"), { actions: [linkButton(address("run"), t("new_run"), "main")] }),
    live.length ? element("ul", { class: "live" }, live.map((job) => element("li", {},
      element("a", { href: address("job", job.job) }, t(`state_${job.state}`)), " ", (job.scenarios ?? []).map((id) => titles.get(id) ?? id).join(" · ")))) : null,
    runs.length ? catalogue(runs, titles) : element("p", { class: "waiting" }, t("no_runs")));
}

function catalogue(runs, titles) {
  const columns = [
    { key: "created", title: t("created"), heads: true, sortedBy: (run) => run.created_utc,
      cell: (run) => element("a", { href: address("result", run.run_id) }, moment(run.created_utc)) },
    { key: "scenarios", title: t("scenarios"), class: "text", cell: (run) => scenarioNames(run, titles) },
    { key: "model", title: t("model"), class: "text", sortedBy: (run) => run.model, cell: (run) => run.model },
    { key: "paths", title: t("paths"), sortedBy: (run) => run.paths, cell: (run) => number(run.paths, 0) },
    { key: "horizon", title: t("horizon"), sortedBy: (run) => run.horizon, cell: (run) => `${run.horizon}${run.step === "day" ? "d" : "m"}` },
    { key: "id", title: t("run"), class: "text", cell: (run) => element("code", {}, run.run_id) },
  ];
  return sortableTable({ caption: t("runs"), columns, groups: [{ title: "", rows: runs }] });
}

/** Three names are enough to know a run by. */
function scenarioNames({ scenarios, damage }, titles) {
  if (damage) return element("span", { class: "tag implausible" }, t("damaged"));
  const names = scenarios.map((id) => titles.get(id) || id);
  const rest = names.length - 3;
  return names.slice(0, 3).join(" · ") + (rest > 0 ? ` +${rest}` : "");
}
