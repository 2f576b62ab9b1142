"""The workbench's interface: what each request answers, against the command line's own words and stored files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from jpsim.cli.explain import command as explain_command
from jpsim.runs import write_run_folder
from jpsim.web.desk import Desk
from jpsim.web.pace import Pace
from jpsim.web.run_routes import job_routes, result_routes
from jpsim.web.scenario_routes import scenario_routes
from tests.synthetic_run import MANIFEST, synthetic_run
from tests.workbench import ORIGIN, asked, carried_out, opened, settings

SCENARIO = """\
schema: jpsim/scenario@1
id: mine
title: {en: Mine, ja: 私の}
extends: boj_hike
conditions:
  usdjpy: {change: {12m: -5%}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_about_names_models_and_defaults(folder: Path) -> None:
    told = asked(folder, "GET", "/api/about").json()
    assert {"japan_monthly", "japan_daily"} == {model["id"] for model in told["models"]}
    assert told["defaults"]["paths"] == 100_000
    assert "student_t" in told["knobs"]["innovations"]["options"]


def test_library_is_listed_with_families(folder: Path) -> None:
    rows = {row["id"]: row for row in asked(folder, "GET", "/api/scenarios").json()}
    assert len(rows) >= 40
    assert rows["boj_hike"]["family"] == "boj_family"
    assert rows["boj_hike"]["extends"] == ["baseline"]
    assert {row["origin"] for row in rows.values()} == {"library"}
    assert [name for name, row in rows.items() if row["problems"] or row["family"] is None] == []


def test_a_mistake_is_told_with_its_place_in_the_words_of_the_command_line(folder: Path) -> None:
    told = asked(folder, "POST", "/api/scenarios/check", json={"text": SCENARIO.replace("-5%", "-5")}).json()
    [problem] = told["problems"]
    (folder / "mine.yaml").write_text(SCENARIO.replace("-5%", "-5"))
    from click.testing import CliRunner

    from jpsim.cli.validate import command

    [said] = json.loads(CliRunner().invoke(command, ["mine.yaml", "--json"]).stdout)["files"][0]["problems"]
    assert (problem["line"], problem["column"]) == (6, 26)
    assert said == f"mine.yaml:6:26: {problem['message']}"


def test_explaining_a_text_is_what_the_command_says_of_a_file(folder: Path) -> None:
    (folder / "mine.yaml").write_text(SCENARIO)
    from click.testing import CliRunner

    said = json.loads(CliRunner().invoke(explain_command, ["mine.yaml", "--json"]).stdout)
    told = asked(folder, "POST", "/api/scenarios/explain", json={"text": SCENARIO}).json()
    assert {key: told[key] for key in said} == said
    assert told["unconditional"]["usdjpy"]["q05"][11] < said["bands"]["usdjpy"]["q05"][11]


def test_a_run_from_asking_to_reading(folder: Path) -> None:
    """Two clients: one asks and watches, the other reads; numbers are those of the stored file."""

    async def story() -> None:
        async with opened(folder) as (client, _):
            write = {"origin": ORIGIN}
            body = {"scenarios": ["baseline", "mine"], "drafts": {"mine": SCENARIO}, "paths": 2048, "seed": 3}
            job = (await client.post("/api/runs", json=body, headers=write)).json()["job"]
            states = await events(client, job)
            assert states[-1]["state"] == "done"
            shares = [state["share"] for state in states]
            assert shares == sorted(shares)
            run = states[-1]["run_id"]
            await check_numbers(client, run, folder / "outputs" / run)

    carried_out(story())


async def events(client: Any, job: str) -> list[dict[str, Any]]:
    async with client.stream("GET", f"/api/jobs/{job}/events") as stream:
        return [json.loads(line[6:]) async for line in stream.aiter_lines() if line.startswith("data: ")]


async def check_numbers(client: Any, run: str, stored: Path) -> None:
    [entry] = (await client.get("/api/runs")).json()
    assert entry["run_id"] == run
    about = (await client.get(f"/api/runs/{run}")).json()
    assert [scenario["id"] for scenario in about["scenarios"]] == ["baseline", "mine"]
    assert about["scenarios"][1]["title"] == {"en": "Mine", "ja": "私の"}
    rows = {
        (row["scenario"], row["series"], row["month"]): row
        for row in pq.read_table(stored / "summary.parquet").to_pylist()
    }
    answer = await client.get(f"/api/runs/{run}/summary", params={"scenario": "mine", "kind": "sector17", "month": 12})
    assert len(answer.json()) == 17
    for row in answer.json():
        assert row == rows["mine", row["series"], 12]
    fan = (await client.get(f"/api/runs/{run}/fan", params={"series": "topix"})).json()
    for month in (1, 12):
        assert fan["scenarios"]["mine"]["q05"][month - 1] == rows["mine", "topix", month]["q05"]
        assert fan["scenarios"]["mine"]["mean_se"][month - 1] == rows["mine", "topix", month]["mean_se"]
    words = {"scenario": "mine", "series": "topix", "month": 12}
    assert about["attributions"] == ["factor", "condition", "shock", "earnings"]
    for by in ("factor", "condition", "shock"):
        parts = (await client.get(f"/api/runs/{run}/attribution", params={**words, "by": by})).json()
        difference = rows["mine", "topix", 12]["mean"] - rows["baseline", "topix", 12]["mean"]
        assert sum(part["contribution"] for part in parts["drivers"]) == pytest.approx(difference, abs=1e-12)


RUN = "20260130T101500Z-1a2b3c4d"


@pytest.fixture
def stored(folder: Path) -> Path:
    """A run that was made up, stored where the workbench looks."""
    return write_run_folder(synthetic_run(), folder / "outputs", {"report.html": HOSTILE.encode()})


HOSTILE = "<!doctype html><script>fetch('/api/runs')</script><title>x</title>"


def test_a_stored_report_can_neither_run_scripts_nor_reach_the_workbench(folder: Path, stored: Path) -> None:
    answer = asked(folder, "GET", f"/api/runs/{RUN}/report")
    policy = answer.headers["content-security-policy"]
    assert answer.text == HOSTILE
    assert policy.startswith("sandbox;")
    assert "allow-" not in policy
    assert "script" not in policy
    assert "default-src 'none'" in policy


def test_files_are_those_of_the_manifest_as_downloads(folder: Path, stored: Path) -> None:
    (stored / "extra.txt").write_text("x")
    (folder / "outputs" / "other.txt").write_text("x")
    answer = asked(folder, "GET", f"/api/runs/{RUN}/files/report.html")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]
    for name in ("extra.txt", "manifest.json", "..%2fother.txt", "nothing"):
        assert asked(folder, "GET", f"/api/runs/{RUN}/files/{name}").status_code == 404


