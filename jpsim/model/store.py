"""Models on disk: an immutable folder of arrays, a record, a card, and the digests of each."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.days import parse_instant
from jpsim.errors import DamagedError, InputError, Place, Problem
from jpsim.model.checks import check_model
from jpsim.model.core import Model, ParameterDraws, Regime, RegimeDraws
from jpsim.model.terms import Term
from jpsim.months import Month

__all__ = [
    "check_vacant",
    "find_model",
    "is_packaged",
    "list_models",
    "load_model",
    "next_version",
    "read_card",
    "save_model",
    "write_arrays",
]

SCHEMA = "jpsim-model/1"
RECORD, ARRAYS, CARD, PAGE, MANIFEST = "model.json", "arrays.npz", "card.md", "card.html", "manifest.json"

_ARRAYS = (
    "in_differences",
    "state",
    "base_level",
    "c",
    "B",
    "Sigma",
    "alpha",
    "beta",
    "loadings",
    "common",
    "mix",
    "idio_sd",
    "idio_nu",
    "aggregation",
    "impacts",
)
_TERM_LOADINGS = "term_loadings"  # stored where a model has nonlinear terms
_DRAWS = tuple(field.name for field in dataclasses.fields(ParameterDraws) if field.name != _TERM_LOADINGS)
_REGIME = tuple(field.name for field in dataclasses.fields(RegimeDraws))
_NAMES = ("factors", "transform", "unit", "series", "kind", "aggregates", "aggregate_kind", "shocks")
_SCALARS = ("nu", "sv_phi", "sv_sigma", "sv_start")
_REFERENCE = re.compile(r"([a-z][a-z0-9_]*)(?:@([0-9][0-9a-z.]*))?")
_DIGITS = 12


def save_model(model: Model, folder: Path, card: str = "", page: str = "") -> str:
    """Store a model; the folder appears whole or not at all.

    Parameters
    ----------
    model
        A model that passes `check_model`; its numbers are stored to 12 significant digits, those of its draws
        in single precision.
    folder
        A folder that does not exist yet, or is empty.
    card
        Text of the model card, Markdown.
    page
        The card as HTML. It stands beside the model and is no part of its identity.

    Returns
    -------
    The model's sha256: the digest of its manifest.

    Raises
    ------
    InputError
        The folder holds something already, or the model is not sound.
    """
    check_model(model)
    check_vacant(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    parts = {RECORD: _record(model), ARRAYS: _pack(_arrays(model))}
    parts[CARD] = card.encode("utf-8")
    manifest = _json(
        {
            "schema": SCHEMA,
            "id": model.id,
            "version": model.version,
            "files": {name: {"sha256": _digest(content), "bytes": len(content)} for name, content in parts.items()},
        }
    )
    staging = Path(tempfile.mkdtemp(prefix=".model-", dir=folder.parent))
    try:
        shown = {PAGE: page.encode("utf-8")} if page else {}
        for name, content in (*parts.items(), *shown.items(), (MANIFEST, manifest)):
            (staging / name).write_bytes(content)
        staging.chmod(0o755)
        staging.replace(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return _digest(manifest)


def check_vacant(folder: Path) -> None:
    """Refuse a folder that holds something already: a model is never overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(Problem("there is something already", Place(str(folder)), fix="name a new folder"))


def load_model(ref: str | Path, near: Path | None = None) -> Model:
    """Load a model and check it.

    Parameters
    ----------
    ref
        An id (its newest version), ``id@version``, or a model's folder.
    near
        Folder that a relative path starts from; the working folder if None.

    Raises
    ------
    DamagedError
        A file is missing or its bytes are not what the manifest says.
    InputError
        There is no such model, or it is not sound.
    """
    folder = find_model(ref, near)
    contents, sha256 = _read_verified(folder)
    try:
        model = _assemble(json.loads(contents[RECORD]), contents[ARRAYS], sha256)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedError(Problem(f"not a model of this version: {error}", Place(str(folder)))) from None
    check_model(model)
    return model


