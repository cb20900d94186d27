"""The ways in which a workload is run: a framework, and what is particular about it."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from jaxdl.experiment import Experiment

FRAMEWORKS = ("jax", "torch", "tensorflow")


@dataclass(frozen=True)
class Mode:
    """One way to run a workload.

    Attributes:
        name: in results.
        label: for people.
        framework: whose `--frameworks` word brings it in.
        runner: the module of `jaxdl.compare.runners` that runs it.
        suffix: of the file beside the experiment's that holds its model; empty: the experiment itself.
        caches: compiled programs outlive the process, and a second start shall say what that gives.
        engine: what differentiates, where an experiment's Config leaves it open.
        proof: whether the model is another one than the ladder has climbed, and must first give PyTorch's output, loss
            and gradients in float64.
        steps_per_call: as for `train.fit`, of jaxdl's own.
    """

    name: str
    label: str
    framework: str
    runner: str
    suffix: str = ""
    caches: bool = False
    engine: str = ""
    proof: bool = False
    steps_per_call: int | None = None


MODES = {
    mode.name: mode
    for mode in (
        Mode("jax", "JAX", "jax", "ours", caches=True, engine="jax"),
        Mode("flax", "stock Flax", "jax", "stock_flax", "_flax", caches=True, proof=True),
        Mode("eager", "PyTorch eager", "torch", "pytorch", "_torch"),
        Mode("compile", "torch.compile", "torch", "pytorch", "_torch", caches=True),
        Mode("channels_last", "PyTorch channels_last", "torch", "pytorch", "_torch"),
        Mode("tensorflow", "TensorFlow (Keras)", "tensorflow", "keras", "_keras", proof=True),
        Mode("tensorflow_xla", "TensorFlow (Keras, XLA)", "tensorflow", "keras", "_keras", proof=True),
        Mode("autodiff_numpy", "autodiff (NumPy)", "jax", "ours", engine="numpy"),
        Mode("autodiff_xla", "autodiff (XLA)", "jax", "ours", caches=True, engine="xla"),
    )
}


# Where a step's loop may run: as `train.fit` chooses, and both ways that it chooses from.
LOOPS = (
    MODES["jax"],
    Mode("jax_host", "a call a step", "jax", "ours", engine="jax", steps_per_call=1),
    Mode("jax_device", "a loop on the device", "jax", "ours", engine="jax", steps_per_call=64),
)


def modes_for(experiment: Experiment, config: Any, frameworks: tuple[str, ...] = ("jax", "torch")) -> list[Mode]:
    """The modes that an experiment has: its peers are the files beside its own; channels_last is for images alone;
    jaxdl's own engine where the Config has an `engine`."""
    images = experiment.source(config).arrays[0].ndim == 4
    own = hasattr(config, "engine")

    def has(mode: Mode) -> bool:
        if mode.framework not in frameworks or (mode.name.startswith("autodiff") and not own):
            return False
        if mode.name == "channels_last" and not images:
            return False
        return not mode.suffix or find_spec(f"{experiment.module.__name__}{mode.suffix}") is not None

    return [mode for mode in MODES.values() if has(mode)]
