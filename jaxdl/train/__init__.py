"""Training: a Program says what, `fit` does it."""

from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.callbacks.plateau import ReduceLROnPlateau
from jaxdl.train.callbacks.stopping import EarlyStopping
from jaxdl.train.callbacks.tensorboard import TensorBoard
from jaxdl.train.calls import RecompilationWarning, memory
from jaxdl.train.checkpoint import CheckpointError, Checkpoints, DirectoryInUseError, restore
from jaxdl.train.engine import evaluate, fit
from jaxdl.train.failure import NonFiniteLossError, OutOfMemoryError
from jaxdl.train.generation import generate, sliding
from jaxdl.train.history import History
from jaxdl.train.interrupt import Interrupted
from jaxdl.train.placement import whole
from jaxdl.train.program import Probe, Program, State
from jaxdl.train.programs.adversarial import Play, Player, adversarial, player_tensors
from jaxdl.train.programs.minimise import minimise
from jaxdl.train.programs.supervised import averaged, supervised
from jaxdl.train.sweeps.result import Sweep
from jaxdl.train.sweeps.sweep import sweep
from jaxdl.train.trajectory import trajectory

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
    "Sweep",
    "TensorBoard",
    "adversarial",
    "averaged",
    "evaluate",
    "fit",
    "generate",
    "memory",
    "minimise",
    "player_tensors",
    "restore",
    "sliding",
    "supervised",
    "sweep",
    "trajectory",
    "whole",
]
