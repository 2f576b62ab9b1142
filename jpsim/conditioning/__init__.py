"""Asking: a scenario and a model become a conditional law, with its plausibility."""
