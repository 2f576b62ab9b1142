"""The shipped model is what the panel gives: again, to the byte."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from jpsim.calibration.learning import calibrate
from jpsim.calibration.priors import read_priors
from jpsim.errors import InputError
from jpsim.model.store import find_model, load_model, save_model

ARRAYS = (
    *("state", "c", "B", "Sigma", "alpha", "beta", "loadings", "common", "mix", "idio_sd", "idio_nu", "aggregation"),
    "impacts",
)


def _short_priors():
    priors = read_priors()
    shorter = {
        "sampler": {**priors["sampler"], "burn_in": 20, "kept": 30, "thin": 1, "stored": 4},
        "tails": {**priors["tails"], "scored_from": "2025-01"},
        "identification": {
            **priors["identification"],
            "chains": 4,
            "burn_in": 200,
            "kept": 5,
            "thin": 20,
            "descent": 50,
        },
    }
    return replace(priors, sections={**priors.sections, **shorter})


def _calibrate(panel, out, threads="1"):
    script = "from jpsim.cli import main; main()"
    words = ["--quiet", "calibrate", str(panel), "--out", str(out)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
    return subprocess.run(
        [sys.executable, "-c", script, *words], env=environment, capture_output=True, text=True, timeout=300
    )


def test_two_short_calibrations_are_the_same_bytes(data_dir, tmp_path):
    for name in ("first", "second"):
        calibration = calibrate(data_dir, priors=_short_priors())
        save_model(calibration.model, tmp_path / name, calibration.card)
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


@pytest.mark.slow
def test_calibrating_again_gives_the_shipped_model(data_dir, tmp_path):
    assert _calibrate(data_dir, tmp_path / "model").returncode == 0
    shipped, again = load_model("japan_monthly"), load_model(tmp_path / "model")
    for name in ARRAYS:
        expected = getattr(shipped, name)
        np.testing.assert_allclose(getattr(again, name), expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())
    for name, drawn in vars(shipped.draws).items():
        np.testing.assert_allclose(getattr(again.draws, name), drawn, rtol=1e-5, atol=1e-6 * np.abs(drawn).max())
    for name in ("nu", "sv_phi", "sv_sigma", "sv_start"):
        assert getattr(again, name) == pytest.approx(getattr(shipped, name), rel=1e-5)
    assert again.meta["panel_sha256"] == shipped.meta["panel_sha256"]
    assert again.meta["priors_sha256"] == shipped.meta["priors_sha256"]


@pytest.mark.slow
def test_calibrations_with_one_and_two_threads_are_the_same_bytes(data_dir, tmp_path):
    for threads in ("1", "2"):
        assert _calibrate(data_dir, tmp_path / threads, threads).returncode == 0
    for file in (tmp_path / "1").iterdir():
        assert file.read_bytes() == (tmp_path / "2" / file.name).read_bytes()


def test_a_panel_with_a_hole_is_refused_by_column_and_month(data_dir, tmp_path):
    for file in data_dir.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    panel = tmp_path / "panel_monthly.csv"
    lines = panel.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("vix")
    row = next(i for i, line in enumerate(lines) if line.startswith("2015-06"))
    cells = lines[row].split(",")
    cells[column] = ""
    panel.chmod(0o644)
    panel.write_text("\n".join([*lines[:row], ",".join(cells), *lines[row + 1 :]]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="'vix' is blank in 2015-06"):
        calibrate(tmp_path)
    result = _calibrate(tmp_path, tmp_path / "model")
    assert result.returncode == 2
    assert "'vix' is blank in 2015-06" in result.stderr
    assert not (tmp_path / "model").exists()


def test_the_shipped_priors_are_those_of_the_package():
    assert load_model(find_model("japan_monthly")).meta["priors_sha256"] == read_priors().sha256
