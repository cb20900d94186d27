"""A run on disk: its directory, and checkpoints that are whole or not there."""

from jaxdl.train.checkpoint.directory import Directory
from jaxdl.train.checkpoint.integrity import DirectoryInUseError, write_whole
from jaxdl.train.checkpoint.keeper import Checkpoints, restore
from jaxdl.train.checkpoint.saved import CheckpointError

__all__ = ["CheckpointError", "Checkpoints", "Directory", "DirectoryInUseError", "restore", "write_whole"]
