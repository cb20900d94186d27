"""PyTorch's CPU random numbers from NumPy alone: the same seed gives the same weights, masks and batches.

>>> from jaxdl import random
>>> random.TorchGenerator(0).uniform(2)
array([0.4962566, 0.7682218], dtype=float32)
>>> random.data_loader_order(random.TorchGenerator(0), n=5, epoch=0).tolist()
[1, 4, 2, 3, 0]
"""

from jaxdl.random.generator import TorchGenerator
from jaxdl.random.order import data_loader_order

__all__ = ["TorchGenerator", "data_loader_order"]
