"""What other libraries take for the parts of W1 that they can do, per path and against jpsim's whole.

statsmodels simulates the Gaussian VAR, arch a GARCH-t for each of 12 series, QuantLib correlated Brownian paths of 12
factors. None of them simulates the equities, conditions, or reduces. One that is not installed is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

__all__ = ["peer_seconds"]

FACTORS, MONTHS = 12, 12


def statsmodels_var(paths: int) -> None:
    """Simulate the VAR(1) as its `simulate_var` does, which is months of all paths at a time."""
    from statsmodels.tsa.vector_ar.util import varsim

    transition = 0.5 * np.eye(FACTORS)[None]
    varsim(transition, np.zeros(FACTORS), np.eye(FACTORS), steps=MONTHS, nsimulations=paths)


def arch_garch(paths: int) -> None:
    """Forecast 12 GARCH(1,1) models with Student-t innovations by simulation."""
    from arch import arch_model

    returns = np.random.default_rng(1).standard_normal(500)
    fit = arch_model(returns, dist="t").fix([0.0, 0.05, 0.05, 0.9, 6.0])
    for _ in range(FACTORS):
        fit.forecast(horizon=MONTHS, method="simulation", simulations=paths, reindex=False)


def quantlib_paths(paths: int) -> None:
    """Draw correlated Brownian paths without reading their values."""
    import QuantLib as ql  # noqa: N813

    day = ql.YieldTermStructureHandle(ql.FlatForward(0, ql.NullCalendar(), 0.0, ql.Actual365Fixed()))
    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(0, ql.NullCalendar(), 0.2, ql.Actual365Fixed()))
    spot = ql.QuoteHandle(ql.SimpleQuote(1.0))
    processes = [ql.BlackScholesMertonProcess(spot, day, day, vol) for _ in range(FACTORS)]
    array = ql.StochasticProcessArray(processes, np.eye(FACTORS).tolist())
    times = [month / 12 for month in range(1, MONTHS + 1)]
    uniform = ql.UniformRandomSequenceGenerator(FACTORS * MONTHS, ql.UniformRandomGenerator(1))
    generator = ql.GaussianMultiPathGenerator(array, times, ql.GaussianRandomSequenceGenerator(uniform), False)
    for _ in range(paths):
        generator.next()


PEERS: dict[str, tuple[Callable[[int], None], int]] = {
    "statsmodels, the factors of W1, Gaussian": (statsmodels_var, 20_000),
    "arch, 12 GARCH-t of 12 months": (arch_garch, 5_000),
    "QuantLib, 12 correlated Brownian factors": (quantlib_paths, 5_000),
}


def peer_seconds(paths: int) -> dict[str, float]:
    """Processor time of each installed library, scaled up to a number of paths."""
    found = {}
    for name, (work, count) in PEERS.items():
        try:
            work(10)
        except ImportError:
            continue
        begun = time.process_time()
        work(count)
        found[name] = (time.process_time() - begun) * paths / count
    return found
