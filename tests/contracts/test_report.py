"""The offline report in a real browser: no request, no script, no error, and every text inert."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from jpsim.reporting.html import render_report
from jpsim.reporting.reasons import attribution_reasons
from jpsim.runs import write_run_folder
from tests.browser import open_page
from tests.synthetic_run import MANIFEST, RESOLVED, synthetic_run

HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\"><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
    "</style><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}",
)


@pytest.fixture(scope="module")
def report():
    return render_report(synthetic_run())


class _Elements(HTMLParser):
    """Collect the elements and attributes of a document."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(text):
    parser = _Elements()
    parser.feed(text)
    return parser.found


def test_the_report_is_one_small_file_that_names_no_other(report):
    assert len(report.encode()) < 3_000_000
    for tag, attributes in elements(report):
        assert tag not in ("script", "iframe", "object", "embed", "form", "img")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("src") is None
        assert re.fullmatch(r"data:,|#\w+", attributes.get("href", "data:,"))
    assert re.search(r"https?://", report) is None


def test_the_policy_forbids_scripts_and_the_network(report):
    policy = next(a["content"] for t, a in elements(report) if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_same_run_gives_the_same_bytes(report):
    command = "from tests.synthetic_run import synthetic_run; from jpsim.reporting.html import render_report; "
    command += "import sys; sys.stdout.buffer.write(render_report(synthetic_run()).encode())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    project = Path(__file__).parents[2]
    again = subprocess.run(
        [sys.executable, "-c", command], cwd=project, env=environment, stdout=subprocess.PIPE, check=True
    )
    assert again.stdout == report.encode()


def test_the_report_tells_what_the_run_says(report):
    text = re.sub(r"<[^>]*>", " ", report)
    run = synthetic_run()
    topix = run["boj_hike"]["topix"].at(12)
    assert f"+{100 * topix.mean:.1f}%" in text
    assert f"{100 * topix.p_loss:.1f}%" in text
    for told in (MANIFEST["run_id"], MANIFEST["content_hash"], MANIFEST["model"]["sha256"], "日銀、1年で1.50%へ利上げ"):
        assert told in text
    assert "the policy path lies 35bp above what yields price at 12 months" in text


def test_one_language_leaves_the_other_out():
    english, japanese = render_report(synthetic_run(), ("en",)), render_report(synthetic_run(), ("ja",))
    assert "銀行" not in english
    assert "What was assumed" not in japanese
    assert '<html lang="ja">' in japanese


def test_a_run_of_one_scenario_without_words_is_reported():
    run = synthetic_run(resolved="schema: jpsim/run@1\nscenarios: [baseline, boj_hike]\n")
    assert "<h1>" in render_report(run)


def test_a_browser_opens_it_without_request_or_message(browser, report, tmp_path):
    page, seen = open_page(browser, tmp_path, report, viewport={"width": 1280, "height": 900})
    assert seen == []
    assert page.title() == "BOJ hikes to 1.50% in a year · Scenario report"
    assert page.locator("#happens figure svg").count() == 18
    assert page.evaluate("document.fonts.size") == 0


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_it_fits_phones_and_screens(browser, report, tmp_path, width):
    page, _ = open_page(browser, tmp_path, report, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chart = page.locator("#happens figure svg").first.bounding_box()
    assert 250 < chart["width"] <= width


def test_the_language_is_switched_without_a_script(browser, report, tmp_path):
    page, _ = open_page(browser, tmp_path, report, java_script_enabled=False)
    assert page.get_by_role("heading", name="What was assumed").is_visible()
    page.click("label[for=show-ja]")
    assert page.get_by_role("heading", name="前提").is_visible()
    assert not page.get_by_role("heading", name="What was assumed").is_visible()


def test_a_month_under_the_pointer_is_read_out(browser, report, tmp_path):
    page, _ = open_page(browser, tmp_path, report, viewport={"width": 1280, "height": 900})
    chart = page.locator("#happens figure svg").first
    chart.locator(".month").nth(5).locator("rect").hover()
    topix = synthetic_run()["boj_hike"]["topix"].at(6)
    shown = chart.locator(".month .reading").nth(5)
    assert shown.is_visible()
    assert not chart.locator(".rest").is_visible()
    assert f"2026-07  +{100 * topix.quantile(0.5):.1f}" in shown.text_content()


def test_print_keeps_the_charts_and_drops_the_switch(browser, report, tmp_path):
    page, _ = open_page(browser, tmp_path, report)
    page.emulate_media(media="print")
    assert not page.locator(".languages").is_visible()
    assert page.locator("#happens figure svg").first.is_visible()


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_text_is_only_text(browser, tmp_path, attack):
    resolved = yaml.safe_load(RESOLVED)
    for scenario in resolved["scenarios"]:
        scenario |= {"title": {"en": attack, "ja": attack}, "narrative": attack, "sources": [attack]}
    run = synthetic_run(resolved=yaml.safe_dump(resolved))
    run.diagnostics["boj_hike"]["warnings"] = [attack]
    run.diagnostics["boj_hike"]["assumptions"] = [
        {"series": attack, "when": attack, "statement": attack, attack: attack}
    ]
    page, seen = open_page(browser, tmp_path, render_report(run))
    page.wait_for_timeout(100)
    assert seen == []
    assert page.title() != "owned"
    assert page.locator("script, img").count() == 0
    assert page.locator("h1").inner_text() == f"{attack} (boj_hike)"  # two scenarios of one title


def test_the_command_rebuilds_the_stored_report(report, tmp_path):
    write_run_folder(synthetic_run(), tmp_path / "runs", {"report.html": report.encode()})
    command = [sys.executable, "-c", "from jpsim.cli import main; main()", "report", MANIFEST["run_id"][:12]]
    command += ["--out", str(tmp_path / "runs"), "--into", str(tmp_path / "reports"), "--json"]
    answer = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)
    [path] = json.loads(answer.stdout)["files"]
    assert Path(path).read_text(encoding="utf-8") == report


@pytest.mark.parametrize(("option", "told"), [("--format=doc", "doc"), ("--lang=fr", "fr")])
def test_the_command_refuses_by_name_what_it_cannot_do(tmp_path, option, told):
    command = [
        sys.executable,
        "-c",
        "from jpsim.cli import main; main()",
        "report",
        "x",
        option,
        "--out",
        str(tmp_path),
    ]
    answer = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_reasons_add_up_to_the_difference_of_means():
    """The last row of the report's table is the difference of the two means in the run's summary."""
    run = synthetic_run()
    reasons = attribution_reasons(run, "boj_hike", 12)
    for label, total in zip(reasons.series, reasons.total, strict=True):
        change = run["boj_hike"][label.output].at(12).mean - run["baseline"][label.output].at(12).mean
        assert total.text == label.style.change(change)
    assert [driver if isinstance(driver, str) else driver.output for driver, _ in reasons.rows] == [
        "jgb_10y",
        "jgb_2y",
        "usdjpy",
        "driver_rest",
    ]
    assert attribution_reasons(run, "baseline", 12) is None
