"""
The shape of a tail
===================

Two laws with the same spread can differ in their worst twentieth, which is what a risk limit is about. The run keeps
its histograms, so that any quantile or level of shortfall can be asked for later.
"""

import jpsim
from jpsim.runs.plots import pyplot

run = jpsim.simulate(jpsim.load_scenario("baseline"), jpsim.load_scenario("us_recession"), paths=20_000)
figure, axes = pyplot().subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharex=True)

# %%
# The mean loss in the worst twentieth of the paths, with its Monte Carlo error, stands in the title.

for ax, scenario in zip(axes, run, strict=True):
    outcome = run[scenario]["topix"].at("12m")
    outcome.plot(ax)
    shortfall = outcome.es(0.95)
    ax.set_title(f"TOPIX, {scenario}: ES95 {shortfall:.1%} ± {shortfall.se:.1%}", fontsize="medium", loc="left")
