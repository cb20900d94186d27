"""Scaled dot-product attention, and attention of many heads."""
