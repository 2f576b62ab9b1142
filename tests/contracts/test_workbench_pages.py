"""The workbench's pages in a real browser, served by the real process: what a strategist does with them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from jpsim import api
from jpsim.analysis.contrasts import Comparison
from jpsim.dictionary import factors, series
from jpsim.reporting.labels import label_of
from jpsim.runs import load_run_folder
from jpsim.scenario import draft_scenario, load_scenario
from jpsim.scenario.library import packaged_library

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "jpsim" / "web" / "static"
HOSTILE = "<img src=x onerror=alert(1)>'\"`{{7*7}}${7*7}</script><script>alert(2)</script>\u202e"
STORY = f"""\
schema: jpsim/scenario@1
id: hostile
title: {{en: {json.dumps(HOSTILE)}, ja: {json.dumps("日本 " + HOSTILE)}}}
narrative: {json.dumps(HOSTILE)}
sources: [{json.dumps(HOSTILE)}, "javascript:alert(3)"]
extends: boj_hike
conditions:
  usdjpy: {{change: {{12m: -5%}}}}
"""


class Workbench:
    """A served workbench and a browser's session with it, with everything that the pages said or asked for."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.folder, self.browser = folder, browser
        words = [sys.executable, "-m", "jpsim", "serve", "--port", "0", "--no-browser"]
        inherited = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(words, cwd=folder, env=inherited, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.opening = self.process.stdout.readline().strip()
        self.base = self.opening.split("/?")[0]
        self.seen: list[tuple[str, str]] = []
        self.context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self._note(self.page)
        self.page.goto(self.opening)

    def _note(self, page: Any) -> None:
        page.on("request", lambda request: self.seen.append(("request", request.url)))
        page.on("console", lambda message: self.seen.append(("console", message.text)))
        page.on("pageerror", lambda error: self.seen.append(("error", str(error))))
        page.on("dialog", lambda dialog: self.seen.append(("dialog", dialog.message)))

    def show(self, view: str) -> Any:
        """Go to a view and wait until everything in it has arrived."""
        self.page.goto(f"{self.base}/#/{view}")
        self.page.reload()
        return self.settle()

    def settle(self) -> Any:
        self.page.wait_for_selector("main h1")
        self.page.wait_for_selector("main [aria-busy], main .waiting", state="detached")
        return self.page

    def close(self) -> None:
        self.context.close()
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def workbench(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("workbench")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "hostile.yaml").write_text(STORY, encoding="utf-8")
    opened = Workbench(browser, folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def run_id(workbench: Workbench) -> str:
    """A run that was asked for by hand: two scenarios, 2,000 paths."""
    page = workbench.show("run?scenarios=baseline,hostile&paths=2000")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/#/result/**")
    return str(page.url.split("/result/")[1].split("?")[0])


def text_of(page: Any) -> str:
    return str(page.locator("main").inner_text())


def test_token_opens_one_session_and_a_stranger_gets_nothing(workbench: Workbench) -> None:
    assert "token" not in workbench.page.url
    stranger = workbench.browser.new_context()
    answers = [stranger.new_page().goto(address).status for address in (workbench.base, workbench.opening)]
    stranger.close()
    assert answers == [401, 401]


def test_a_page_makes_an_address_for_one_more_browser(workbench: Workbench) -> None:
    workbench.show("library").click(".invite")
    address = workbench.page.input_value(".invitation input")
    assert address.startswith(f"{workbench.base}/?token=")
    assert workbench.page.evaluate("document.activeElement.value") == address  # chosen, so that it can be copied
    context = workbench.browser.new_context()
    other = context.new_page()
    other.goto(address)
    assert other.inner_text("h1") == "Library"
    context.close()


def test_library_is_searched_in_both_languages(workbench: Workbench) -> None:
    page = workbench.show("library")
    assert page.locator(".scenarios .card").count() == len(list(packaged_library().glob("*.yaml"))) + 1
    page.get_by_label("Search scenarios").fill("円急騰")
    assert page.locator(".scenarios h3").all_inner_texts() == ["Yen surge as carry trades unwind"]
    page.get_by_role("button", name="日本語").click()
    workbench.settle()
    assert page.locator(".scenarios h3").all_inner_texts() == ["円急騰とキャリー取引の巻き戻し"]
    assert page.evaluate("document.documentElement.lang") == "ja"
    page.get_by_role("button", name="English").click()


def test_a_mistake_has_line_and_column_a_click_goes_there_and_undo_mends_it(workbench: Workbench) -> None:
    page = workbench.show("story?from=boj_hike")
    editor = page.get_by_label("Text of the story")
    text = editor.input_value()
    line = text.split("\n").index("  jgb_10y:") + 1
    editor.evaluate("(area, at) => { area.focus(); area.setSelectionRange(at, at); }", text.index("  jgb_10y:") + 9)
    page.keyboard.type("z")
    place = page.locator(".problems .place").first
    assert re.match(rf"{line}:3 no factor is called 'jgb_10yz'", place.inner_text())
    assert "write jgb_10y" in page.locator(".problems").inner_text()
    page.locator("h1").click()
    place.click()
    assert editor.evaluate("area => area.selectionStart") == text.index("jgb_10y:")
    assert page.locator(".line.wrong").inner_text().startswith("  jgb_10yz:")
    page.keyboard.press("Control+z")
    page.locator("main").get_by_text("No problems found").wait_for()
    assert editor.input_value() == text


def test_a_knob_edits_the_text_in_place_and_explains_anew(workbench: Workbench) -> None:
    page = workbench.show("story?from=boj_hike")
    editor = page.get_by_label("Text of the story")
    before = editor.input_value()
    page.get_by_label("JGB 10-year yield, Change 12m", exact=True).press("ArrowRight")
    after = editor.input_value()
    assert after == before.replace("+40bp", "+45bp")
    page.get_by_label("JGB 10-year yield, Change 12m, bp").fill("70")
    (workbench.folder / "same.yaml").write_text(editor.input_value(), encoding="utf-8")
    share = api.explain(workbench.folder / "same.yaml")["plausibility"]["share"]
    page.locator(".plausibility .big", has_text=f"{100 * share:.0f}%").wait_for()
    page.get_by_role("button", name="Undo").click()
    assert "70bp" not in editor.input_value()


def test_two_stories_of_a_mixture_share_the_whole(workbench: Workbench) -> None:
    page = workbench.show("story?from=boj_contested")
    editor = page.get_by_label("Text of the story")
    before = editor.input_value()
    page.get_by_label("boj_hike_policy_shock, Weight", exact=True).press("ArrowRight")
    assert editor.input_value() == before.replace("40%", "45%").replace("60%", "55%")
    page.get_by_text("No problems found").wait_for()


def test_a_story_is_saved_once_and_replaced_on_purpose(workbench: Workbench) -> None:
    page = workbench.show("story?from=yen_slide")
    page.get_by_role("button", name="Save").click()
    page.locator("main").get_by_text("Saved as scenarios/my_yen_slide.yaml").wait_for()
    saved = workbench.folder / "scenarios" / "my_yen_slide.yaml"
    assert saved.read_text(encoding="utf-8") == page.get_by_label("Text of the story").input_value()
    page = workbench.show("story?from=yen_slide")  # another story of that id begins
    text = page.get_by_label("Text of the story")
    text.fill(text.input_value().replace("my_yen_slide_2", "my_yen_slide") + "# again\n")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Replace it").click()
    page.locator("main").get_by_text("Saved as scenarios/my_yen_slide.yaml").wait_for()
    assert saved.read_text(encoding="utf-8").endswith("# again\n")


def test_a_draft_outlives_a_reload_and_is_discarded_on_purpose(workbench: Workbench) -> None:
    page = workbench.show("story?from=oil_shock")
    page.get_by_label("Text of the story").press("End")
    page.keyboard.type("# kept")
    page.reload()
    workbench.settle()
    assert "# kept" in page.get_by_label("Text of the story").input_value()
    page.get_by_role("button", name="Discard draft").click()
    page.wait_for_url("**/#/library**")
    workbench.settle()
    assert page.get_by_text("my_oil_shock").count() == 0


def test_table_says_what_the_stored_summary_says(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?scenario=hostile&month=6&kind=all")
    table = pq.read_table(workbench.folder / "outputs" / run_id / "summary.parquet").to_pylist()
    stored = {(row["scenario"], row["series"]): row for row in table if row["month"] == 6}
    for name in ("topix", "banks", "growth", "usdjpy", "jgb_10y", "sp500"):
        row, reference = stored["hostile", name], stored["baseline", name]
        label = label_of(name, row["kind"], row["q50"])
        cells = page.locator(f"tr[data-series={name}] > *").all_inner_texts()
        assert cells[0] == label.name_with_unit("en")
        assert cells[1] == f"{label.style.level(row['mean'])} ±{label.style.error(row['mean_se'])}"
        assert cells[2] == f"{label.style.level(row['q05'])} … {label.style.level(row['q95'])}"
        assert cells[3] == f"{100 * row['p_loss']:.1f}%"
        assert cells[5].startswith(label.style.change(row["mean"] - reference["mean"]))


def test_side_by_side_tells_the_differences_of_means(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?table=all")
    table = pq.read_table(workbench.folder / "outputs" / run_id / "summary.parquet").to_pylist()
    stored = {(row["scenario"], row["series"]): row for row in table if row["month"] == 12}
    for name in ("topix", "banks", "usdjpy", "jgb_10y"):
        means = [stored[scenario, name]["mean"] for scenario in ("baseline", "hostile")]
        style = label_of(name, stored["baseline", name]["kind"], stored["baseline", name]["q50"]).style
        cells = page.locator(f"tr[data-series={name}] td").all_inner_texts()
        assert cells == [style.level(means[0]), style.change(means[1] - means[0])]


def test_keys_move_the_month_in_a_chart(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?series=banks&month=12")
    page.locator("svg.fan").press("ArrowLeft")
    page.locator("svg.fan").press("ArrowLeft")
    assert page.locator("svg.fan").get_attribute("aria-valuenow") == "10"
    workbench.settle()
    assert "month=10" in page.url


def test_sorting_and_the_month_are_kept_in_the_address(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?kind=sector17")
    page.get_by_role("button", name="Δ mean").click()
    page.get_by_label("Month", exact=True).press("ArrowLeft")
    page.reload()
    workbench.settle()
    assert page.locator(".months output").inner_text() == "2026-12"
    changes = [float(text.split(" ")[0].replace("−", "-")) for text in page.locator("td:last-child").all_inner_texts()]
    assert len(changes) == 17
    assert changes == sorted(changes, reverse=True)


def test_waterfall_sums_from_the_reference_to_the_scenario(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?series=banks")
    shown = page.locator(".waterfall .tick").all_text_contents()
    first, *steps, last = [float(text.replace("−", "-")) for text in shown]
    assert len(steps) > 3
    assert first + sum(steps) == pytest.approx(last, abs=0.05 * (len(steps) + 2))


def test_comparison_says_what_the_facade_says(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"compare?a={run_id}:baseline&b={run_id}:hostile&kind=sector17")
    run = load_run_folder(workbench.folder / "outputs" / run_id)
    compared = api.compare(run["baseline"], run["hostile"])
    assert isinstance(compared, Comparison)
    told = compared.to_dict()["comparisons"][0]["series"]
    names = {row.name_en: row.id for row in series().values() if row.kind == "sector17"}
    shown = page.locator(".forest .tick.strong").all_text_contents()
    expected = sorted((told[name]["differences"]["mean"]["value"] for name in names.values()), reverse=True)
    assert shown == [label_of("banks", "sector17").style.change(value) for value in expected]
    assert "conditions.usdjpy" in page.locator(".assumptions").inner_text()


def test_files_are_verified_and_the_report_opens(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}")
    page.get_by_role("button", name="Verify the files").click()
    page.locator("main").get_by_text("Every file is as it was written.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="resolved.yaml").click()
    assert "jpsim/run@1" in Path(download.value.path()).read_text(encoding="utf-8")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Full report").click()
    assert "Scenario report" in popup.value.locator("body").inner_text()
    popup.value.close()


def test_a_run_is_cancelled_and_leaves_nothing(workbench: Workbench) -> None:
    stored = set((workbench.folder / "outputs").glob("*"))
    page = workbench.show("run?scenarios=baseline,boj_hike&paths=5000000")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("button", name="Cancel").click()
    page.locator("main").get_by_text("Cancelled; nothing was stored").wait_for()
    assert set((workbench.folder / "outputs").glob("*")) == stored


VIEWS = ["library", "scenario/hostile", "story/hostile", "run?scenarios=baseline,hostile&paths=2000", "runs"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_titles_are_text_and_narrow_pages_do_not_overflow(
    workbench: Workbench, run_id: str, language: str
) -> None:
    page = workbench.show("library")
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("button", name={"en": "English", "ja": "日本語"}[language]).click()
    for view in [*VIEWS, f"result/{run_id}", f"compare?a={run_id}:baseline&b={run_id}:hostile"]:
        workbench.show(view)
        assert HOSTILE[:28] in page.content().replace("&lt;", "<").replace("&gt;", ">")
        assert page.locator("main img, main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, view
    page.get_by_role("button", name="English").click()
    page.set_viewport_size({"width": 1280, "height": 900})


def test_names_of_the_dictionary_are_japanese_on_japanese_pages(workbench: Workbench, run_id: str) -> None:
    page = workbench.show(f"result/{run_id}?kind=all")
    page.get_by_role("button", name="日本語").click()
    workbench.settle()
    shown = set(page.locator("tbody th .link").all_inner_texts())
    page.get_by_role("button", name="English").click()
    assert {row.name_ja for row in series().values()} <= shown
    assert any(text.startswith(factors()["jgb_10y"].name_ja) for text in shown)


STATEMENTS = ["conditions", "combinations", "impulses", "rules", "views", "mixture", "drivers", "regime", "premium"]


def test_a_version_of_ones_own_says_what_its_parent_says(workbench: Workbench) -> None:
    """Every scenario of the library, read by the loader: same statements, another id and title."""
    page = workbench.show("library")
    script = "async scenario => (await import('/static/drafts.js')).ownVersion(scenario, () => false)"
    for path in sorted(packaged_library().glob("*.yaml")):
        parent = load_scenario(path.stem)
        title = parent.title.model_dump() if parent.title else {}
        text = page.evaluate(script, {"id": path.stem, "text": path.read_text(encoding="utf-8"), "title": title})
        own = draft_scenario(text, near=workbench.folder)
        assert own.id == f"my_{path.stem}"
        for said in STATEMENTS:
            assert getattr(own, said) == getattr(parent, said), (path.stem, said)


def test_places_of_values_are_those_that_a_yaml_parser_finds(workbench: Workbench) -> None:
    """Every scalar of every scenario of the library, against PyYAML's marks."""
    page = workbench.show("library")
    for path in sorted(packaged_library().glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        script = "async text => (await import('/static/leaves.js')).leavesOf(text).map(l => [l.path, l.start, l.end])"
        found = {(*leaf, start, end) for leaf, start, end in page.evaluate(script, text)}
        assert found == set(marks(yaml.compose(text), ())), path.name


def marks(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from marks(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from marks(value, (*path, str(place)))
    elif node.style not in ("|", ">") and node.start_mark.index < node.end_mark.index:
        yield (*path, node.start_mark.index, node.end_mark.index)


def test_pages_were_quiet_and_asked_nobody_else(workbench: Workbench, run_id: str) -> None:
    """After everything above: no dialog, no error, no message, no request to another place.

    The browser itself notes the one answer that a test provoked: a scenario that was not to be replaced.
    """
    spoken = [entry for entry in workbench.seen if entry[0] != "request" and "409 (Conflict)" not in entry[1]]
    asked = {url for kind, url in workbench.seen if kind == "request"}
    assert len(asked) > 50
    assert [url for url in asked if not url.startswith(f"{workbench.base}/")] == []
    assert spoken == []


def test_every_word_is_used_and_defined_in_both_languages() -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in STATIC.rglob("*.js")}
    words = re.findall(r'^  (\w+): \["(.*)", "(.*)"\],$', scripts.pop("words.js"), re.MULTILINE)
    code = "\n".join(scripts.values())
    defined = {name for name, *_ in words}
    assert len(defined) == len(words) > 150
    assert all(english and japanese for _, english, japanese in words)
    asked = set(re.findall(r'\bt\("(\w+)"', code))
    assert asked <= defined
    composed = tuple(re.findall(r"\b(?:t|hasWord)\(`(\w+_)\$", code))
    assert {name for name in defined - asked if not name.startswith(composed) and f'"{name}"' not in code} == set()


def test_pages_write_no_markup_and_reach_for_nothing_outside() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in STATIC.rglob("*") if path.is_file()}
    assert len(texts) > 30
    for path, text in texts.items():
        found = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        assert found == [], path.name
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}, path.name
        assert len(text.splitlines()) < 350, path.name
        assert "createElement" not in text or path.name == "dom.js", path.name
        assert not re.search(r"\bfetch\(|new (EventSource|XMLHttpRequest|WebSocket)", text) or path.name == "server.js"
