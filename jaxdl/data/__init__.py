"""Batches and the data sets that need no network."""

from jaxdl.data.embedded import breast_cancer, diabetes, digits
from jaxdl.data.source import ArraySource, Batch, Source

__all__ = ["ArraySource", "Batch", "Source", "breast_cancer", "diabetes", "digits"]
