"""Structural shocks: from restrictions on responses and on known months, and decision days, to impacts.

The system that identifies is the factors' innovations and, through its loadings, every equity series,
TOPIX first. TOPIX's residual is a shock of its own (the equity premium) that no factor answers in the
month, so a structural shock is a direction in the space of the factors' orthogonal shocks and moves
equities through their loadings. The own noise of the two policy rows belongs to no story: a shock moves
them as far as it moves the two-year yield.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jpsim.calibration.announcements import Announcements
from jpsim.calibration.bridge import ROWS
from jpsim.calibration.episodes import Surprises, episode_bounds
from jpsim.calibration.rotations import QuotientEvidence, Restrictions, closest_to_median, sample_rotations
from jpsim.errors import InputError
from jpsim.model.core import Model

__all__ = ["Identified", "identify", "paired_impacts", "posterior_impacts"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Identified:
    """Identified shocks.

    Parameters
    ----------
    shocks
        Ids of the k shocks.
    impacts
        (n, k) responses of the innovations to one standard deviation: the point of the admissible set whose
        responses are closest to the medians.
    admissible
        (R, n, k) the admissible set.
    distance
        Root mean square distance of the point from the medians, in standard deviations of the set.
    """

    shocks: tuple[str, ...]
    impacts: Floats
    admissible: Floats
    distance: float


def identify(model: Model, settings: dict[str, Any], news: Announcements, surprises: Surprises) -> Identified:
    """Identify the shocks of a model.

    Parameters
    ----------
    model
        A model; its shocks and impacts are not looked at.
    settings
        Section ``identification`` of the priors.
    news
        What decision days say about the policy shock.
    surprises
        (E, n) innovations in the months of the narrative restrictions.

    Raises
    ------
    InputError
        The table names what the model has not, or no direction meets its restrictions.
    """
    restrictions, evidence = _restrictions(model, settings, news), _evidence(model, settings, news)
    rng = np.random.Generator(np.random.Philox(settings["seed"]))
    responses, chains = _responses(model, surprises), int(settings["chains"])
    draws = sample_rotations(
        np.broadcast_to(responses, (chains, *responses.shape)),
        restrictions,
        evidence,
        rng,
        burn_in=settings["burn_in"],
        kept=settings["kept"],
        thin=settings["thin"],
    )
    flat = draws.reshape(-1, *draws.shape[2:])
    counted = len(model.outputs)
    point, distance = closest_to_median(responses, restrictions, flat, rng, counted=counted, steps=settings["descent"])
    root = _root(model)
    return Identified(restrictions.names, root @ point, root @ flat, distance)


def paired_impacts(
    model: Model, drawn: list[Model], settings: dict[str, Any], news: Announcements, surprises: Surprises
) -> Floats:
    """One admissible set of impacts for each of D draws of a model, (D, n, k); bounds in the model's own sds."""
    restrictions, evidence = _restrictions(model, settings, news), _evidence(model, settings, news)
    rng = np.random.Generator(np.random.Philox(settings["seed"] + 1))
    responses = np.array([_responses(draw, surprises) for draw in drawn])
    found = sample_rotations(responses, restrictions, evidence, rng, burn_in=settings["burn_in"])
    return np.asarray(np.array([_root(draw) for draw in drawn]) @ found[0])


def posterior_impacts(
    model: Model, settings: dict[str, Any], news: Announcements | None, surprises: Surprises
) -> Floats:
    """Several admissible sets of impacts for each of the D draws that a model keeps, (R, D, n, k).

    Their law is the posterior of the parameters times the law of the rotations given each, so that bands over both
    show sampling error and what the restrictions leave open.

    Parameters
    ----------
    model
        A model with draws, whose impacts the chains start from.
    settings
        Section ``identification`` of the priors.
    news
        What decision days say about the policy shock; None leaves them out, and with them every bound on what
        the yen and TOPIX do.
    surprises
        (E, n) innovations in the months of the narrative restrictions: the point's, under every draw.
    """
    draws = model.draws
    if draws is None:
        raise ValueError("the model keeps no draws")
    drawn = [replace(model, Sigma=draws.Sigma[d], loadings=draws.loadings[d]) for d in range(len(draws.c))]
    roots = np.array([_root(draw) for draw in drawn])
    found = sample_rotations(
        np.array([_responses(draw, surprises) for draw in drawn]),
        _restrictions(model, settings, news),
        _evidence(model, settings, news) if news else None,
        np.random.Generator(np.random.Philox(settings["seed"] + (2 if news else 3))),
        burn_in=settings["thin"] if news else settings["burn_in"],
        kept=settings["kept_of_draws"],
        thin=settings["thin"],
        start=np.linalg.pinv(roots) @ draws.impacts,
    )
    return np.asarray(roots @ found)


