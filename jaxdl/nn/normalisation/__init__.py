"""Batch, instance, layer, group and local response normalisation."""
