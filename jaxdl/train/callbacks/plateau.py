"""A learning rate that falls when the run no longer improves."""

from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp

from jaxdl.optim.schedules import reduce_lr_on_plateau
from jaxdl.train.callbacks.callback import Callback
from jaxdl.train.callbacks.stopping import as_json, measured, require_settings

if TYPE_CHECKING:
    from jaxdl.train.run import Run


class ReduceLROnPlateau(Callback):
    """Multiply the learning rate by `factor` when more than `patience` epochs have brought no better metric.

    It changes every learning rate that stands in the optimiser's state: that of `optim.adjustable` (or of
    `optax.inject_hyperparams`), wherever in a chain, a group or a player it is.

    **Matches** `torch.optim.lr_scheduler.ReduceLROnPlateau`, PyTorch 2.13, called with the metric after each epoch: the
    rule is that of `optim.schedules.reduce_lr_on_plateau`, computed in float64. **Differs**: the rate is rounded to the
    dtype in which it stands; one min_lr, not one a parameter group.

    Args:
        metric: a name in the epoch's record: 'loss', 'test_loss', 'test_accuracy', ...
        mode: whether a smaller ('min') or a larger ('max') metric is better.
        factor: of a reduction, below 1.
        patience: bad epochs that are borne.
        threshold: how much better is better.
        threshold_mode: whether threshold is a share ('rel') or a difference ('abs').
        cooldown: epochs after a reduction in which none counts as bad.
        min_lr: the least rate.
        eps: the least reduction.

    Raises:
        ValueError: factor of 1 or more, an unknown mode or threshold_mode; when the run starts, an optimiser without a
            learning rate in its state, or with one that a schedule sets; at an epoch's end, a record without the
            metric.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> tx = optim.adjustable(optim.sgd, learning_rate=0.5)
    >>> program = train.supervised(nn.Identity(), lambda output, target: jnp.mean(output), tx)
    >>> plateau = train.ReduceLROnPlateau("loss", factor=0.5, patience=1)
    >>> source = data.ArraySource((np.ones(4), np.ones(4)), 4)
    >>> state, _ = train.fit(program, source, epochs=4, callbacks=[plateau], progress=False)
    >>> state.opt_state.hyperparams["learning_rate"].item()  # epoch 1 is the best, 2 is borne, 3 is not
    0.25
    """

    def __init__(
        self,
        metric: str = "test_loss",
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.metric = metric
        self._settings = {
            **{"metric": metric, "mode": mode, "factor": factor, "patience": patience, "threshold": threshold},
            **{"threshold_mode": threshold_mode, "cooldown": cooldown, "min_lr": min_lr, "eps": eps},
        }
        with jax.enable_x64(True):
            self._rule = reduce_lr_on_plateau(
                1.0, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps
            )
            self._memory = self._rule.init()

    def start(self, run: "Run") -> None:
        """Look for the learning rates."""
        _rates(run.state.opt_state)

    def epoch_ended(self, run: "Run", record: dict[str, float]) -> None:
        """Tell the rule of the epoch's metric, and put its learning rates in the place of the present ones."""
        metric, before = measured(record, self.metric, "ReduceLROnPlateau"), self._memory
        structure: Any
        leaves, structure = jax.tree.flatten(run.state.opt_state)
        reduced = False
        for place in _rates(run.state.opt_state):
            rate = leaves[place]
            with jax.enable_x64(True):  # of every rate the rule remembers the same, but the rate itself
                old = jnp.asarray(float(rate))
                self._memory = self._rule.update(before._replace(learning_rate=old), metric)
                new = self._memory.learning_rate
                if new != old:
                    leaves[place] = jnp.full_like(rate, float(new))  # where the old one is
                    reduced = True
        if reduced:
            run.state = run.state._replace(opt_state=structure.unflatten(leaves))

    def state_dict(self) -> dict[str, Any]:
        """Where the rule stands, and its settings; the learning rates stand in the run's state."""
        memory = self._memory
        counts = {name: int(getattr(memory, name)) for name in ("num_bad_epochs", "cooldown_counter")}
        return {"best": as_json(float(memory.best)), **counts, "settings": self._settings}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: it was of other settings.
        """
        require_settings(state["settings"], self._settings, "ReduceLROnPlateau")
        with jax.enable_x64(True):
            self._memory = self._memory._replace(
                best=jnp.asarray(float(state["best"])),
                num_bad_epochs=jnp.int32(state["num_bad_epochs"]),
                cooldown_counter=jnp.int32(state["cooldown_counter"]),
            )


def _rates(opt_state: Any) -> list[int]:
    """Which leaves of an optimiser's state are learning rates.

    Raises:
        ValueError: none is, or one that a schedule sets anew at every step.
    """
    paths = [
        tuple(jax.tree_util.keystr((key,), simple=True) for key in path)
        for path, _ in jax.tree_util.tree_leaves_with_path(opt_state)
    ]
    places = [place for place, path in enumerate(paths) if path[-2:] == ("hyperparams", "learning_rate")]
    write = "write optim.adjustable(optim.adam, learning_rate=1e-3) instead of"
    if not places:
        raise ValueError(
            "ReduceLROnPlateau: the optimiser must have its learning rate in its state, and this one has not; "
            f"{write} optim.adam(1e-3)"
        )
    for place in places:
        state = (*paths[place][:-2], "hyperparams_states", "learning_rate")
        if any(path[: len(state)] == state for path in paths):
            raise ValueError(
                "ReduceLROnPlateau: the learning rate must be a number, and a schedule sets this one at every step; "
                f"{write} optax.inject_hyperparams(...)(schedule)"
            )
    return places
