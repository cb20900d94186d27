"""Rows of a table, and sums of them."""
