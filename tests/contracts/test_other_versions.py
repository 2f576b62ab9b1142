"""Runs of a model that does not come with this version: read as ever, and carried out again where it is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import jpsim
from jpsim import api
from jpsim.cli import main
from jpsim.errors import DamagedError, InputError
from jpsim.model import store
from jpsim.model.store import load_model, save_model
from jpsim.runs import load_run_folder, verify_run
from jpsim.simulation import job

RUN = "schema: jpsim/run@1\nscenarios: [plain]\nmodel: {model}\npaths: 2048\nhorizon: 3m\ninnovations: gaussian\n"


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> tuple[Path, Path]:
    """A run on a packaged version that later versions do not come with, and where its folder has gone."""
    root = tmp_path_factory.mktemp("old")
    folder = root / "kept" / "japan_monthly"
    save_model(replace(load_model("japan_monthly"), version="2025.07.1"), folder, "# card\n")
    (root / "plain.yaml").write_text("schema: jpsim/scenario@1\nid: plain\n", encoding="utf-8")
    (root / "run.yaml").write_text(RUN.format(model="japan_monthly") + "formats: [parquet]\n", encoding="utf-8")
    packaged = store._packaged()
    with pytest.MonkeyPatch.context() as then:
        then.setattr(store, "_packaged", lambda: packaged | {"japan_monthly": {"2025.07.1": folder}})
        run = api.run(root / "run.yaml", out=root / "outputs")
    return root / "outputs" / run.run_id, folder


def test_it_is_read_and_verified_without_the_model(old):
    assert load_run_folder(old[0]).manifest["model"]["version"] == "2025.07.1"
    assert "summary.parquet" in verify_run(old[0])


def test_without_the_model_the_answer_says_which_one_is_needed(old, capsys):
    needed = load_model(old[1]).sha256
    with pytest.raises(InputError) as caught:
        api.reopen(old[0])
    [problem] = caught.value.problems
    assert f"used the model japan_monthly@2025.07.1, which jpsim {jpsim.__version__} has not" in problem.found
    assert problem.allowed == f"japan_monthly@2025.07.1 with sha256 {needed}"
    assert "--model FOLDER" in problem.fix
    with pytest.raises(SystemExit, match="2"):
        main(["runs", "replay", str(old[0])])
    assert needed in capsys.readouterr().err


def test_with_its_folder_the_run_has_the_same_bytes(old, capsys):
    answer = api.replay(old[0], models=[old[1]])
    assert answer.equal
    assert answer.changed == {}
    with pytest.raises(SystemExit, match="0"):
        main(["runs", "replay", str(old[0]), "--model", str(old[1]), "--json"])
    assert json.loads(capsys.readouterr().out)["equal"]


def test_another_model_of_that_name_is_refused_by_its_digest(old, tmp_path):
    other = tmp_path / "other"
    changed = load_model("japan_monthly")
    save_model(replace(changed, version="2025.07.1", alpha=changed.alpha * 1.0001), other, "# card\n")
    with pytest.raises(InputError, match=rf"other is japan_monthly@2025.07.1, sha256 {load_model(other).sha256}"):
        api.reopen(old[0], models=[other])
    assert api.reopen(old[0], models=[other, old[1]])[1].model.sha256 == load_model(old[1]).sha256


def test_a_model_in_a_folder_that_has_moved_is_named_anew(old, tmp_path):
    folder = tmp_path / "mine"
    save_model(replace(load_model("japan_monthly"), id="mine", version="1"), folder, "# card\n")
    (tmp_path / "plain.yaml").write_text("schema: jpsim/scenario@1\nid: plain\n", encoding="utf-8")
    (tmp_path / "run.yaml").write_text(RUN.format(model="mine") + "formats: [parquet]\n", encoding="utf-8")
    run = api.run(tmp_path / "run.yaml", out=tmp_path / "outputs")
    stored = tmp_path / "outputs" / run.run_id
    assert api.replay(stored).equal
    moved = folder.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="used the model mine@1"):
        api.reopen(stored)
    assert api.replay(stored, models=[moved]).equal


def test_edited_priors_are_named_with_the_digests_that_are_needed(old, monkeypatch):
    before = job._dictionary
    monkeypatch.setattr(job, "_dictionary", lambda name: before(name) + b"#" * (name == "rules.toml"))
    with pytest.raises(
        DamagedError, match=r"that .* used: rules.toml\n    allowed: rules.toml with sha256 [0-9a-f]{64}"
    ):
        api.reopen(old[0], models=[old[1]])
