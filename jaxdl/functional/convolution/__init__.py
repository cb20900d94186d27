"""Convolutions, their transposes, and the windows that they see."""
