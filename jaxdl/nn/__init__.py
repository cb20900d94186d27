"""torch.nn's modules on Flax NNX: parameters under PyTorch's names, one call into functional each, and a pure core."""

from jaxdl.nn import init
from jaxdl.nn.activation import LogSoftmax, ReLU, Softmax
from jaxdl.nn.batchnorm import BatchNorm1d, BatchNorm2d
from jaxdl.nn.container import Flatten, Identity, Sequential
from jaxdl.nn.conv import Conv2d
from jaxdl.nn.dropout import Dropout
from jaxdl.nn.linear import Linear
from jaxdl.nn.loss import CrossEntropyLoss, MSELoss
from jaxdl.nn.module import Apply, Buffer, Module, functionalize, is_module, named_variables, state_dict, storable
from jaxdl.nn.pooling import MaxPool2d

__all__ = [
    "Apply",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "Softmax",
    "functionalize",
    "init",
    "is_module",
    "named_variables",
    "state_dict",
    "storable",
]
