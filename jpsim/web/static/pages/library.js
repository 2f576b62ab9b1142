/** The library: scenarios by family, searchable. */

import { announce, element, fill } from "../dom.js";
import { drafts, headOf } from "../drafts.js";
import { allFamilies, familyName, membersOf, nameOf } from "../labels.js";
import { either, language, t } from "../language.js";
import { address, note } from "../routes.js";
import { read } from "../server.js";
import { choice, heading, linkButton, settled } from "../widgets.js";

/**
 * Show the library.
 *
 * @param {HTMLElement} root
 * @param {import("../routes.js").Route} route
 * @param {AbortSignal} signal
 */
export async function showLibrary(root, { query }, signal) {
  const scenarios = [...kept(), ...(await read("/api/scenarios", signal))];
  const state = { search: query.get("q") ?? "", family: query.get("family") ?? "" };
  const shelves = element("div", { class: "shelves" });
  const count = element("span", { class: "count" });
  const draw = () => {
    const found = scenarios.filter((scenario) => matches(scenario, state));
    fill(shelves, shelved(found).map(([family, listed]) => shelf(family, listed)));
    if (!found.length) fill(shelves, element("p", { class: "waiting" }, t("nothing_found")));
    count.textContent = t("scenario_count", { count: found.length });
    note({ q: state.search, family: state.family });
  };
  const search = element("input", { type: "search", value: state.search, placeholder: t("search_hint"), "aria-label": t("search") });
  const heard = settled(400, () => announce(count.textContent));
  search.addEventListener("input", () => ((state.search = search.value), draw(), heard()));
  const families = [...new Set(scenarios.map(familyOf))].sort(byFamily);
  fill(root,
    heading(t("library"), { actions: [linkButton(address("story"), t("new_story"), "main")] }),
    element("p", { class: "lead" }, t("library_lead")),
    element("div", { class: "filters" }, search,
      choice([{ value: "", text: t("all_families") }, ...families.map((family) => ({ value: family, text: familyName(family) }))],
        state.family, (chosen) => ((state.family = chosen), draw()), t("family")), count),
    shelves);
  draw();
}

/** Drafts of this browser, as if they were scenarios. */
const kept = () => Object.entries(drafts()).map(([id, text]) => ({ id, title: headOf(text).title, origin: "drafts" }));

const familyOf = ({ origin, family }) => (origin === "library" ? family || "other" : origin);

const order = () => ["drafts", "workspace", ...allFamilies(), "other"];

const byFamily = (one, two) => order().indexOf(one) - order().indexOf(two);

function matches(scenario, { search, family }) {
  if (family && familyOf(scenario) !== family) return false;
  const channels = (scenario.channels ?? []).map(nameOf);
  const text = [scenario.id, scenario.title?.en, scenario.title?.ja, scenario.narrative, ...channels].join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function shelved(scenarios) {
  const families = [...new Set(scenarios.map(familyOf))].sort(byFamily);
  const members = (family) => scenarios.filter((scenario) => familyOf(scenario) === family);
  return families.map((family) => [family, inOrder(members(family), membersOf(family))]);
}

/** As the family lists them; others follow. */
const inOrder = (scenarios, ids) => {
  const rank = ({ id }) => (ids.includes(id) ? ids.indexOf(id) : ids.length);
  return scenarios.sort((one, two) => rank(one) - rank(two));
};

function shelf(family, scenarios) {
  return element("section", {}, element("h2", {}, familyName(family)),
    element("ul", { class: "scenarios" }, scenarios.map(card)));
}

function card(scenario) {
  const other = scenario.title?.[language() === "en" ? "ja" : "en"];
  return element("li", { class: "card" },
    element("h3", {}, element("a", { href: address(scenario.origin === "drafts" ? "story" : "scenario", scenario.id) }, either(scenario.title) || scenario.id)),
    other ? element("p", { class: "other", lang: language() === "en" ? "ja" : "en" }, other) : null,
    element("p", { class: "narrative" }, scenario.narrative ?? ""),
    element("p", { class: "foot" }, element("code", {}, scenario.id), " ",
      scenario.problems?.length ? element("span", { class: "tag implausible" }, t("has_problems")) : null));
}
