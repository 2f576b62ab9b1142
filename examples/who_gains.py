"""
Who gains from a hike
=====================

All 17 sectors at the end of the year, each with its mean and nine tenths of its paths. The ranges overlap far more
than the means differ: a scenario tilts the odds, it does not decide the outcome.
"""

import jpsim

run = jpsim.simulate(jpsim.load_scenario("baseline"), jpsim.load_scenario("boj_hike"), paths=8_000)

# %%
# `ScenarioResult.plot` takes any kind of output: `sector17`, `sector33`, `size`, `segment`, `theme`.

figure = run["boj_hike"].plot("sector17", at="12m").figure
