"""torch.nn's modules on Flax NNX: parameters under PyTorch's names, one call into functional each, and a pure core."""

from jaxdl.nn import init
from jaxdl.nn.adaptive import AdaptiveLogSoftmaxWithLoss
from jaxdl.nn.adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from jaxdl.nn.attention import MultiheadAttention
from jaxdl.nn.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm
from jaxdl.nn.binary_loss import BCELoss, BCEWithLogitsLoss, MultiLabelSoftMarginLoss, SoftMarginLoss
from jaxdl.nn.container import ModuleDict, ModuleList, Sequential
from jaxdl.nn.conv import Conv1d, Conv2d, Conv3d
from jaxdl.nn.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from jaxdl.nn.distance import CosineSimilarity, PairwiseDistance
from jaxdl.nn.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from jaxdl.nn.elu import CELU, ELU, SELU
from jaxdl.nn.embedding import Embedding, EmbeddingBag
from jaxdl.nn.fold import Fold, Unfold
from jaxdl.nn.fractional_pooling import FractionalMaxPool2d, FractionalMaxPool3d
from jaxdl.nn.gate import GELU, GLU, Hardswish, Mish, SiLU
from jaxdl.nn.instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from jaxdl.nn.linear import Bilinear, Linear
from jaxdl.nn.loss import CrossEntropyLoss, CTCLoss, LinearCrossEntropyLoss, LinearCrossEntropyOptions, NLLLoss
from jaxdl.nn.margin_loss import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from jaxdl.nn.module import Apply, Buffer, Module, functionalize, is_module, named_variables, state_dict, storable
from jaxdl.nn.norm import CrossMapLRN2d, GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm
from jaxdl.nn.padding import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from jaxdl.nn.parameters import ParameterDict, ParameterList
from jaxdl.nn.pooling import (
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from jaxdl.nn.rectifier import Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Threshold
from jaxdl.nn.recurrent import GRU, LSTM, RNN
from jaxdl.nn.recurrent_base import RNNBase
from jaxdl.nn.recurrent_cell import GRUCell, LSTMCell, RNNCell, RNNCellBase
from jaxdl.nn.regression_loss import (
    GaussianNLLLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    PoissonNLLLoss,
    SmoothL1Loss,
)
from jaxdl.nn.shape import Flatten, Identity, Unflatten
from jaxdl.nn.shrink import Hardshrink, Softshrink, Tanhshrink
from jaxdl.nn.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle
from jaxdl.nn.sigmoid import Hardsigmoid, LogSigmoid, Sigmoid, Softplus, Softsign, Tanh
from jaxdl.nn.softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from jaxdl.nn.transformer import Transformer, TransformerDecoder, TransformerEncoder
from jaxdl.nn.transformer_layer import TransformerDecoderLayer, TransformerEncoderLayer
from jaxdl.nn.unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from jaxdl.nn.upsampling import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveLogSoftmaxWithLoss",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AlphaDropout",
    "Apply",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Bilinear",
    "Buffer",
    "CTCLoss",
    "ChannelShuffle",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "CrossMapLRN2d",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Embedding",
    "EmbeddingBag",
    "FeatureAlphaDropout",
    "Flatten",
    "Fold",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "GRUCell",
    "GaussianNLLLoss",
    "GroupNorm",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "KLDivLoss",
    "L1Loss",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LinearCrossEntropyLoss",
    "LinearCrossEntropyOptions",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "PReLU",
    "PairwiseDistance",
    "ParameterDict",
    "ParameterList",
    "PixelShuffle",
    "PixelUnshuffle",
    "PoissonNLLLoss",
    "RMSNorm",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
    "RReLU",
    "ReLU",
    "ReLU6",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "SyncBatchNorm",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "Unflatten",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "functionalize",
    "init",
    "is_module",
    "named_variables",
    "state_dict",
    "storable",
]
