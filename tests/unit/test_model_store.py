"""Models on disk: round trip, damage, and what no model may be."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from jpsim.errors import DamagedError, InputError
from jpsim.model.checks import check_model
from jpsim.model.core import ParameterDraws
from jpsim.model.store import find_model, list_models, load_model, next_version, read_card, save_model
from jpsim.months import Month
from tests.models import small_model


@pytest.fixture
def stored(tmp_path):
    folder = tmp_path / "model"
    return folder, save_model(small_model(), folder, "# card\n")


def _broken(name, index, value):
    model = small_model()
    array = getattr(model, name).copy()
    array[index] = value
    return replace(model, **{name: array})


def test_a_model_comes_back_to_twelve_digits(stored):
    folder, sha256 = stored
    model, loaded = small_model(), load_model(folder)
    assert loaded.sha256 == sha256
    for field in fields(model):
        before, after = getattr(model, field.name), getattr(loaded, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_allclose(after, before, rtol=1e-11)
        elif field.name != "sha256":
            assert after == before
    assert read_card(folder) == "# card\n"


def test_a_skewed_model_comes_back(tmp_path):
    skewed = replace(small_model(), skew_factor="sp500", skew_shift=-0.4)
    save_model(skewed, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert (loaded.skew_factor, loaded.skew_shift) == ("sp500", -0.4)
    sp500 = loaded.factor("sp500")
    np.testing.assert_allclose(loaded.skew, -0.4 * loaded.Sigma[sp500] / np.sqrt(loaded.Sigma[sp500, sp500]))
    np.testing.assert_allclose(loaded.skew, skewed.skew, rtol=1e-10)


def test_loaded_arrays_cannot_be_written(stored):
    with pytest.raises(ValueError, match="read-only"):
        load_model(stored[0]).Sigma[0, 0] = 1.0


def test_the_same_model_gives_the_same_bytes(stored, tmp_path):
    folder, sha256 = stored
    assert save_model(small_model(), tmp_path / "again", "# card\n") == sha256
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_storing_what_was_loaded_changes_nothing(stored, tmp_path):
    assert save_model(load_model(stored[0]), tmp_path / "again", "# card\n") == stored[1]


def test_a_folder_is_never_overwritten(stored):
    with pytest.raises(InputError, match="something already"):
        save_model(small_model(), stored[0])


def test_a_relative_folder_starts_from_near(stored):
    folder, sha256 = stored
    assert load_model("model", near=folder.parent).sha256 == sha256


@pytest.mark.parametrize("name", ["arrays.npz", "model.json", "card.md"])
def test_one_flipped_bit_is_noticed(stored, name):
    file = stored[0] / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DamagedError, match=name):
        load_model(stored[0])


@pytest.mark.parametrize("name", ["arrays.npz", "model.json", "card.md"])
def test_a_truncated_or_missing_file_is_noticed(stored, name):
    file = stored[0] / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        load_model(stored[0])
    file.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        load_model(stored[0])


def test_a_damaged_manifest_is_noticed(stored):
    (stored[0] / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(DamagedError):
        load_model(stored[0])


def test_no_part_of_a_model_is_a_pickle(stored):
    with np.load(stored[0] / "arrays.npz", allow_pickle=False) as store:
        assert all(store[name].dtype != object for name in store.files)


@pytest.mark.parametrize(
    ("name", "index", "value", "message"),
    [
        ("Sigma", (0, 0), np.nan, "Sigma is not finite for jgb_2y"),
        ("B", (0, 3, 3), np.inf, "B is not finite for sp500"),
        ("loadings", (1, 0), np.nan, "loadings is not finite for tse33_electric_appliances"),
        ("Sigma", (0, 2), 5.0, "not symmetric in jgb_2y, usdjpy"),
        ("Sigma", (2, 2), 1e-4, "not positive semi-definite .* usdjpy"),
        ("Sigma", (3, 3), 0.0, "no variance to sp500"),
        ("B", (0, 1, 1), 1.2, "explode .*jgb_10y"),
        ("idio_sd", 2, -0.1, "idio_sd is negative for core30"),
        ("idio_nu", 3, 1.5, "idio_nu must exceed 2: small"),
    ],
)
def test_an_unsound_model_is_refused_by_name(name, index, value, message):
    with pytest.raises(InputError, match=message):
        check_model(_broken(name, index, value))


def test_wrong_shapes_are_all_named():
    model = small_model()
    with pytest.raises(InputError) as caught:
        check_model(replace(model, c=model.c[:-1], alpha=model.alpha[:-1], unit=model.unit[:-1]))
    assert len(caught.value.problems) == 3


def test_parts_must_add_up_to_their_whole():
    identity = {"whole": "topix", "parts": {"tse33_banks": 0.4, "tse33_electric_appliances": 0.6}}
    model = replace(small_model(), meta={"identities": [identity]})
    check_model(model)
    with pytest.raises(InputError, match="topix is not the weighted sum of tse33_banks"):
        check_model(replace(model, meta={"identities": [{**identity, "parts": {"tse33_banks": 1.0}}]}))


def test_packaged_models_are_found_by_id_and_version():
    newest = load_model("japan_monthly")
    assert newest.id == "japan_monthly"
    assert load_model(f"japan_monthly@{newest.version}").sha256 == newest.sha256
    assert newest.sha256 in {entry["sha256"] for entry in list_models()}


def test_the_next_version_comes_after_those_that_are_packaged():
    packaged = [row for row in list_models() if row["id"] == "japan_monthly"]
    version, month = packaged[-1]["version"], Month.parse(packaged[-1]["as_of"])
    year, number, last = version.split(".")
    assert next_version("japan_monthly", month) == f"{year}.{number}.{int(last) + 1}"
    assert next_version("japan_monthly", month + 1) == f"{(month + 1).year}.{(month + 1).number:02d}.1"
    assert next_version("no_such_model", month) == f"{year}.{number}.1"


def test_unknown_models_are_answered_with_what_there_is():
    with pytest.raises(InputError, match="write 'japan_monthly'"):
        find_model("japan_montly")
    with pytest.raises(InputError, match=r"no version '9\.9'"):
        find_model("japan_monthly@9.9")


def test_the_shipped_model_holds_no_series():
    folder = find_model("japan_monthly")
    model = load_model(folder)
    assert model.state.shape == (model.lags, len(model.factors))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_600_000
    longest = max(len(row) for row in _lists(json.loads((folder / "model.json").read_text(encoding="utf-8"))))
    assert longest <= len(model.series)


def _lists(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from _lists(item)
    elif isinstance(value, list):
        yield value
        for item in value:
            yield from _lists(item)


def _with_shocks(model):
    root = np.linalg.cholesky(model.Sigma)
    return replace(model, shocks=("demand", "yen"), impacts=root[:, [1, 2]])


def _with_draws(model, count=3):
    rng = np.random.default_rng(9)
    names = ("c", "B", "Sigma", "alpha", "beta")
    parts = {name: np.repeat(getattr(model, name)[None], count, axis=0) for name in names}
    parts["c"] = parts["c"] + 0.01 * rng.standard_normal(parts["c"].shape)
    loadings = np.repeat(model.loadings[None], count, axis=0)
    impacts = np.repeat(model.impacts[None], count, axis=0)
    return replace(model, draws=ParameterDraws(**parts, loadings=loadings, impacts=impacts))


def test_draws_come_back_in_single_precision(tmp_path):
    model = _with_draws(_with_shocks(small_model()))
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    for name, before in vars(model.draws).items():
        np.testing.assert_array_equal(getattr(loaded.draws, name), before.astype(np.float32))
        assert not getattr(loaded.draws, name).flags.writeable
    assert loaded.shocks == ("demand", "yen")
    assert save_model(loaded, tmp_path / "again") == loaded.sha256


def test_shocks_must_be_orthonormal():
    model = _with_shocks(small_model())
    check_model(model)
    with pytest.raises(InputError, match="shocks demand, yen are not orthonormal"):
        check_model(replace(model, impacts=model.impacts * 1.001))
    with pytest.raises(InputError, match=r"impacts has shape \(0, 0\), not \(7, 2\)"):
        check_model(replace(model, impacts=np.zeros((0, 0))))


@pytest.mark.parametrize(
    ("name", "index", "value", "message"),
    [
        ("B", (1, 0, 1, 1), 1.2, "1 of its draws explode"),
        ("c", (0, 2), np.nan, "draws of c are not finite"),
        ("Sigma", (2, 2, 2), -1.0, "a draw of Sigma is not positive semi-definite"),
        ("beta", (1, 0), 5.0, "in its draws topix is not the weighted sum of core30, small"),
    ],
)
def test_unsound_draws_are_refused(name, index, value, message):
    identity = {"whole": "topix", "parts": {"core30": 0.7, "small": 0.3}}
    model = _with_draws(replace(small_model(), meta={"identities": [identity]}))
    check_model(model)
    broken = getattr(model.draws, name).copy()
    broken[index] = value
    with pytest.raises(InputError, match=message):
        check_model(replace(model, draws=replace(model.draws, **{name: broken})))


def test_draws_of_another_shape_are_refused():
    model = _with_draws(small_model())
    with pytest.raises(InputError, match="draws of alpha have shape"):
        check_model(replace(model, draws=replace(model.draws, alpha=model.draws.alpha[:, :-1])))
