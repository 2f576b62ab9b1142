/** One scenario: what it says, where it comes from, how plausible it is. */

import { element, fill } from "../dom.js";
import { explanationView } from "../explanation.js";
import { either, language, t } from "../language.js";
import { nameOf } from "../labels.js";
import { address } from "../routes.js";
import { read, readOnce, send } from "../server.js";
import { arriving, heading, linkButton, waiting } from "../widgets.js";

/**
 * Show a scenario.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showScenario(root, { id }, signal) {
  const [scenario, about] = await Promise.all([read(`/api/scenarios/${encodeURIComponent(id)}`, signal), readOnce("/api/about")]);
  const explained = element("div", { class: "explained" }, waiting(t("explaining")));
  fill(root,
    heading(either(scenario.title) || id, { kicker: kickerOf(scenario), actions: actionsOf(scenario) }),
    element("div", { class: "beside" },
      element("div", {}, words(scenario), texts(scenario)),
      explained));
  const asOf = about.models.find((model) => model.id === about.defaults.model)?.as_of ?? "";
  await arriving(explained, send("/api/scenarios/explain", { id }, signal), (explanation) =>
    explanationView(explanation, { asOf, text: scenario.resolved_text ?? scenario.text }));
}

function kickerOf(scenario) {
  const other = scenario.title?.[language() === "en" ? "ja" : "en"];
  return [t(`origin_${scenario.origin}`), " · ", element("code", {}, scenario.id), other ? ` · ${other}` : ""];
}

function actionsOf({ id, origin }) {
  const edit = origin === "workspace" ? linkButton(address("story", id), t("edit")) : null;
  return [edit, linkButton(address("story", "", { from: id }), t("make_own"), "main"),
    linkButton(address("run", "", { scenarios: id === "baseline" ? id : `baseline,${id}` }), t("run_it"))];
}

function words(scenario) {
  const list = (title, items) => (items?.length ? [element("h2", {}, title), element("ul", { class: "plain" }, items)] : null);
  return element("div", { class: "words" },
    element("p", { class: "narrative large" }, scenario.narrative ?? ""),
    list(t("channels"), (scenario.channels ?? []).map((channel) => element("li", {}, nameOf(channel)))),
    list(t("sources"), (scenario.sources ?? []).map((source) => element("li", {}, source))));
}

function texts(scenario) {
  return [
    element("h2", {}, t("as_written")), element("pre", { class: "yaml", tabindex: 0 }, scenario.text ?? ""),
    scenario.resolved_text ? element("details", {}, element("summary", {}, t("resolved")),
      element("pre", { class: "yaml", tabindex: 0 }, scenario.resolved_text)) : null,
  ];
}
