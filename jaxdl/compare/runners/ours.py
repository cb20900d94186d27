"""jaxdl itself: an experiment's own program, stepped as `train.fit` steps it."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from jaxdl.compare.runners import CHECKED_STEPS, Job, Losses, Runner, Task, batches, proven, repeated, set_jax_precision

SWEPT_EPOCHS = 10  # a sweep's turn
SAMPLES = 24  # of the test data, shown with what the model says of them


def load(job: Job) -> None:
    """Import what an experiment needs."""
    from jaxdl import experiment, runtime

    runtime.tune()
    set_jax_precision(job)
    experiment.find(job["experiment"])


def build(job: Job) -> Runner:
    """The experiment with its parameters drawn from the seed, and the batches on the device."""
    return Ours(job)


class Ours:
    """An experiment's program, its state, and its batches as a source of rows that live on the device."""

    differs = ""

    def __init__(self, job: Job) -> None:
        from jaxdl import data, experiment, train
        from jaxdl.random import TorchGenerator
        from jaxdl.train.calls import Calls
        from jaxdl.train.placement import Placement
        from jaxdl.train.run import Run

        self.job, self._given = job, batches(job, np.asarray)
        self.experiment = experiment.find(job["experiment"])
        self.config = self.experiment.config(
            **{field.name: getattr(job["config"], field.name) for field in fields(self.experiment.module.Config)}
        )
        self.program = mixed(self.experiment.program(self.config), job)
        rows = tuple(np.concatenate(arrays) for arrays in zip(*self._given, strict=True))
        self.source = data.ArraySource(rows, len(self._given[0][-1]))
        self._train = train
        state = self.program.init(TorchGenerator(self.config.seed))
        self.run = Run(self.program, self.source, None, 2**31, TorchGenerator(0), Placement(None), state)
        self.calls = Calls(self.run, job.get("steps_per_call"))
        self.losses = Losses()

    def task(self, kind: str, number: int) -> Task:
        """One of the four."""
        tasks: dict[str, Callable[[Ours, int], Task]] = {
            "train": _Training,
            "infer": _Inference,
            "sweep": _Sweep,
            "product": _Product,
        }
        return tasks[kind](self, number)

    def rows(self, number: int) -> tuple[np.ndarray, ...]:
        """So many rows of the data, and their targets."""
        return tuple(array[repeated(len(array), number)] for array in self.source.arrays)

    def agree(self) -> dict[str, Any]:
        """The program's own probe, in float64."""
        import jax

        from jaxdl.experiment import precision
        from jaxdl.random import TorchGenerator

        with precision("float64"):
            program = self.experiment.program(replace(self.config, dtype="float64"))
            batch = tuple(a.astype(np.float64) if a.dtype == np.float32 else a for a in proven(self._given[0]))
            assert program.probe is not None
            probe = jax.jit(program.probe)(program.init(TorchGenerator(self.config.seed)), batch)
            return {"output": probe.output, "loss": probe.loss, **probe.gradients}

    def after(self) -> dict[str, Any]:
        """The last losses, the test data's metrics, and what the trained model says of some of it."""
        import jax

        found = self.losses.after(len(self.source))
        if not found["steps"]:
            return found
        found["flops"] = flops(self.program, self.run.state, self._given[0])
        evaluation = self.experiment.evaluation(self.config)
        found["final"] = self._train.evaluate(self.program, self.run.state, evaluation)
        if self.program.predict is not None:
            *inputs, target = next(evaluation.batches(0))
            outputs = jax.jit(self.program.predict)(self.run.state, (*inputs, target))
            found["samples"] = samples(np.asarray(inputs[0]), np.asarray(target), outputs)
        return found


class _Training:
    """Steps in calls of as many as the engine itself puts into one."""

    def __init__(self, ours: Ours, number: int) -> None:
        self._ours, self._left = ours, 0

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        self.turn(CHECKED_STEPS - 1)
        return self._ours.losses.read()

    def turn(self, count: int) -> int:
        import jax

        run, self._left = self._ours.run, count
        while self._left:
            for measured in self._ours.calls.epoch(run.generator, lambda: self._left):
                self._ours.losses.add(_Rows(measured))
                self._left -= measured.steps
                if not self._left:
                    break
            if run.batch == len(run.source):
                run.epoch, run.batch = run.epoch + 1, 0
        jax.block_until_ready((measured.metrics, run.state))
        return count


