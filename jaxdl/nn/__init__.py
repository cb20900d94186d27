"""torch.nn's modules on Flax NNX: parameters under PyTorch's names, one call into functional each, and a pure core."""

from jaxdl.nn import init
from jaxdl.nn.activation.elu import CELU, ELU, SELU
from jaxdl.nn.activation.gate import GELU, GLU, Hardswish, Mish, SiLU
from jaxdl.nn.activation.rectifier import Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Threshold
from jaxdl.nn.activation.shrink import Hardshrink, Softshrink, Tanhshrink
from jaxdl.nn.activation.sigmoid import Hardsigmoid, LogSigmoid, Sigmoid, Softplus, Softsign, Tanh
from jaxdl.nn.activation.softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from jaxdl.nn.attention.layer import TransformerDecoderLayer, TransformerEncoderLayer
from jaxdl.nn.attention.multi_head import MultiheadAttention
from jaxdl.nn.attention.transformer import Transformer, TransformerDecoder, TransformerEncoder
from jaxdl.nn.container.modules import ModuleDict, ModuleList, Sequential
from jaxdl.nn.container.parameters import ParameterDict, ParameterList
from jaxdl.nn.convolution.conv import Conv1d, Conv2d, Conv3d
from jaxdl.nn.convolution.fold import Fold, Unfold
from jaxdl.nn.convolution.transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from jaxdl.nn.distance import CosineSimilarity, PairwiseDistance
from jaxdl.nn.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from jaxdl.nn.embedding import Embedding, EmbeddingBag
from jaxdl.nn.linear import Bilinear, Linear
from jaxdl.nn.loss.adaptive_softmax import AdaptiveLogSoftmaxWithLoss
from jaxdl.nn.loss.binary import BCELoss, BCEWithLogitsLoss, MultiLabelSoftMarginLoss, SoftMarginLoss
from jaxdl.nn.loss.likelihood import (
    CrossEntropyLoss,
    CTCLoss,
    LinearCrossEntropyLoss,
    LinearCrossEntropyOptions,
    NLLLoss,
)
from jaxdl.nn.loss.margin import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from jaxdl.nn.loss.regression import (
    GaussianNLLLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    PoissonNLLLoss,
    SmoothL1Loss,
)
from jaxdl.nn.module import Apply, Buffer, Module, functionalize, is_module, named_variables, state_dict, storable
from jaxdl.nn.normalisation.batch import BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm
from jaxdl.nn.normalisation.instance import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from jaxdl.nn.normalisation.layer import CrossMapLRN2d, GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm
from jaxdl.nn.observe import observed
from jaxdl.nn.pool.adaptive import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from jaxdl.nn.pool.fractional import FractionalMaxPool2d, FractionalMaxPool3d
from jaxdl.nn.pool.unpool import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
from jaxdl.nn.pool.window import (
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
from jaxdl.nn.recurrent.base import RNNBase
from jaxdl.nn.recurrent.cell import GRUCell, LSTMCell, RNNCell, RNNCellBase
from jaxdl.nn.recurrent.layer import GRU, LSTM, RNN
from jaxdl.nn.shape import Flatten, Identity, Unflatten
from jaxdl.nn.tree import named_modules
from jaxdl.nn.vision.padding import (
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
from jaxdl.nn.vision.shuffle import ChannelShuffle, PixelShuffle, PixelUnshuffle
from jaxdl.nn.vision.upsample import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d

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
    "named_modules",
    "named_variables",
    "observed",
    "state_dict",
    "storable",
]