def read_card(ref: str | Path, near: Path | None = None, *, sha256: str | None = None) -> str:
    """Text of a model's card, verified against the manifest; raises as `load_model`, and where the digest is another.

    Parameters
    ----------
    ref, near
        As in `load_model`.
    sha256
        Digest that the model must have; any if None.
    """
    folder = find_model(ref, near)
    contents, found = _read_verified(folder)
    if sha256 not in (None, found):
        raise DamagedError(Problem(f"not the model whose digest is {sha256}", Place(str(folder))))
    return contents[CARD].decode("utf-8")


def is_packaged(ref: str) -> bool:
    """Whether a reference is the id of a model that comes with the package, with a version or without."""
    return ref.partition("@")[0] in _packaged()


def list_models() -> tuple[dict[str, Any], ...]:
    """List packaged models, by id and version: ``id``, ``version``, ``as_of``, ``sha256``, ``path``."""
    found = []
    for name, versions in sorted(_packaged().items()):
        for version in sorted(versions, key=_version_key):
            contents, sha256 = _read_verified(versions[version])
            as_of = json.loads(contents[RECORD])["as_of"]
            found.append(
                {"id": name, "version": version, "as_of": as_of, "sha256": sha256, "path": str(versions[version])}
            )
    return tuple(found)


def find_model(ref: str | Path, near: Path | None = None) -> Path:
    """Folder of a model; `ref` and `near` as in `load_model`."""
    match = _REFERENCE.fullmatch(str(ref))
    packaged = _packaged()
    if match and match[1] in packaged:
        versions = packaged[match[1]]
        version = match[2] or max(versions, key=_version_key)
        if version not in versions:
            known = ", ".join(sorted(versions, key=_version_key))
            raise InputError(Problem(f"model {match[1]!r} has no version {version!r}", allowed=known))
        return versions[version]
    folder = (near or Path()) / Path(ref)
    if (folder / MANIFEST).is_file():
        return folder
    close = difflib.get_close_matches(str(ref), list(packaged), 1)
    raise InputError(
        Problem(
            f"there is no model {str(ref)!r}",
            allowed=f"{', '.join(sorted(packaged))}, id@version, or a folder with {MANIFEST}",
            fix=f"write {close[0]!r}" if close else None,
        )
    )


def next_version(name: str, month: Month) -> str:
    """Return year and month, and a number after those of the packaged versions of a model of that month."""
    stem = f"{month.year}.{month.number:02d}."
    tails = (version.removeprefix(stem) for version in _packaged().get(name, {}) if version.startswith(stem))
    return stem + str(1 + max((int(tail) for tail in tails if tail.isdigit()), default=0))


def write_arrays(arrays: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    """Write named arrays as an uncompressed ``.npz`` without pickles; the same arrays give the same bytes."""
    staging = path.with_name(f".{path.name}.partial")
    staging.write_bytes(_pack(arrays))
    staging.replace(path)


def _packaged() -> dict[str, dict[str, Path]]:
    """Id to version to folder of the models that come with the package."""
    root = Path(str(files("jpsim"))) / "data" / "models"
    found: dict[str, dict[str, Path]] = {}
    for manifest in sorted(root.glob(f"*/*/{MANIFEST}")):
        found.setdefault(manifest.parent.parent.name, {})[manifest.parent.name] = manifest.parent
    return found


def _version_key(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.split("."))


def _arrays(model: Model) -> dict[str, npt.NDArray[Any]]:
    own = (*_ARRAYS, _TERM_LOADINGS) if model.terms else _ARRAYS
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(model, name) for name in own}
    if model.draws is not None:
        kept = (*_DRAWS, _TERM_LOADINGS) if model.terms else _DRAWS
        arrays |= {f"draws_{name}": getattr(model.draws, name).astype(np.float32) for name in kept}
    for regime in model.regimes:
        arrays |= {f"{regime.name}_{name}": getattr(regime, name) for name in (*_REGIME, "spread")}
        if regime.draws is not None:
            drawn = {f"{regime.name}_draws_{name}": getattr(regime.draws, name) for name in _REGIME}
            arrays |= {name: array.astype(np.float32) for name, array in drawn.items()}
    return arrays