def _root(model: Model) -> Floats:
    """Columns of the Cholesky factor that structural shocks may use: all but the policy rows' own noise."""
    count = len(model.factors) - len(ROWS)
    if model.factors[count:] != ROWS:
        raise InputError(f"the last factors must be {', '.join(ROWS)}")
    return np.asarray(np.linalg.cholesky(model.Sigma)[:, :count])


def _responses(model: Model, surprises: Surprises) -> Floats:
    """Responses of every output to the orthogonal shocks, equities in percent; then their values in the episodes."""
    root = _root(model)
    equities = np.concatenate([model.loadings, model.aggregation @ model.loadings])
    seen = np.linalg.solve(root[: root.shape[1]], surprises.T).T
    return np.concatenate([root, 100.0 * equities @ root, seen])


def _sds(model: Model) -> Floats:
    """Sd of every output's monthly innovation; equities in percent, their residual included."""
    rows = np.concatenate([np.eye(len(model.series)), model.aggregation])
    loadings = rows @ model.loadings
    equities = loadings @ model.Sigma @ loadings.T + rows @ model.residual_cov @ rows.T
    return np.asarray(np.sqrt(np.concatenate([np.diag(model.Sigma), 1e4 * np.diag(equities)])))


def _restrictions(model: Model, settings: dict[str, Any], news: Announcements | None) -> Restrictions:
    position = {name: i for i, name in enumerate(model.outputs)}
    episodes = tuple(episode_bounds(settings))
    unit = np.eye(len(position) + len(episodes))
    scaled = unit[: len(position)] / _sds(model)[:, None]
    shock, rows, low, high = [], [], [], []

    def add(index: int, row: Floats, bound: dict[str, float]) -> None:
        shock.append(index)
        rows.append(row)
        low.append(float(bound.get("min", -np.inf)))
        high.append(float(bound.get("max", np.inf)))

    for index, (name, table) in enumerate(settings["shocks"].items()):
        _check_names(name, table, position)
        for variable, bound in table["bounds"].items():
            add(index, scaled[position[variable]], bound)
        for above, below in table.get("above", ()):
            add(index, unit[position[above]] - unit[position[below]], {"min": 0.0})
    for place, (index, bound) in enumerate(episodes, len(position)):
        add(index, unit[place], bound)
    yardstick, policy = unit[position["jgb_2y"]], _policy_shock(settings)
    intervals = news.interval(settings["announcements_coverage"]) if news else ()
    for variable, (least, most) in zip(news.variables if news else (), intervals, strict=True):
        add(policy, unit[position[variable]] - least * yardstick, {"min": 0.0})
        add(policy, most * yardstick - unit[position[variable]], {"min": 0.0})
    return Restrictions(tuple(settings["shocks"]), np.array(shock), np.array(rows), np.array(low), np.array(high))


def _check_names(shock: str, table: dict[str, Any], position: dict[str, int]) -> None:
    named = [*table["bounds"], *(name for pair in table.get("above", ()) for name in pair)]
    unknown = [name for name in named if name not in position or name in ROWS]
    if unknown:
        raise InputError(f"shock {shock!r} restricts what the model cannot identify with: {', '.join(unknown)}")


def _evidence(model: Model, settings: dict[str, Any], news: Announcements) -> QuotientEvidence:
    unit = np.eye(len(model.outputs) + len(tuple(episode_bounds(settings))))
    return QuotientEvidence(
        shock=_policy_shock(settings),
        rows=unit[[model.outputs.index(name) for name in news.variables]],
        unit=unit[model.outputs.index("jgb_2y")],
        mean=news.effect,
        precision=np.asarray(np.linalg.inv(news.covariance), dtype=np.float64),
    )


def _policy_shock(settings: dict[str, Any]) -> int:
    return tuple(settings["shocks"]).index("monetary_policy")