def test_verifying_tells_each_damaged_file_by_name(folder: Path, stored: Path) -> None:
    assert asked(folder, "POST", f"/api/runs/{RUN}/verify", json={}).json()["ok"]
    (stored / "summary.parquet").write_bytes(b"x")
    (stored / "extra.txt").write_text("x")
    answer = asked(folder, "POST", f"/api/runs/{RUN}/verify", json={})
    assert not answer.json()["ok"]
    assert {problem["message"].partition(":")[2].split(":")[0].strip() for problem in answer.json()["problems"]} == {
        "summary.parquet", "extra.txt",
    }  # fmt: skip
    assert str(folder) not in answer.text
    refused = asked(folder, "GET", f"/api/runs/{RUN}/fan?series=topix")
    assert refused.status_code == 422
    assert str(folder) not in refused.text


def test_distributions_are_densities_of_the_stored_histograms(folder: Path, stored: Path) -> None:
    """Against the normal laws that the run was made of: areas are one, means those of the summary."""
    for series in ("topix", "usdjpy"):
        told = asked(folder, "GET", f"/api/runs/{RUN}/distribution?series={series}&month=12").json()
        fan = asked(folder, "GET", f"/api/runs/{RUN}/fan?series={series}").json()
        for name, one in told["scenarios"].items():
            edges, density = np.array(one["edges"]), np.array(one["density"])
            assert density.size <= 128
            mass = density * np.diff(edges)
            mean = (mass * (edges[1:] + edges[:-1]) / 2).sum()
            assert mass.sum() == pytest.approx(1.0, abs=1e-9)
            assert mean == pytest.approx(fan["scenarios"][name]["mean"][11], rel=2e-3)