def _record(model: Model) -> bytes:
    record: dict[str, Any] = {"schema": SCHEMA, "id": model.id, "version": model.version, "as_of": str(model.as_of)}
    record |= {"step": model.step} if model.step != "month" else {}
    record |= {name: list(getattr(model, name)) for name in _NAMES}
    record |= {name: _rounded(getattr(model, name)) for name in _SCALARS}
    record |= {"skew": {"factor": model.skew_factor, "shift": _rounded(model.skew_shift)}} if model.skewed else {}
    record |= {"terms": [_rounded(dataclasses.asdict(term)) for term in model.terms]} if model.terms else {}
    record["regimes"] = {regime.name: _rounded(regime.probability) for regime in model.regimes}
    record["meta"] = _rounded(model.meta)
    return _json(record)


def _assemble(record: dict[str, Any], arrays: bytes, sha256: str) -> Model:
    if record["schema"] != SCHEMA:
        raise ValueError(f"schema {record['schema']!r}, not {SCHEMA!r}")
    terms = tuple(Term(**term) for term in record.get("terms", ()))
    skew = record.get("skew", {"factor": "", "shift": 0.0})
    extra = (_TERM_LOADINGS,) if terms else ()
    with np.load(io.BytesIO(arrays), allow_pickle=False) as store:
        loaded: dict[str, Any] = {name: store[name] for name in (*_ARRAYS, *extra)}
        present = "draws_c" in store.files
        drawn = {name: store[f"draws_{name}"].astype(np.float64) for name in (*_DRAWS, *extra)} if present else {}
        regimes = tuple(_load_regime(name, value, store) for name, value in record["regimes"].items())
    for array in (*loaded.values(), *drawn.values()):
        array.setflags(write=False)
    fields: dict[str, Any] = {name: tuple(record[name]) for name in _NAMES}
    fields |= {name: float(record[name]) for name in _SCALARS}
    return Model(
        id=record["id"],
        version=record["version"],
        as_of=parse_instant(record["as_of"], record.get("step", "month")),
        step=record.get("step", "month"),
        meta=record["meta"],
        sha256=sha256,
        draws=ParameterDraws(**drawn) if drawn else None,
        regimes=regimes,
        terms=terms,
        skew_factor=str(skew["factor"]),
        skew_shift=float(skew["shift"]),
        **fields,
        **loaded,
    )


def _load_regime(name: str, probability: float, store: Mapping[str, npt.NDArray[Any]]) -> Regime:
    own = {part: store[f"{name}_{part}"] for part in (*_REGIME, "spread")}
    present = f"{name}_draws_Sigma" in store
    drawn = {part: store[f"{name}_draws_{part}"].astype(np.float64) for part in _REGIME} if present else {}
    for array in (*own.values(), *drawn.values()):
        array.setflags(write=False)
    return Regime(name, float(probability), **own, draws=RegimeDraws(**drawn) if drawn else None)


def _read_verified(folder: Path) -> tuple[dict[str, bytes], str]:
    """Bytes of every file of a model, checked against its manifest; and the manifest's digest."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        listed = json.loads(manifest)["files"]
        contents = {name: (folder / name).read_bytes() for name in (RECORD, ARRAYS, CARD)}
        wrong = [name for name, content in contents.items() if _digest(content) != listed[name]["sha256"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(Problem(f"a file of the model cannot be read: {error}", Place(str(folder)))) from None
    if wrong:
        found = f"not the bytes that {MANIFEST} states: {', '.join(wrong)}"
        raise DamagedError(Problem(found, Place(str(folder)), fix="restore the folder, or calibrate again"))
    return contents, _digest(manifest)


def _pack(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, _rounded_array(np.array(array, order="C")), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def _rounded_array(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Twelve significant digits: what differs between machines beyond them is noise of the linear algebra."""
    if array.dtype != np.float64:
        return array
    flat = [float(f"{value:.{_DIGITS - 1}e}") for value in array.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(array.shape)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS - 1}e}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode("utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
