"""Return matrices with probabilities, for optimisers and entropy pooling in Python; and the Parquet tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jpsim.interop.draws import PathSample
from jpsim.interop.paths import write_paths
from jpsim.interop.selection import Selection
from jpsim.runs.parquet import summary_table, weights_tables, write_table, write_tables

__all__ = ["export_fortitudo", "export_parquet", "export_skfolio"]

_SKFOLIO = """\
# Returns for skfolio

Each `<scenario>.npz` holds `returns` (paths, assets): simple returns over {month} months after {as_of},
`sample_weight` (paths,): probabilities that sum to 1, and `assets`: ids. No pickles.

```python
import numpy as np
from skfolio.prior import BasePrior, ReturnDistribution


class ScenarioPrior(BasePrior):
    def __init__(self, file):
        self.file = file

    def fit(self, X, y=None, **fit_params):
        with np.load(self.file) as stored:
            returns, weight = stored["returns"], stored["sample_weight"]
            assets = stored["assets"]
        mu = weight @ returns
        covariance = np.cov(returns, rowvar=False, aweights=weight, bias=True)
        self.return_distribution_ = ReturnDistribution(
            mu=mu, covariance=covariance, returns=returns, sample_weight=weight)
        self.n_features_in_, self.feature_names_in_ = len(mu), assets.astype(object)
        return self
```

Then, with `X = numpy.load(file)["returns"]`:
`MeanRisk(risk_measure=RiskMeasure.CVAR, prior_estimator=ScenarioPrior(file)).fit(X)`.
"""

_FORTITUDO = """\
# Arrays for entropy pooling and CVaR optimisation

Each `<scenario>.npz` holds `P` (paths, instruments): simple returns over {month} months after {as_of},
`p` (paths, 1): probabilities that sum to 1, and `instruments`: ids. No pickles:
`with numpy.load(file) as stored: P, p = stored["P"], stored["p"]`.
"""

_PARQUET = """\
`summary.parquet`, `paths.parquet` and, where paths are not equally likely, `weights.parquet`: the columns of a
run's folder. `paths.parquet` holds the first {count} paths of each scenario, unweighted; weights are those of
all paths of the run. Read `paths.parquet` in row groups: each holds whole paths of one scenario.
"""


def export_skfolio(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write returns and sample weights of each scenario at one month, with a prior estimator that reads them."""
    for scenario in chosen.scenarios:
        returns = sample.at(scenario, chosen.month, chosen.series)
        weights, assets = sample.weights(scenario), np.asarray(chosen.series, dtype=np.str_)
        np.savez(folder / f"{scenario}.npz", returns=returns, sample_weight=weights, assets=assets)
    _write_readme(folder, _SKFOLIO, sample, chosen)


def export_fortitudo(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write the scenario matrix P and the probabilities p of each scenario at one month."""
    for scenario in chosen.scenarios:
        returns = sample.at(scenario, chosen.month, chosen.series)
        names = np.asarray(chosen.series, dtype=np.str_)
        np.savez(folder / f"{scenario}.npz", P=returns, p=sample.weights(scenario)[:, None], instruments=names)
    _write_readme(folder, _FORTITUDO, sample, chosen)


def export_parquet(sample: PathSample, chosen: Selection, folder: Path) -> None:
    """Write the tables of a run's folder, with paths; scenarios and series are not cut down."""
    write_table(summary_table(sample.run), folder / "summary.parquet")
    write_paths(sample.job, folder / "paths.parquet", sample.count)
    if sample.run.weights:
        write_tables(weights_tables(sample.run), folder / "weights.parquet")
    (folder / "README.md").write_text(_PARQUET.format(count=f"{sample.count:,}"), encoding="utf-8")


def _write_readme(folder: Path, text: str, sample: PathSample, chosen: Selection) -> None:
    """Fill the two places of a text that has other braces in it."""
    filled = text.replace("{month}", str(chosen.month)).replace("{as_of}", str(sample.run.as_of))
    (folder / "README.md").write_text(filled, encoding="utf-8")
