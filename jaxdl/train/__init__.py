"""Training: a Program says what, `fit` does it."""

from jaxdl.train.engine import Interrupted, NonFiniteLossError, evaluate, fit
from jaxdl.train.history import History
from jaxdl.train.program import Probe, Program, State
from jaxdl.train.supervised import supervised

__all__ = [
    "History",
    "Interrupted",
    "NonFiniteLossError",
    "Probe",
    "Program",
    "State",
    "evaluate",
    "fit",
    "supervised",
]
