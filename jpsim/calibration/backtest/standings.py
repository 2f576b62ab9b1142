"""What the scores say: ratios to a reference, tests of equal accuracy, coverage, and value at risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from jpsim.calibration.backtest.scores import BANDS, HORIZONS, TAIL, Scores
from jpsim.calibration.backtest.verdicts import (
    Verdict,
    acerbi_szekely,
    berkowitz,
    christoffersen,
    diebold_mariano,
    kupiec,
)

__all__ = [
    "GROUPS",
    "REFERENCE",
    "Coverage",
    "Standing",
    "TailRow",
    "coverage_rows",
    "relative_losses",
    "standings",
    "tail_rows",
    "vector_rows",
]

Floats = npt.NDArray[np.float64]

_SIZES = frozenset({"core30", "large70", "mid400", "small"})
GROUPS: dict[str, Callable[[str], bool]] = {
    "topix": lambda name: name == "topix",
    "sector17": lambda name: not name.startswith(("topix", "tse33_")) and name not in _SIZES,
    "sector33": lambda name: name.startswith("tse33_"),
    "size": lambda name: name in _SIZES,
    "banks": lambda name: name == "banks",
}
"""Groups of series; a group of several is summed up by the median of its series."""
REFERENCE = {"unconditional": "random_walk", "conditional": "regression"}
"""Mode -> the forecaster that ratios are taken to."""
_SIGNIFICANT = 0.05
_HISTORIES = 2000


@dataclass(frozen=True, slots=True)
class Standing:
    """A forecaster against the reference, for one group and horizon.

    Parameters
    ----------
    mode, horizon, group, forecaster
        What it is about; the group ``average`` is the mean of the five groups.
    crps, tail_crps
        Ratio of mean scores to the reference's; below 1 is better.
    log_score
        Mean log score less the reference's, nats; above 0 is better.
    against
        Whether the model's CRPS differs from this forecaster's: Diebold-Mariano, negative where the model is
        better; nothing for the model itself.
    origins
        Number of origins that count.
    """

    mode: str
    horizon: int
    group: str
    forecaster: str
    crps: float
    tail_crps: float
    log_score: float
    against: Verdict | None
    origins: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of outcomes inside each band of `BANDS`, all series of a group and all origins together."""

    mode: str
    horizon: int
    group: str
    forecaster: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TailRow:
    """Losses beyond the 5% quantile one month ahead, and the whole law at that horizon.

    Parameters
    ----------
    mode, forecaster
        What it is about.
    hits
        Share of months below the quantile, all series together.
    topix
        Verdicts of Kupiec, Christoffersen, Acerbi and Szekely, and Berkowitz for TOPIX.
    rejected
        Series of which each of the four rejects at 5%.
    series
        Number of series.
    """

    mode: str
    forecaster: str
    hits: float
    topix: tuple[Verdict, ...]
    rejected: tuple[int, ...]
    series: int


def standings(scores: Scores) -> list[Standing]:
    """Every forecaster against the mode's reference, by horizon and group, and on the average of the groups."""
    rows = []
    for position in range(len(HORIZONS)):
        for index in range(len(scores.forecasters)):
            groups = [_standing(scores, position, index, group) for group in GROUPS]
            rows += groups
            rows.append(_average(groups))
    return rows


def relative_losses(scores: Scores, measure: str, position: int, index: int, group: str) -> Floats:
    """Losses (O,) of a forecaster over the series' mean loss of the reference, averaged over a group."""
    members = members_of(scores, group)
    loss = scores.measures[measure][index, position][:, members]
    base = scores.measures[measure][_reference(scores), position][:, members]
    both = np.isfinite(loss) & np.isfinite(base)
    scale = _column_means(np.where(both, base, np.nan))
    return _row_means(np.where(both, loss, np.nan) / scale)


def coverage_rows(scores: Scores) -> list[Coverage]:
    """Coverage of the central bands by horizon, group and forecaster."""
    rows = []
    for position, horizon in enumerate(HORIZONS):
        for index, name in enumerate(scores.forecasters):
            for group in GROUPS:
                members = members_of(scores, group)
                y = scores.outcome[position][:, members]
                bounds = scores.bounds[index, position][:, members]
                shares = tuple(_inside(y, bounds[..., low], bounds[..., high]) for low, high in BANDS.values())
                rows.append(Coverage(scores.mode, horizon, group, name, shares))
    return rows


