"""Learning: from a panel of market and macro series to a model."""
