"""
Competing stories about one path
================================

A mixture draws each path from one of its stories. Three stories about AI spending give a wider and more lopsided
distribution than any of them alone.
"""

import jpsim
from jpsim.runs.plots import pyplot

stories = ("ai_supercycle", "physical_ai", "ai_bust", "ai_contested")
run = jpsim.simulate(*(jpsim.load_scenario(name) for name in ("baseline", *stories)), paths=5_000)

# %%
# The weights of the stories are a judgement, and the mixture says what it is worth to be wrong about them.

figure, axes = pyplot().subplots(2, 2, figsize=(9, 6), layout="constrained", sharex=True)
for ax, story in zip(axes.flat, stories, strict=True):
    run[story]["electric_precision"].at("12m").plot(ax)
    ax.set_title(story, fontsize="medium", loc="left")
