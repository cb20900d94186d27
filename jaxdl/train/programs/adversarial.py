"""Players with objectives of their own, such as a GAN's two, as a Program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.random import TorchGenerator
from jaxdl.train.program import Batch, Metrics, Program, State
from jaxdl.train.programs.descent import descend, require_named, require_optimizer, require_scalar
from jaxdl.train.programs.play import Play
from jaxdl.train.programs.structure import Structure, Tensors, converted, settled, started

Objective = Callable[[Play, Batch, jax.Array], jax.Array]


@dataclass(frozen=True)
class Player:
    """One player: what it is, what it wants, how it moves.

    Attributes:
        model: as for `train.supervised`.
        objective: `(play, batch, key) -> scalar`, which this player makes small; see `Play`.
        optimizer: an optax transformation of this player's parameters.
        steps: moves on every batch, each with another key; `play.move` counts them.
    """

    model: Any
    objective: Objective
    optimizer: optax.GradientTransformation
    steps: int = 1


def adversarial(
    players: Mapping[str, Player],
    *,
    order: Sequence[str] | None = None,
    metrics: Mapping[str, Objective] | None = None,
    dtype: Any = None,
) -> Program:
    """Players that move one after the other on every batch, each against the others as they stand by then.

    In a player's objective `play.generator(z)` calls the model of the player 'generator'. Only the moving player's
    parameters are differentiated: nothing need be detached. Buffers, such as batch norm's, move at every call.

    **Matches** the usual PyTorch 2.13 loop of a GAN: for each player in turn `zero_grad`, its objective with the other
    models' outputs detached, `backward`, `step`.
    **Differs**: dropout inside models draws from the run's key, and so should an objective that draws: from its `key`.

    Args:
        players: by name, in the order in which their parameters are drawn.
        order: the names in the order of their moves; None is that of `players`.
        metrics: further `(play, batch, key) -> scalar` functions by name, computed in evaluation.
        dtype: the floating parameters and buffers are cast to it, as in `train.supervised`.

    Returns:
        A Program. Its state's `params` and `buffers` are flat, the player's name in front ('generator.fc.weight'; what
        patterns such as those of `optim.param_groups` see); `opt_state` is a dict by player; `player_tensors` gives one
        player's model. A step's metrics are `{player}_loss`, that of the last of its moves, and `loss`, their sum.
        `evaluate` gives the same in evaluation mode, where nothing moves.

    Raises:
        TypeError: a player that is no `Player`, a model or function that cannot be called, an optimiser that is no
            optax transformation.
        ValueError: no players, a name that cannot follow `play.`, steps below 1, an order of other names; when a step
            is traced, an objective that does not give one number.

    Goodfellow et al. 2014, "Generative Adversarial Networks".

    >>> import jax, numpy as np
    >>> from jaxdl import data, nn, optim, train
    >>> def find(play, batch, key):  # the point below which half of the data lie ...
    ...     return jnp.mean(jnp.abs(batch[0] - play.finder(jnp.ones((1, 1)))))
    >>> def flee(play, batch, key):  # ... and one that keeps at a distance of 1 from it
    ...     return jnp.sum((play.runner(jnp.ones((1, 1))) - play.finder(jnp.ones((1, 1))) - 1) ** 2)
    >>> def point(rngs):
    ...     return nn.Linear(1, 1, bias=False, rngs=rngs)
    >>> program = train.adversarial({"finder": train.Player(point, find, optim.sgd(0.1)),
    ...                              "runner": train.Player(point, flee, optim.sgd(0.1))})
    >>> x = np.array([[0.0], [2.0], [7.0]], np.float32)
    >>> state, history = train.fit(program, data.ArraySource((x,), 3), epochs=200, progress=False)
    >>> bool(abs(state.params["finder.weight"].item() - 2) < 0.1), bool(abs(history.final["runner_loss"]) < 0.01)
    (True, True)
    """
    _require_players(players)
    order = tuple(players if order is None else order)
    if sorted(order) != sorted(players):
        raise ValueError(f"adversarial: order must hold each of {', '.join(players)} once, given {', '.join(order)}")
    for name, metric in require_named("adversarial: metrics", metrics).items():
        if name == "loss" or name in {f"{player}_loss" for player in players}:
            raise ValueError(f"adversarial: a metric named {name!r} would replace a loss; give it another name")
        if not callable(metric):
            raise TypeError(f"adversarial: metric {name!r} must be a function, given {type(metric).__name__}")
    structures = {name: Structure(player.model) for name, player in players.items()}
    game = _Game(dict(players), structures, order, dict(metrics or {}), dtype)
    return Program(game.init, game.step, game.evaluate)


def player_tensors(state: State, player: str) -> tuple[Tensors, Tensors]:
    """One player's parameters and buffers under its model's own names, for the `apply` of `nn.functionalize(model)`.

    Raises:
        ValueError: the state has no parameters of such a player.
    """
    params, buffers = (_of(tensors, player) for tensors in (state.params, state.buffers))
    if not params:
        names = ", ".join(dict.fromkeys(name.partition(".")[0] for name in state.params))
        raise ValueError(f"player_tensors: player must be one of {names}, given {player!r}")
    return params, buffers


class _Moved(NamedTuple):
    """What a player's move changes."""

    params: Tensors
    buffers: Tensors
    opt_state: Any


