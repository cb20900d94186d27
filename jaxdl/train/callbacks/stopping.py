"""A run that ends when it no longer improves."""

import math
from typing import TYPE_CHECKING, Any, Literal

from jaxdl.train.callbacks.callback import Callback

if TYPE_CHECKING:
    from jaxdl.train.run import Run


class EarlyStopping(Callback):
    """Stop when `patience` epochs in a row have not brought a better metric.

    Better is metric < best - min_delta ('min') or metric > best + min_delta ('max'); NaN is never better. The state is
    left as the last epoch made it.

    Args:
        metric: a name in the epoch's record: 'loss', 'test_loss', 'test_accuracy', ...
        patience: how many epochs without a better one are borne, at least 1; the last of them is the run's last.
        min_delta: how much better is better, at least 0.
        mode: whether a smaller ('min') or a larger ('max') metric is better.

    Attributes:
        best: the best metric so far.
        best_epoch: the epoch that had it, counted from 1; 0 before the first.

    Raises:
        ValueError: patience below 1, a negative min_delta, an unknown mode; at an epoch's end, a record without the
            metric.

    >>> from types import SimpleNamespace
    >>> run, stopping = SimpleNamespace(epoch=0, stop=print), EarlyStopping("loss", patience=2)
    >>> for run.epoch, loss in enumerate((3.0, 2.0, 2.5, 2.0)):
    ...     stopping.epoch_ended(run, {"loss": loss})
    loss has not become less than 2 (epoch 2) in 2 epochs
    """

    def __init__(
        self,
        metric: str = "test_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: Literal["min", "max"] = "min",
    ) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ValueError(f"EarlyStopping: patience must be an integer, at least 1, given {patience!r}")
        if not (isinstance(min_delta, int | float) and min_delta >= 0):
            raise ValueError(f"EarlyStopping: min_delta must be at least 0, given {min_delta!r}")
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStopping: mode must be 'min' or 'max', given {mode!r}")
        self.metric, self.patience, self.min_delta, self.mode = metric, patience, min_delta, mode
        self.best, self.best_epoch = math.inf if mode == "min" else -math.inf, 0
        self._bad = 0

    def epoch_ended(self, run: "Run", record: dict[str, float]) -> None:
        """See whether the epoch was better; stop after too many that were not."""
        value = measured(record, self.metric, "EarlyStopping")
        better = value < self.best - self.min_delta if self.mode == "min" else value > self.best + self.min_delta
        if better:
            self.best, self.best_epoch, self._bad = value, run.epoch + 1, 0
            return
        self._bad += 1
        if self._bad >= self.patience:
            change = "less" if self.mode == "min" else "more"
            run.stop(
                f"{self.metric} has not become {change} than {self.best:.6g} (epoch {self.best_epoch}) in "
                f"{self._bad} epoch{'s' if self._bad > 1 else ''}"
            )

    def state_dict(self) -> dict[str, Any]:
        """The best metric, its epoch, the bad epochs since, and the settings by which they were counted."""
        return {
            **{"best": as_json(self.best), "best_epoch": self.best_epoch, "bad": self._bad},
            "settings": {name: getattr(self, name) for name in ("metric", "patience", "min_delta", "mode")},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: it was of other settings.
        """
        require_settings(state["settings"], self.state_dict()["settings"], "EarlyStopping")
        self.best, self.best_epoch, self._bad = float(state["best"]), int(state["best_epoch"]), int(state["bad"])


def measured(record: dict[str, float], metric: str, owner: str) -> float:
    """A metric of an epoch's record.

    Raises:
        ValueError: the record does not have it.
    """
    if metric not in record:
        hint = "; fit(..., evaluation=source) measures test_..." if metric.startswith("test_") else ""
        raise ValueError(f"{owner}: metric must be one of {', '.join(record)}, given {metric!r}{hint}")
    return float(record[metric])


def require_settings(there: dict[str, Any], here: dict[str, Any], owner: str) -> None:
    """See that what is remembered was counted by the settings that go on counting.

    Raises:
        ValueError: it was not.
    """
    changed = [
        f"{name} was {there.get(name)!r} and is {here[name]!r}" for name in here if there.get(name) != here[name]
    ]
    if changed:
        raise ValueError(f"{owner}: a run that goes on needs the settings that it was begun with: {', '.join(changed)}")


def as_json(number: float) -> float | str:
    """A number that JSON holds exactly; infinity and NaN, for which it has no number, as text that float() reads."""
    return number if math.isfinite(number) else repr(number)
