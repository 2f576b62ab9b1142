"""The workbench's interface: what each request answers, against the command line's own words and stored files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jpsim.cli.explain import command as explain_command
from tests.workbench import ORIGIN, asked, opened

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

    asyncio.run(story())


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
