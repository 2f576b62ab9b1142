"""Runs of the workbench that were stopped go on where they were, and a session invites one more browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jpsim.errors import Stopped
from jpsim.runs import RunJournal
from jpsim.web import tasks
from jpsim.web.children import Failed
from jpsim.web.jobs import Jobs
from jpsim.web.refusals import Refusal
from tests.workbench import ORIGIN, carried_out, opened

ASKED = {"keys": {"scenarios": ["plain"], "paths": 20_000, "horizon": "2m", "innovations": "gaussian"},
         "drafts": {"plain": "schema: jpsim/scenario@1\nid: plain\n"}}  # fmt: skip


def test_a_run_that_was_stopped_has_the_bytes_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunJournal.__init__, "__defaults__", (0.0,))  # kept from the first shard on
    monkeypatch.chdir(tmp_path)
    told: list[dict[str, Any]] = []

    def stop_late(content: dict[str, Any]) -> None:
        told.append(content)
        if content.get("stage") == "storing":
            raise Stopped("stopped")

    asked = {**ASKED, "out": str(tmp_path / "a")}
    with pytest.raises(Stopped):
        tasks.run(asked, stop_late)
    [journal] = [content["journal"] for content in told if "journal" in content]
    assert (tmp_path / "a" / f".{journal}.journal" / "journal.json").is_file()
    resumed = tasks.run({**asked, "resume": journal}, lambda _: None)
    assert resumed["run_id"] == journal
    assert list((tmp_path / "a").glob(".*")) == []
    whole = tasks.run({**ASKED, "out": str(tmp_path / "b")}, lambda _: None)
    for name in ("summary.parquet", "distribution.parquet"):
        files = [tmp_path / out / run["run_id"] / name for out, run in (("a", resumed), ("b", whole))]
        assert files[0].read_bytes() == files[1].read_bytes()


class Child:
    """Draws for a while, keeps what it counted, and is stopped; the second time it ends."""

    warming = False

    def __init__(self, out: Path, keeps: bool) -> None:
        self.out, self.keeps, self.asked = out, keeps, list[Any]()

    async def ask(self, task: str, asked: Any, told: Any, wanted: Any) -> dict[str, Any]:
        assert await wanted()
        self.asked.append(asked)
        if "resume" in asked:
            return {"run_id": asked["resume"], "breached": None}
        told({"journal": "r1"})
        if self.keeps:
            (self.out / ".r1.journal").mkdir(parents=True)
            (self.out / ".r1.journal" / "journal.json").write_text("{}")
        raise Failed({"kind": "stopped", "message": "stopped", "problems": []})

    def start(self) -> None:
        """A child that lives needs no new one."""


@pytest.mark.parametrize("keeps", [True, False])
def test_only_what_was_kept_can_be_resumed_and_only_once(tmp_path: Path, keeps: bool) -> None:
    async def story() -> None:
        child = Child(tmp_path, keeps)
        jobs = Jobs(child, tmp_path)  # type: ignore[arg-type]
        jobs.start()
        job = jobs.submit({"keys": {"scenarios": ["plain"]}, "drafts": {}})
        while not job.ended:
            await job.changed.wait()
        assert job.to_json()["resumable"] is keeps
        if keeps:
            again = jobs.resume(job)
            while not again.ended:
                await again.changed.wait()
            assert again.state == "done"
            assert again.run_id == child.asked[1]["resume"] == "r1"
        with pytest.raises(Refusal):
            jobs.resume(job)
        await jobs.close()

    carried_out(story())


def test_a_session_invites_one_more_browser(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (client, _):
            asked = {"headers": {"origin": ORIGIN}, "json": {}}
            address = (await client.post("/api/links", **asked)).json()["address"]
            assert address.startswith(f"{ORIGIN}/?token=")
            client.cookies.clear()
            assert (await client.post("/api/links", **asked)).status_code == 401
            assert (await client.get(address)).status_code == 303
            assert (await client.get("/api/jobs")).status_code == 200
            client.cookies.clear()
            assert (await client.get(address)).status_code == 401

    carried_out(story())
