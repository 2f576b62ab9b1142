"""
Differences with honest intervals
=================================

Path 17 of one scenario and path 17 of the other use the same random numbers. `jpsim.compare` draws them again and
takes errors of the paired differences, which are far smaller than those of two independent samples.
"""

import jpsim

run = jpsim.simulate(jpsim.load_scenario("baseline"), jpsim.load_scenario("yen_surge"), paths=6_000)
sectors = [*run.of_kind("sector17"), "small", "growth"]
comparison = jpsim.compare(run["baseline"], run["yen_surge"], at="12m", series=sectors)

# %%
# Bars are differences of means, the dark lines their 95% intervals.

figure = comparison.plot("mean")