REFUSED = [
    ("fan", 404), ("fan?series=nothing", 404), ("fan?series=topix&series=topix", 400), ("fan?file=x", 400),
    ("summary?scenario=x", 404), ("summary?kind=x", 404), ("summary?month=13", 422), ("summary?month=-1", 400),
    ("distribution?series=topix&month=0", 422), ("distribution?series=topix&month=1e3", 400),
    ("attribution?scenario=boj_hike&series=topix&month=3", 422),
    ("attribution?scenario=boj_hike&series=topix&by=shock", 404),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status"), REFUSED)
def test_what_a_run_does_not_hold_is_refused(folder: Path, stored: Path, words: str, status: int) -> None:
    answer = asked(folder, "GET", f"/api/runs/{RUN}/{words}")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_numbers_that_are_none_are_null(folder: Path) -> None:
    whole = synthetic_run()
    errors = {**whole.errors, "mean": np.full_like(whole.errors["mean"], np.nan)}
    write_run_folder(replace(whole, errors=errors), folder / "outputs")
    [row, *_] = asked(folder, "GET", f"/api/runs/{RUN}/summary?scenario=baseline&month=12&kind=index").json()
    assert row["mean_se"] is None
    assert row["sd_se"] > 0


def test_the_catalogue_tells_newest_first_and_damage(folder: Path, stored: Path) -> None:
    later = synthetic_run(manifest={**MANIFEST, "run_id": "20260201T000000Z-00000000"})
    damaged = write_run_folder(later, folder / "outputs")
    (damaged / "manifest.json").write_text("{}")
    rows = asked(folder, "GET", "/api/runs").json()
    assert [row["run_id"] for row in rows] == [damaged.name, RUN]
    assert "damaged" in rows[0]["damage"]
    assert str(folder) not in rows[0]["damage"]
    assert rows[1]["damage"] is None


def test_the_share_done_grows_and_the_time_left_is_told() -> None:
    told: list[dict[str, Any]] = []
    pace = Pace(told.append, scenarios=2)
    pace.begin("preparing")
    pace.begin("drawing", 10.0)
    for scenario in ("a", "b"):
        for done in (50, 100):
            pace.draw(scenario, done, 100)
    pace.begin("storing")
    shares = [one["share"] for one in told]
    assert [one["stage"] for one in told] == ["preparing", "drawing", "decomposing", "storing"]
    assert shares == sorted(shares)
    assert told[0]["seconds_left"] is None
    assert 0.5 < shares[-1] < 1.0
    assert all(one["seconds_left"] >= 0.0 for one in told[1:])


def test_every_route_is_documented(folder: Path, project: Path) -> None:
    page = (project / "docs" / "workbench.md").read_text(encoding="utf-8")
    desk = Desk(settings(folder))
    words = {"{scenario}": "ID", "{run}": "RUN", "{job}": "JOB", "{name}": "NAME", "{kind}": "scenario"}
    routes = [*scenario_routes(desk), *job_routes(desk), *result_routes(desk)]
    assert len(routes) >= 20
    for route in routes:
        path = re.sub(r"\{\w+\}", lambda found: words[found[0]], route.path)
        for method in (route.methods or set()) - {"HEAD"}:
            assert re.search(rf"`{method} {path}[`?]", page), (method, path)
