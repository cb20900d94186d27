"""Modules and parameters in a row, or under names."""