class _Rows:
    """The losses of a call, fetched when they are read."""

    def __init__(self, measured: Any) -> None:
        self._measured = measured

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._measured.fetch()["loss"], dtype)


class _Inference:
    """The untrained model's answers for so many rows at once."""

    def __init__(self, ours: Ours, number: int) -> None:
        import jax

        from jaxdl.random import TorchGenerator

        if ours.program.predict is None:
            raise ValueError(f"{ours.experiment.name}: its program cannot predict, so that there is no inference")
        self._predict = jax.jit(ours.program.predict)
        self._state = ours.program.init(TorchGenerator(ours.config.seed))
        self._batch = jax.device_put(ours.rows(number))

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        return self._predict(self._state, self._batch)

    def turn(self, count: int) -> int:
        import jax

        for _ in range(count):
            outputs = self._predict(self._state, self._batch)
        jax.block_until_ready(outputs)
        return count


class _Sweep:
    """The same run with so many seeds, all at once; a step is a step of all of them."""

    def __init__(self, ours: Ours, number: int) -> None:
        self._ours, self._runs = ours, number

    def first(self) -> None:
        from jaxdl.train.sweeps.sweep import prepared

        ours = self._ours
        seeds = range(ours.config.seed, ours.config.seed + self._runs)
        self._lockstep = prepared(ours.program, ours.source, {"seed": seeds}, SWEPT_EPOCHS).lockstep
        self._trained = self._lockstep.train(lambda: None)

    def check(self) -> Any:
        """The losses of the run whose seed is the experiment's."""
        return self._trained[0].steps["loss"][0, :CHECKED_STEPS]

    def turn(self, count: int) -> int:
        steps = SWEPT_EPOCHS * len(self._ours.source)
        done = 0
        while done < count:
            self._lockstep.train(lambda: None)
            done += steps
        return done


class _Product:
    """A product of two square matrices of float32."""

    def __init__(self, ours: Ours, number: int) -> None:
        import jax

        self._factor = jax.device_put(np.random.RandomState(0).randn(number, number).astype(np.float32))
        self._product = jax.jit(lambda a: a @ a)

    def first(self) -> None:
        self.turn(1)

    def check(self) -> Any:
        return self._product(self._factor)

    def turn(self, count: int) -> int:
        import jax

        for _ in range(count):
            product = self._product(self._factor)
        jax.block_until_ready(product)
        return count


def mixed(program: Any, job: Job) -> Any:
    """The program, in bfloat16 where the job says so."""
    if not job.get("bf16"):
        return program
    if program.computing_in is None:
        raise ValueError("its program has no mixed precision: only those of train.supervised have")
    return program.computing_in("bfloat16")


def flops(program: Any, state: Any, batch: Any) -> float:
    """Operations of a step on floating numbers, from XLA's own analysis; that counts a loop's body once, so that where
    there is one, the trace's products are counted instead."""
    import jax

    from jaxdl.train.work import multiplications

    traced = jax.jit(program.step).trace(state, batch)
    analysed = float(traced.lower().cost_analysis()["flops"])
    return max(analysed, 2 * multiplications(traced.jaxpr.jaxpr)) if "scan" in str(traced.jaxpr) else analysed


def samples(inputs: np.ndarray, target: np.ndarray, outputs: Any) -> dict[str, Any]:
    """Pictures with what the model says of them, its mistakes first; or numbers beside the predicted ones."""
    outputs = np.asarray(outputs)
    if not np.issubdtype(target.dtype, np.integer):
        if outputs.shape != target.shape or not np.isin(target, (0, 1)).all():
            return {"kind": "numbers", "target": target.tolist(), "prediction": outputs.tolist()}
        # Two classes, and the logarithm of the second one's odds.
        target, outputs = target.astype(int), np.stack([np.zeros_like(outputs), outputs], axis=-1)
    prediction = outputs.argmax(axis=-1)
    if prediction.shape != target.shape or target.ndim != 1:
        return {}
    wrong = np.flatnonzero(prediction != target)
    chosen = np.concatenate([wrong, np.flatnonzero(prediction == target)])[:SAMPLES]
    result: dict[str, Any] = {"kind": "classes", "mistakes": len(wrong), "rows": len(target)}
    images = inputs[:, 0] if inputs.ndim == 4 else inputs
    if images.ndim == 3:
        result["images"] = np.round(255 * images[chosen]).astype(int).tolist()
    result["target"], result["prediction"] = target[chosen].tolist(), prediction[chosen].tolist()
    return result
