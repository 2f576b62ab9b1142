"""Compiled arithmetic on arrays: the only place where random numbers come from."""
