/** The start of the page: its head, and which view an address shows. */

import { announce, element, fill } from "./dom.js";
import { language, speak, t } from "./language.js";
import { readDictionary } from "./labels.js";
import { showCompare } from "./pages/compare.js";
import { showJob } from "./pages/job.js";
import { showLibrary } from "./pages/library.js";
import { showResult } from "./pages/result.js";
import { showRun } from "./pages/run.js";
import { showRuns } from "./pages/runs.js";
import { showScenario } from "./pages/scenario.js";
import { showStory } from "./pages/story.js";
import { address, go, here } from "./routes.js";
import { isAborted, readOnce, send } from "./server.js";
import { failure, waiting } from "./widgets.js";

/** @type {Record<string, (root: HTMLElement, route: import("./routes.js").Route, signal: AbortSignal) => Promise<void>>} */
const PAGES = {
  library: showLibrary, scenario: showScenario, story: showStory, run: showRun, job: showJob, result: showResult,
  compare: showCompare, runs: showRuns,
};

/** Pages in the head, and the views that belong to each. */
const HEAD = /** @type {const} */ ([["library", ["library", "scenario"]], ["story", ["story"]], ["run", ["run", "job"]], ["runs", ["runs", "result"]], ["compare", ["compare"]]]);

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const top_ = /** @type {HTMLElement} */ (document.getElementById("top"));
let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const route = here();
  drawHead(route.page);
  const page = PAGES[route.page];
  if (!page) return go("library");
  fill(main, waiting());
  window.scrollTo(0, 0);
  try {
    await readDictionary();
    await page(main, route, signal);
    if (!signal.aborted) name();
  } catch (error) {
    if (!isAborted(error) && !signal.aborted) fill(main, failure(error));
  }
}

/** Give the tab the title of what it shows, and say it. */
function name() {
  const title = main.querySelector("h1")?.textContent ?? "";
  document.title = title ? `${title} · jpsim` : "jpsim";
  announce(title);
}

function drawHead(page) {
  const links = HEAD.map(([target, views]) => element("a", {
    href: address(target), "aria-current": views.some((view) => view === page) ? "page" : null,
  }, t(target === "story" ? "story" : target === "run" ? "new_run" : target)));
  const languages = [["en", "English"], ["ja", "日本語"]].map(([code, text]) => element("button", {
    type: "button", lang: code, "aria-pressed": String(language() === code), on: { click: () => (speak(/** @type {any} */ (code)), void show()) },
  }, text));
  fill(top_, element("div", { class: "inside" },
    element("button", { type: "button", class: "skip", on: { click: () => main.focus() } }, t("skip")),
    element("a", { class: "brand", href: address("library") }, "jpsim"),
    element("nav", { "aria-label": t("pages") }, links),
    element("button", { type: "button", class: "invite", title: t("another_hint"), on: { click: () => void invite() } }, t("another_browser")),
    element("div", { class: "languages", role: "group", "aria-label": "Language 言語" }, languages)));
}

/** Show an address that opens the workbench in one more browser, once. */
async function invite() {
  const box = element("div", { class: "card invitation", role: "status" });
  main.querySelector(".invitation")?.remove();
  main.prepend(box);
  try {
    const { address: link } = await send("/api/links", {});
    const shown = /** @type {HTMLInputElement} */ (element("input", { type: "text", readonly: true, value: link, "aria-label": t("another_hint") }));
    fill(box, element("p", {}, t("another_hint")), shown);
    shown.focus();
    shown.select();
  } catch (error) {
    fill(box, failure(error));
  }
}

speak(language());
readOnce("/api/about").catch(() => null);
addEventListener("hashchange", () => void show());
void show();
