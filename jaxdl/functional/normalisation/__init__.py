"""Activations brought to mean 0 and variance 1, and what is like it."""
