"""
How far is plausible
====================

`jpsim.explain` needs no simulation: means, bands and plausibility come in closed form. Here the yen is moved further
and further within six months, and the model says how often it goes as far by itself.
"""

import jpsim
from jpsim.runs.plots import pyplot

moves = [-20, -16, -12, -8, -4, 0, 4, 8, 12, 16, 20]
baseline = jpsim.load_scenario("baseline")
share = [
    jpsim.explain(baseline.condition("usdjpy", change={"6m": f"{move}%"}))["plausibility"]["percentile"]
    for move in moves
]

# %%
# Below the dashed line the scenario asks for something that the model does in fewer than one path in a hundred.

figure, ax = pyplot().subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(moves, [100 * one for one in share], "o-", color="#06365f")
ax.axhline(1.0, color="#9a4a00", ls="--", lw=1)
ax.set_yscale("log")
ax.set_xlabel("change of USD/JPY within six months, %")
ax.set_title("Share of the model's own paths that go as far, %", fontsize="medium", loc="left")
