"""
What it takes to lose a fifth
=============================

A reverse stress begins at the loss. Of all paths on which TOPIX is down by 20% after a year it takes the one with the
smallest shocks, factors and the index's own together, and says what each driver brings to it.
"""

import jpsim

found = jpsim.reverse("configs/boj_hike.yaml", series="topix", at="12m", loss="20%", overrides=["paths=20_000"])
assert abs(sum(found.path.contributions.values()) + 0.2) < 1e-6

# %%
# `expected` is the scenario's own mean, from which the loss is counted; `found.stories` tells the losing draws apart.

figure = found.plot(most=8).figure
