"""
Fans of a rate hike
===================

Two scenarios share their draws: the house view, and three hikes to 1.50%. `Run.plot` draws a fan for each output and
scenario; the dashed line is the reference's median.
"""

import jpsim

run = jpsim.simulate(jpsim.load_scenario("baseline"), jpsim.load_scenario("boj_hike"), paths=8_000)

# %%
# The policy rate is stated to the month, the ten-year yield only roughly, and the yen not at all: what the fan of the
# yen shows follows from the other two.

figure = run.plot("boj_policy_rate", "jgb_10y", "usdjpy", "topix")
