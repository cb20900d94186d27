"""Modules that look rows of a table up."""

from typing import Any, Self

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.module import Buffer, Module, storable


class _Table(Module):
    """A module with a table of rows."""

    def _make(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        given: Any,
        frozen: bool,
        dtype: Any,
        rngs: init.Rngs | None,
    ) -> None:
        """Set the sizes, and the weight: the given one, or N(0, 1) with zeros at `padding_idx`."""
        name, shape = type(self).__name__, (num_embeddings, embedding_dim)
        if min(shape) < 0:
            raise ValueError(
                f"{name}: sizes must not be negative, given num_embeddings={num_embeddings}, "
                f"embedding_dim={embedding_dim}"
            )
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"{name}: padding_idx is {padding_idx}; it must lie in [-num_embeddings, num_embeddings), "
                f"num_embeddings={num_embeddings}"
            )
        self.num_embeddings, self.embedding_dim = shape
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if given is None:
            weight = self._drawn(storable(dtype, f"{name}'s dtype"), rngs)
        else:
            weight = jnp.asarray(given)
            if weight.shape != shape:
                raise ValueError(f"{name}: _weight has shape {weight.shape}; it must be {shape}, as the sizes are")
        self.weight: nnx.Variable[jax.Array] = Buffer(weight) if frozen else nnx.Param(weight)

    def _drawn(self, dtype: Any, rngs: init.Rngs | None) -> jax.Array:
        if rngs is None:
            raise ValueError(
                f"{type(self).__name__}: rngs is None, but the weight has to be drawn; pass "
                "rngs=random.TorchGenerator(0) or rngs=nnx.Rngs(0)"
            )
        weight = jnp.empty((self.num_embeddings, self.embedding_dim), dtype)
        weight = init.normal_(nnx.Param(weight), rngs=rngs).get_value()
        return weight if self.padding_idx is None else weight.at[self.padding_idx].set(0)

    def _output(self, found: jax.Array | tuple[jax.Array, jax.Array]) -> jax.Array:
        """The rows, the weight that came with them kept."""
        if not isinstance(found, tuple):
            return found
        output, weight = found
        self.weight.set_value(weight)
        return output


class Embedding(_Table):
    """Rows of a table by index: y = weight[input].

    **Matches** `torch.nn.Embedding`, PyTorch 2.13: default initialisation N(0, 1) with zeros at `padding_idx`, whose
    row gets no gradient; `scale_grad_by_freq`. **Differs**: `rngs` draws the weight, and is needed unless `_weight` is
    given; `sparse` has no effect; a frozen weight is a buffer, which `functionalize` hands over beside the parameters
    and nobody trains; an index out of range gives a NaN row inside `jit`.

    `max_norm` scales rows that are too long in place in PyTorch. Called directly, this module does so too (as a frozen
    one does inside `functionalize`). A functionalized one looks the scaled rows up and differentiates by them, but
    cannot return a changed parameter; to train as PyTorch does, scale the parameter before the step:
    `params["weight"] = functional.embedding(input, params["weight"], max_norm=max_norm)[1]`.

    Args:
        num_embeddings: how many rows.
        embedding_dim: how long each is.
        padding_idx: the row that stays as it is.
        max_norm: the largest norm that a looked-up row keeps.
        norm_type: the p of that p-norm.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up.
        sparse: no effect.
        _weight: the table, instead of a draw.
        _freeze: whether the table is not to be trained.
        dtype: of a drawn table; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size or `padding_idx` out of range, a `_weight` of another shape, nothing to draw from; as
            `functional.embedding` when called.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Embedding(10, 3, rngs=random.TorchGenerator(0))(jnp.array([[1, 2], [9, 0]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        dtype: Any = None,
        *,
        rngs: init.Rngs | None = None,
    ) -> None:
        self._make(num_embeddings, embedding_dim, padding_idx, _weight, _freeze, dtype, rngs)
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse

    def __call__(self, input: jax.Array) -> jax.Array:
        weight, frequency = self.weight[...], self.scale_grad_by_freq
        found = F.embedding(input, weight, self.padding_idx, self.max_norm, self.norm_type, frequency, self.sparse)
        return self._output(found)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An embedding with a given table `[V, D]`, which is not trained unless `freeze=False`.

        **Matches** `torch.nn.Embedding.from_pretrained`, PyTorch 2.13 (the row at `padding_idx` is kept as it is).

        Raises:
            ValueError: `embeddings` is no matrix.

        >>> import jax.numpy as jnp
        >>> from jaxdl import nn
        >>> nn.Embedding.from_pretrained(jnp.array([[1.0, 2.0], [3.0, 4.0]]))(jnp.array([1])).tolist()
        [[3.0, 4.0]]
        """
        rows, columns = _matrix(cls.__name__, embeddings)
        return cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)


class EmbeddingBag(_Table):
    """Bags of rows of a table, each summed, averaged or maximised.

    **Matches** `torch.nn.EmbeddingBag`, PyTorch 2.13; initialisation, `max_norm` and what **differs** as `Embedding`,
    and the gradient of `scale_grad_by_freq` as `functional.embedding_bag`.

    Args:
        num_embeddings: how many rows.
        embedding_dim: how long each is.
        max_norm: the largest norm that a looked-up row keeps.
        norm_type: the p of that p-norm.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up; not with 'max'.
        mode: 'sum', 'mean' or 'max'.
        sparse: no effect; not allowed with 'max'.
        _weight: the table, instead of a draw.
        include_last_offset: whether offsets hold the end of the last bag as well.
        padding_idx: a row that counts in no bag, and stays as it is.
        dtype: of a drawn table; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: as `Embedding`; as `functional.embedding_bag` when called.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> bag = nn.EmbeddingBag(10, 3, mode="sum", rngs=random.TorchGenerator(0))
    >>> bag(jnp.array([1, 2, 4, 5]), jnp.array([0, 3])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: Any = None,
        *,
        rngs: init.Rngs | None = None,
    ) -> None:
        self._make(num_embeddings, embedding_dim, padding_idx, _weight, False, dtype, rngs)
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.mode, self.sparse, self.include_last_offset = mode, sparse, include_last_offset

    def __call__(
        self, input: jax.Array, offsets: jax.Array | None = None, per_sample_weights: jax.Array | None = None
    ) -> jax.Array:
        found = F.embedding_bag(
            input,
            self.weight[...],
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )
        return self._output(found)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A bag with a given table `[V, D]`, which is not trained unless `freeze=False`.

        **Matches** `torch.nn.EmbeddingBag.from_pretrained`, PyTorch 2.13.

        Raises:
            ValueError: `embeddings` is no matrix.

        >>> import jax.numpy as jnp
        >>> from jaxdl import nn
        >>> nn.EmbeddingBag.from_pretrained(jnp.array([[1.0, 2.0], [3.0, 4.0]]))(jnp.array([[0, 1]])).tolist()
        [[2.0, 3.0]]
        """
        rows, columns = _matrix(cls.__name__, embeddings)
        bag = cls(
            rows,
            columns,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        if freeze:
            bag.weight = Buffer(bag.weight.get_value())
        return bag


def _matrix(name: str, embeddings: Any) -> tuple[int, int]:
    shape = jnp.shape(embeddings)
    if len(shape) != 2:
        raise ValueError(f"{name}: embeddings has shape {shape}; it must be [num_embeddings, embedding_dim]")
    return shape
