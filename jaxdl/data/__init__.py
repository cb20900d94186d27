"""Batches in PyTorch's order, the data sets that need no network, and the field's own, which are downloaded once."""

from jaxdl.data import augment, remote
from jaxdl.data.byte_pair import BytePairTokens
from jaxdl.data.embedded import breast_cancer, diabetes, digits, iris, wine
from jaxdl.data.image_sets import image_classes, images
from jaxdl.data.loader import DataLoader
from jaxdl.data.ngrams import ngram_bits
from jaxdl.data.no_data import NoData
from jaxdl.data.noise import noisy_labels
from jaxdl.data.python_help import PRINTABLE, python_help
from jaxdl.data.remote import (
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    kmnist,
    mnist,
    movielens_100k,
    speech_commands,
    tiny_shakespeare,
)
from jaxdl.data.sampler import RandomSampler, Sampler, SequentialSampler
from jaxdl.data.samples import eeg, mri, sample_images, stocks
from jaxdl.data.selection import DistributedSampler, SubsetRandomSampler, WeightedRandomSampler
from jaxdl.data.source import ArraySource, Source
from jaxdl.data.split import random_split
from jaxdl.data.stream import StreamSource
from jaxdl.data.table import Batch
from jaxdl.data.text import CharacterTokens, pydoc_text, sequences, windows

__all__ = [
    "PRINTABLE",
    "ArraySource",
    "Batch",
    "BytePairTokens",
    "CharacterTokens",
    "DataLoader",
    "DistributedSampler",
    "NoData",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Source",
    "StreamSource",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "augment",
    "breast_cancer",
    "cifar10",
    "cifar100",
    "diabetes",
    "digits",
    "eeg",
    "fashion_mnist",
    "image_classes",
    "images",
    "imdb",
    "iris",
    "kmnist",
    "mnist",
    "movielens_100k",
    "mri",
    "ngram_bits",
    "noisy_labels",
    "pydoc_text",
    "python_help",
    "random_split",
    "remote",
    "sample_images",
    "sequences",
    "speech_commands",
    "stocks",
    "tiny_shakespeare",
    "windows",
    "wine",
]
