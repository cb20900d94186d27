"""Experiments, one folder a topic, each beside its twin in PyTorch: `python -m experiments list`."""
