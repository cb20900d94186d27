"""Batches in PyTorch's order, and the data sets that need no network."""

from jaxdl.data.embedded import breast_cancer, diabetes, digits
from jaxdl.data.loader import DataLoader
from jaxdl.data.sampler import RandomSampler, Sampler, SequentialSampler
from jaxdl.data.selection import DistributedSampler, SubsetRandomSampler, WeightedRandomSampler
from jaxdl.data.source import ArraySource, Source
from jaxdl.data.split import random_split
from jaxdl.data.table import Batch

__all__ = [
    "ArraySource",
    "Batch",
    "DataLoader",
    "DistributedSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Source",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "breast_cancer",
    "diabetes",
    "digits",
    "random_split",
]
