"""Judging: attribution, comparison, reverse stress and goal seek on runs and stories."""
