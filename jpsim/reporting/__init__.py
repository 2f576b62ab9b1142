"""Showing: the terminal table, the progress bar and the offline report; they read runs and compute no risk."""
