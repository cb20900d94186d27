"""Attention of many heads, and the Transformer that is built of it."""
