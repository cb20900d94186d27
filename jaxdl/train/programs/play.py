"""The models of several players, as an objective calls them."""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from jaxdl import nn
from jaxdl.train.programs.structure import Tensors


class Play:
    """The players' models as they stand at one move: `play.generator(z)` calls the model of the player 'generator'.

    A call takes what the model takes, and two keywords more: `train=False` calls it in evaluation mode (a move is in
    training mode otherwise, an evaluation in evaluation mode), `track=False` leaves its buffers as they are, as a loop
    does that computes the fakes once and uses them twice.

    Attributes:
        move: the how-many-eth of the player's moves on this batch this is, counted from 0; an integer, traced where
            there are several: with batches of 5 · n rows, `jax.lax.dynamic_slice_in_dim(real, play.move * n, n)` gives
            each of five moves rows of its own.
        buffers: by player, as the calls so far have left them.
    """

    __slots__ = ("_applies", "_calls", "_key", "_params", "_train", "buffers", "move")

    def __init__(
        self,
        applies: Mapping[str, nn.Apply],
        tensors: Mapping[str, tuple[Tensors, ...]],
        key: jax.Array,
        train: bool,
        move: Any,
    ) -> None:
        self._applies, self._key, self._train, self._calls, self.move = applies, key, train, 0, move
        self._params = {name: params for name, (params, _) in tensors.items()}
        self.buffers = {name: buffers for name, (_, buffers) in tensors.items()}

    def __getattr__(self, player: str) -> Callable[..., Any]:
        if player not in self._applies:
            raise AttributeError(f"play has no player {player!r}; they are {', '.join(self._applies)}")

        def call(*inputs: Any, train: bool | None = None, track: bool = True, **keywords: Any) -> Any:
            mode = self._train if train is None else train
            key = jax.random.fold_in(self._key, self._calls)
            self._calls += 1
            apply, params, buffers = self._applies[player], self._params[player], self.buffers[player]
            outputs, moved = apply(params, buffers, *inputs, train=mode, key=key, **keywords)
            if track:
                self.buffers[player] = jax.lax.stop_gradient(moved)
            return outputs

        return call
