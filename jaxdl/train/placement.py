"""Where a run's arrays live: on one device, or spread over the devices of a mesh."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

DATA, SHARDED = "data", "fsdp"  # the axes of a mesh: batches are split over both, the state over the second
SMALLEST = 2**10  # numbers in an array that is worth splitting


@dataclass(frozen=True)
class Placement:
    """How the state, the batches and the data of a run lie on devices; without a mesh, on jax's default device.

    Over a mesh every batch is split by rows over both axes, and every array of the state that is large enough is split
    over the axis 'fsdp' along its longest dimension that the axis divides; the rest is whole on every device. XLA puts
    in what has to be exchanged, so a run computes what it computes on one device: batch norm's statistics, too, are
    those of the whole batch.

    Raises:
        TypeError: not a mesh.
        ValueError: the mesh has an axis that is neither 'data' nor 'fsdp'.
    """

    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        if self.mesh is None:
            return
        if not isinstance(self.mesh, Mesh):
            raise TypeError(f"mesh must be a jax.sharding.Mesh, as jax.make_mesh gives it, given {self.mesh!r}")
        strange = [name for name in self.mesh.axis_names if name not in (DATA, SHARDED)]
        if strange:
            raise ValueError(
                f"the axes of a mesh must be named {DATA!r} (rows of a batch) or {SHARDED!r} (rows, and parts of the "
                f"state), given {strange[0]!r}; as in jax.make_mesh((8,), ({DATA!r},))"
            )
        # jax.make_mesh's axes may be of the explicit kind, under which every operation would have to name shardings.
        object.__setattr__(self, "mesh", Mesh(self.mesh.devices, self.mesh.axis_names))

    @property
    def devices(self) -> int:
        """How many devices there are to share the work."""
        return 1 if self.mesh is None else self.mesh.size

    def put_state(self, state: Any) -> Any:
        """A copy of a state in its place: steps consume what they are given, and no two arrays may share memory."""
        if self.mesh is None:
            return jax.device_put(state, may_alias=False)  # jnp.copy compiles a program for each shape
        return jax.tree.map(lambda leaf: _put(leaf, self._named(self._state_spec(leaf))), state)

    def put_whole(self, tree: Any) -> Any:
        """The arrays, whole on every device."""
        if self.mesh is None:
            return jax.device_put(tree)
        return jax.tree.map(lambda leaf: _put(leaf, self._named(PartitionSpec())), tree)

    def put_batch(self, batch: Any) -> Any:
        """A batch from elsewhere, split by rows where the devices divide them."""
        if self.mesh is None:
            return jax.device_put(batch)
        return jax.tree.map(lambda leaf: _put(leaf, self._named(self._batch_spec(leaf))), batch)

    def keep_state(self, state: Any) -> Any:
        """Inside jit: the state stays where it was."""
        if self.mesh is None:
            return state
        return jax.tree.map(lambda a: jax.lax.with_sharding_constraint(a, self._named(self._state_spec(a))), state)

    def split_batch(self, batch: Any) -> Any:
        """Inside jit: the batch split by rows."""
        if self.mesh is None:
            return batch
        return jax.tree.map(lambda a: jax.lax.with_sharding_constraint(a, self._named(self._batch_spec(a))), batch)

    def gathered(self, tree: Any) -> Any:
        """Inside jit: small results, whole on every device."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda a: jax.lax.with_sharding_constraint(a, self._named(PartitionSpec())), tree)

    def shardings(self, state: Any) -> Any:
        """Where each array of a state belongs: what a checkpoint is read into."""
        single = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        return jax.tree.map(lambda leaf: single if self.mesh is None else self._named(self._state_spec(leaf)), state)

    def _named(self, spec: PartitionSpec) -> NamedSharding:
        assert self.mesh is not None
        return NamedSharding(self.mesh, spec)

    def _state_spec(self, leaf: Any) -> PartitionSpec:
        assert self.mesh is not None
        parts = self.mesh.shape.get(SHARDED, 1)
        if parts == 1 or np.size(leaf) < SMALLEST or jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return PartitionSpec()
        divisible = [axis for axis, length in enumerate(leaf.shape) if length % parts == 0]
        if not divisible:
            return PartitionSpec()
        longest = max(divisible, key=lambda axis: leaf.shape[axis])
        return PartitionSpec(*[SHARDED if axis == longest else None for axis in range(leaf.ndim)])

    def _batch_spec(self, leaf: Any) -> PartitionSpec:
        assert self.mesh is not None
        if np.ndim(leaf) == 0 or leaf.shape[0] % self.devices:
            return PartitionSpec()
        return PartitionSpec(tuple(self.mesh.axis_names))


def _put(leaf: Any, sharding: NamedSharding) -> jax.Array:
    """A copy of an array, every process holding the whole of it, in its place over all processes."""
    if isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        data = _put(jax.random.key_data(leaf), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
    host = np.asarray(leaf)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: np.array(host[index]))


def whole(tree: Any) -> Any:
    """The arrays of a run over a mesh, each whole on every device, and so in every process; others as they are.

    All processes must call it together.

    >>> whole({"weight": jax.numpy.ones(2)})["weight"].tolist()
    [1.0, 1.0]
    """
    split = [leaf for leaf in jax.tree.leaves(tree) if isinstance(getattr(leaf, "sharding", None), NamedSharding)]
    if not split:
        return tree
    everywhere = NamedSharding(split[0].sharding.mesh, PartitionSpec())
    return jax.jit(lambda arrays: arrays, out_shardings=everywhere)(tree)
