"""The runs of a sweep before their first steps."""

import threading
from typing import Any, NamedTuple

from jaxdl.random import TorchGenerator
from jaxdl.train.contract import begun
from jaxdl.train.program import State
from jaxdl.train.sweeps.grid import SEED, Grid, arrays


class Beginning(NamedTuple):
    """A run before its first step: its state, and the generator that its batches' order continues from."""

    state: State
    generator: TorchGenerator


class Beginnings:
    """Each run's beginning, drawn when it is asked for: while other runs are trained, if need be.

    Args:
        grid: the runs.
        state_depends: whether a hyperparameter has a part in the first state; else runs of one seed share it.
    """

    def __init__(self, grid: Grid, state_depends: bool) -> None:
        self._grid, self._state_depends, self._rows = grid, state_depends, grid.rows
        # All of them, for their checks: a value that an optimiser refuses is refused before anything is trained.
        points = {self._point(run): grid.values(row) for run, row in enumerate(self._rows)}
        self._programs = {point: grid.build(arrays(values)) for point, values in points.items()}
        self._drawn: dict[Any, Beginning] = {}
        self._drawing = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, run: int) -> Beginning:
        program = next(iter(self._programs.values()))
        if self._state_depends:
            program = self._programs[self._point(run)]
        with self._drawing:
            which = self.origin(run)
            if which not in self._drawn:
                generator = TorchGenerator(int(self._rows[run][SEED]))
                self._drawn[which] = Beginning(begun(program, generator), generator)
            return self._drawn[which]

    def origin(self, run: int) -> Any:
        """What decides a run's beginning: runs of one origin have one state and one generator."""
        return (self._point(run) if self._state_depends else (), self._rows[run][SEED])

    def _point(self, run: int) -> tuple[Any, ...]:
        return tuple(self._grid.values(self._rows[run]).values())