def vector_rows(scores: Scores, measure: Literal["energy", "variogram"]) -> dict[tuple[int, str], float]:
    """(horizon, forecaster) -> mean joint score of the 17 sectors over the reference's."""
    out, found = {}, getattr(scores, measure)
    for position, horizon in enumerate(HORIZONS):
        base = found[_reference(scores), position]
        for index, name in enumerate(scores.forecasters):
            own = found[index, position]
            both = np.isfinite(own) & np.isfinite(base)
            out[horizon, name] = float(own[both].sum() / base[both].sum()) if both.any() else float("nan")
    return out


def tail_rows(scores: Scores, seed: int) -> list[TailRow]:
    """Tests of the 5% tail and of the whole law, one month ahead; `seed` is that of the p-values."""
    rows = []
    for index, name in enumerate(scores.forecasters):
        rng = np.random.Generator(np.random.Philox([seed, index]))
        verdicts, hits = {}, []
        for k, series in enumerate(scores.series):
            y, bound = scores.outcome[0, :, k], scores.bounds[index, 0, :, k, 0]
            seen = np.isfinite(y) & np.isfinite(bound)
            below = y[seen] < bound[seen]
            hits.append(below)
            tail = scores.tail[index, seen, k]
            verdicts[series] = (
                kupiec(below, TAIL),
                christoffersen(below, TAIL),
                acerbi_szekely(y[seen], tail, TAIL, _HISTORIES, rng),
                berkowitz(scores.measures["pit"][index, 0, seen, k]),
            )
        rejected = tuple(sum(p < _SIGNIFICANT for p in ps) for ps in _p_values(list(verdicts.values())))
        share = float(np.concatenate(hits).mean())
        rows.append(TailRow(scores.mode, name, share, verdicts["topix"], rejected, len(verdicts)))
    return rows


def _p_values(verdicts: list[tuple[Verdict, ...]]) -> list[list[float]]:
    """Test by test the p-values of all series."""
    return [[verdict.p for verdict in column] for column in zip(*verdicts, strict=True)]


def members_of(scores: Scores, group: str) -> list[int]:
    """Positions of a group's series."""
    return [i for i, name in enumerate(scores.series) if GROUPS[group](name)]


def _reference(scores: Scores) -> int:
    return scores.forecasters.index(REFERENCE[scores.mode])


def _standing(scores: Scores, position: int, index: int, group: str) -> Standing:
    members, base = members_of(scores, group), _reference(scores)

    def means(measure: str) -> tuple[Floats, Floats]:
        own, other = (scores.measures[measure][i, position][:, members] for i in (index, base))
        both = np.isfinite(own) & np.isfinite(other)
        return _column_means(np.where(both, own, np.nan)), _column_means(np.where(both, other, np.nan))

    crps, tail, log = means("crps"), means("tail_crps"), means("log_score")
    model = scores.forecasters.index("model")
    against = None
    if index != model:
        gap = relative_losses(scores, "crps", position, model, group) - relative_losses(
            scores, "crps", position, index, group
        )
        against = diebold_mariano(gap[np.isfinite(gap)], _overlap(scores, HORIZONS[position]))
    return Standing(
        mode=scores.mode,
        horizon=HORIZONS[position],
        group=group,
        forecaster=scores.forecasters[index],
        crps=_median(crps[0] / crps[1]),
        tail_crps=_median(tail[0] / tail[1]),
        log_score=_median(log[0] - log[1]),
        against=against,
        origins=int(np.isfinite(scores.measures["crps"][index, position][:, members]).any(axis=1).sum()),
    )


def _overlap(scores: Scores, horizon: int) -> int:
    """Number of neighbouring origins whose windows overlap, itself included."""
    step = scores.origins[1] - scores.origins[0] if len(scores.origins) > 1 else 1
    return -(-horizon // step)


def _average(groups: list[Standing]) -> Standing:
    """Mean of the groups' ratios and gains."""
    return replace(
        groups[0],
        group="average",
        crps=float(np.mean([row.crps for row in groups])),
        tail_crps=float(np.mean([row.tail_crps for row in groups])),
        log_score=float(np.mean([row.log_score for row in groups])),
        against=None,
    )


def _inside(y: Floats, low: Floats, high: Floats) -> float:
    seen = np.isfinite(y) & np.isfinite(low)
    return float(((y >= low) & (y <= high))[seen].mean()) if seen.any() else float("nan")


def _column_means(values: Floats) -> Floats:
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _row_means(values: Floats) -> Floats:
    return _column_means(values.T)


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
