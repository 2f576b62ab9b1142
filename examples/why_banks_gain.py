"""
Why banks gain
==============

The attribution splits the difference of two means by the factor that carries it. Its parts add up to the difference;
what the simulation leaves is a part of its own.
"""

import jpsim

run = jpsim.simulate(jpsim.load_scenario("baseline"), jpsim.load_scenario("boj_hike"), paths=8_000)
parts = run.attribution.parts("boj_hike", "banks", 12)
difference = run["boj_hike"]["banks"].at("12m").mean - run["baseline"]["banks"].at("12m").mean
assert abs(sum(parts.values()) - difference) < 1e-10

# %%
# Higher long yields do most of it; the two-year yield, which follows the policy rate, does little by itself.

figure = run.attribution.plot("boj_hike", "banks", 12).figure
