"""
A map of scenarios
==================

`to_xarray` gives a labelled cube: scenario by series by month. Here the difference of means of the 17 sectors is drawn
for a handful of scenarios of the library.
"""

import jpsim
from jpsim.runs.plots import pyplot

names = ("baseline", "boj_hike", "boj_mistake", "yen_surge", "fiscal_calm", "us_recession", "ai_bust")
run = jpsim.simulate(*(jpsim.load_scenario(name) for name in names), paths=4_000)
means = run.to_xarray()["mean"].sel(month=12, series=list(run.of_kind("sector17")))
change = 100 * (means - means.sel(scenario="baseline")).drop_sel(scenario="baseline")

# %%
# Violet gains, orange loses; the numbers are percentage points over a year.

figure, ax = pyplot().subplots(figsize=(9.5, 4.2), layout="constrained")
ax.imshow(change, cmap="PuOr", vmin=-25, vmax=25, aspect="auto")
ax.set_yticks(range(change.sizes["scenario"]), change["scenario"].values)
ax.set_xticks(range(change.sizes["series"]), change["series"].values, rotation=60, ha="right", fontsize="small")
for row, scenario in enumerate(change.values):
    for column, value in enumerate(scenario):
        ax.annotate(f"{value:+.0f}", (column, row), ha="center", va="center", fontsize="x-small")