@dataclass(frozen=True)
class _Game:
    """The functions of the Program in which players move."""

    players: dict[str, Player]
    structures: dict[str, Structure]
    order: tuple[str, ...]
    metrics: dict[str, Objective]
    dtype: Any

    def init(self, generator: TorchGenerator) -> State:
        key = jax.random.key(np.uint32(generator.initial_seed() & 0xFFFFFFFF))
        params: Tensors = {}
        buffers: Tensors = {}
        for name, structure in self.structures.items():
            for into, tensors in zip((params, buffers), structure.build(generator), strict=True):
                into.update(_with(name, converted(tensors, self.dtype, "adversarial: dtype")))
        opt_state = {name: started(p.optimizer.init, _part(params, name)) for name, p in self.players.items()}
        return State(params, buffers, opt_state, key, jnp.zeros((), jnp.int32))

    def play(self, state: State, key: jax.Array, train: bool, move: Any = 0) -> Play:
        applies = {name: structure.apply for name, structure in self.structures.items()}
        tensors = {name: tuple(_of(every, name) for every in (state.params, state.buffers)) for name in applies}
        return Play(applies, tensors, key, train, move)

    def step(self, state: State, batch: Batch) -> tuple[State, Metrics]:
        metrics: Metrics = {}
        for number, name in enumerate(self.order):
            key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), number)
            moved, value = self.moves(name, state, batch, key)
            opt_state = {**state.opt_state, name: moved.opt_state}
            state = state._replace(params={**state.params, **moved.params}, buffers=moved.buffers, opt_state=opt_state)
            metrics[f"{name}_loss"] = value
        return state._replace(step=state.step + 1), _with_sum(metrics)

    def moves(self, name: str, state: State, batch: Batch, key: jax.Array) -> tuple[_Moved, jax.Array]:
        """All moves of one player on a batch, and its loss at the last."""
        begin = _Moved(_part(state.params, name), state.buffers, state.opt_state[name])
        if self.players[name].steps == 1:
            return self.move(name, state, begin, batch, key, 0)

        def body(before: _Moved, number: jax.Array) -> tuple[_Moved, jax.Array]:
            return self.move(name, state, before, batch, jax.random.fold_in(key, number), number)

        moved, values = jax.lax.scan(body, begin, jnp.arange(self.players[name].steps, dtype=jnp.int32))
        return moved, values[-1]

    def move(
        self, name: str, state: State, before: _Moved, batch: Batch, key: jax.Array, number: Any
    ) -> tuple[_Moved, jax.Array]:
        """One move of one player."""

        def objective(own: Tensors) -> tuple[jax.Array, Tensors]:
            now = state._replace(params={**state.params, **own}, buffers=before.buffers)
            ours, theirs = jax.random.split(key)
            play = self.play(now, theirs, train=True, move=number)
            return self.value(name, play, batch, ours), _together(play.buffers)

        (value, buffers), gradients = jax.value_and_grad(objective, has_aux=True)(before.params)
        optimizer = self.players[name].optimizer
        params, opt_state = descend(
            optimizer, before.opt_state, before.params, value, gradients, lambda own: objective(own)[0]
        )
        return _Moved(params, settled(buffers, before.buffers), opt_state), value

    def value(self, name: str, play: Play, batch: Batch, key: jax.Array) -> jax.Array:
        value = self.players[name].objective(play, batch, key)
        return require_scalar(f"adversarial: the objective of {name!r}", value)

    def evaluate(self, state: State, batch: Batch) -> Metrics:
        key = jax.random.fold_in(state.key, state.step)

        def play() -> Play:
            return self.play(state, key, train=False)

        losses = {f"{name}_loss": self.value(name, play(), batch, key) for name in self.order}
        return _with_sum(losses) | {name: metric(play(), batch, key) for name, metric in self.metrics.items()}


def _require_players(players: Mapping[str, Any]) -> None:
    if not isinstance(players, Mapping):
        raise TypeError(f"adversarial: players must be a dict of train.Player by name, given {type(players).__name__}")
    if not players:
        raise ValueError("adversarial: players must hold a player, given none")
    for name, player in players.items():
        if not isinstance(player, Player):
            raise TypeError(f"adversarial: player {name!r} must be a train.Player, given {type(player).__name__}")
        if not isinstance(name, str) or not name.isidentifier() or hasattr(Play, name) or name in Play.__slots__:
            raise ValueError(f"adversarial: a player's name must be able to follow `play.`, given {name!r}")
        for what in ("model", "objective"):
            if not callable(getattr(player, what)):
                kind = type(getattr(player, what)).__name__
                raise TypeError(f"adversarial: the {what} of {name!r} must be a function, given {kind}")
        require_optimizer(f"adversarial: {name!r}", player.optimizer)
        if isinstance(player.steps, bool) or not isinstance(player.steps, int) or player.steps < 1:
            raise ValueError(f"adversarial: steps of {name!r} must be an integer, at least 1, given {player.steps!r}")


def _with(player: str, tensors: Tensors) -> Tensors:
    return {f"{player}.{name}": value for name, value in tensors.items()}


def _part(tensors: Tensors, player: str) -> Tensors:
    return {name: value for name, value in tensors.items() if name.startswith(f"{player}.")}


def _of(tensors: Tensors, player: str) -> Tensors:
    return {name.removeprefix(f"{player}."): value for name, value in _part(tensors, player).items()}


def _together(tensors: Mapping[str, Tensors]) -> Tensors:
    return {name: value for player, own in tensors.items() for name, value in _with(player, own).items()}


def _with_sum(losses: Metrics) -> Metrics:
    """With `loss` in front: a run ends when any player's is not finite."""
    return {"loss": jnp.sum(jnp.stack(list(losses.values()))), **losses}
