"""Training: a Program says what, `fit` does it."""

from jaxdl.train.adversarial import Play, Player, adversarial, player_tensors
from jaxdl.train.callback import Callback
from jaxdl.train.calls import RecompilationWarning, memory
from jaxdl.train.checkpoint import CheckpointError, Checkpoints, DirectoryInUseError, restore
from jaxdl.train.engine import Interrupted, evaluate, fit
from jaxdl.train.failure import NonFiniteLossError, OutOfMemoryError
from jaxdl.train.history import History
from jaxdl.train.minimise import minimise
from jaxdl.train.plateau import ReduceLROnPlateau
from jaxdl.train.program import Probe, Program, State
from jaxdl.train.stopping import EarlyStopping
from jaxdl.train.supervised import averaged, supervised
from jaxdl.train.tensorboard import TensorBoard

__all__ = [
    "Callback",
    "CheckpointError",
    "Checkpoints",
    "DirectoryInUseError",
    "EarlyStopping",
    "History",
    "Interrupted",
    "NonFiniteLossError",
    "OutOfMemoryError",
    "Play",
    "Player",
    "Probe",
    "Program",
    "RecompilationWarning",
    "ReduceLROnPlateau",
    "State",
    "TensorBoard",
    "adversarial",
    "averaged",
    "evaluate",
    "fit",
    "memory",
    "minimise",
    "player_tensors",
    "restore",
    "supervised",
]
