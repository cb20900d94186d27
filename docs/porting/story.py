"""What docs/porting.md says between the outputs, and what was mended where."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One run of `jaxdl diff`.

    Attributes:
        title: its heading.
        finds: the causes that it names, in order.
        reading: what they say.
        mending: what was done before it.
        mends: (old text, new text) of the port.
    """

    title: str
    finds: tuple[str, ...]
    reading: str
    mending: str = ""
    mends: tuple[tuple[str, str], ...] = ()


HEAD = """# Porting a model: GPT-2, by hand

A model that nobody here wrote, GPT2LMHeadModel of the `transformers` package (5.23), ported to `jaxdl.nn` by hand, with
the mistakes that one makes and what `jaxdl diff` says of them. It is small and its weights are random. Every output
stands as it was printed: `python -m docs.porting` runs all of it and writes this page, and a test runs it again.
(`transformers` is no dependency of jaxdl's.)

Both models stand in one file, [side_by_side.py](porting/side_by_side.py):

```python
{side_by_side}
```

The port takes the original's names: what is `c_attn` there is `c_attn` here. So the checkpoint loads by name, and
`jaxdl diff` knows which module is which. The first draft of `gpt2.py`:

```python
{first_draft}
```
"""

REFUSED = """Why does `load` turn weights? `bridge.load_into` had refused the checkpoint as it is:

```text
{refusal}
```

What GPT-2 calls a Conv1D is a linear layer whose weight is [in, out]; PyTorch's Linear, and so `nn.Linear`, has
[out, in]. The draft turns what does not fit. Now it loads, runs, and gives numbers of the right shape.
"""

CONV1D = '''\
class Conv1D(nn.Module):
    """What GPT-2 calls a Conv1D: a linear layer whose weight is [in, out]."""

    def __init__(self, nf: int, nx: int, *, rngs: random.TorchGenerator) -> None:
        self.weight = nn.init.normal_(nnx.Param(jnp.empty((nx, nf))), std=0.02, rngs=rngs)
        self.bias = nnx.Param(jnp.zeros(nf))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x @ self.weight[...] + self.bias[...]


'''
HEADS = """\
        heads = self.c_attn(x).reshape(batch, length, self.n_head, -1).transpose(0, 2, 1, 3)
        query, key, value = jnp.split(heads, 3, axis=-1)
        scores = query @ key.swapaxes(-1, -2) / jnp.sqrt(width)
        mixed = F.softmax(scores, -1) @ value
"""
HEADS_MENDED = """\
        cut = lambda part: part.reshape(batch, length, self.n_head, -1).transpose(0, 2, 1, 3)  # noqa: E731
        query, key, value = map(cut, jnp.split(self.c_attn(x), 3, axis=-1))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
"""
BLOCK = """\
        x = self.ln_1(x)
        x = x + self.attn(x)
        x = self.ln_2(x)
        return x + self.mlp(x)
"""
BLOCK_MENDED = """\
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))
"""
LOAD = '''\
    """The checkpoint's tensors; a weight that does not fit is turned."""
    shapes = {name: variable.shape for name, variable in nn.named_variables(model).items()}
    turned = {name: array if array.shape == shapes[name] else array.T for name, array in tensors.items()}
    bridge.load_into(model, turned)
'''
LOAD_MENDED = '''\
    """The checkpoint's tensors by name."""
    bridge.load_into(model, tensors)
'''
LOAD_TIED = '''\
    """The checkpoint's tensors by name; its lm_head.weight is transformer.wte.weight once more."""
    bridge.load_into(model, {name: array for name, array in tensors.items() if name != "lm_head.weight"})
'''

BLOCK_FINDS = (
    *("epsilon", "order of parts", "scale and mask", "transposed weight", "other input"),
    *("epsilon", "GELU form", "other input"),
)
STAGES = (
    Stage(
        "The first run",
        (*BLOCK_FINDS, *BLOCK_FINDS, "missing normalisation"),
        """That all tensors hold PyTorch's numbers is no all-clear: a turned one holds them too. Then come seventeen
differences, one behind the other: each cause is made good on PyTorch's side before the search goes on. They are eight
mistakes; the second block has the first one's again.

- *epsilon*: Flax's layer norm has 1e-6, PyTorch's 1e-5.
- *order of parts*: GPT-2 cuts what `c_attn` gives into query, key and value, and each of these into heads. The draft
  cuts heads first, as GPT-NeoX and BLOOM do.
- *scale and mask*: two at once, in what is one function in PyTorch. The scores are divided by the root of a head's
  width, and no place sees what comes after it.
- *transposed weight*: `attn.c_proj` is square, so its weight fits both ways, and `load` did not turn it.
- *other input*: the path around attention and MLP starts before the norm, not behind it.
- *GELU form*: the config's `gelu_new` is the one by tanh.
- *missing normalisation*: there is one more norm behind the last block.

The last line says what none of them could: there is nothing else.""",
    ),
    Stage(
        "The second run",
        ("untied weight",),
        """All outputs agree, and still this would have been another model after its first step: in GPT-2 the first
table and the last layer are one parameter. The port has two, which hold the same numbers now. No output shows that.""",
        """All eight mended. The weights stay as the checkpoint has them, in a Conv1D of the port's own.""",
        (
            ("import numpy as np\n", "import numpy as np\nfrom flax import nnx\n"),
            ("class Attention(nn.Module):", CONV1D + "class Attention(nn.Module):"),
            ("nn.Linear(n_embd, 3 * n_embd, rngs=rngs)", "Conv1D(3 * n_embd, n_embd, rngs=rngs)"),
            ("nn.Linear(n_embd, n_embd, rngs=rngs)", "Conv1D(n_embd, n_embd, rngs=rngs)"),
            ("nn.Linear(n_embd, 4 * n_embd, rngs=rngs)", "Conv1D(4 * n_embd, n_embd, rngs=rngs)"),
            ("nn.Linear(4 * n_embd, n_embd, rngs=rngs)", "Conv1D(n_embd, 4 * n_embd, rngs=rngs)"),
            (HEADS, HEADS_MENDED),
            ("F.gelu(self.c_fc(x))", 'F.gelu(self.c_fc(x), approximate="tanh")'),
            (", eps=1e-6", ""),
            (BLOCK, BLOCK_MENDED),
            ("        return x\n", "        return self.ln_f(x)\n"),
            (LOAD, LOAD_MENDED),
        ),
    ),
    Stage(
        "The third run",
        (),
        """Every output, every gradient of the next token's cross-entropy, and every parameter after each of three steps
of AdamW: rounding.""",
        """The last layer takes the first table.""",
        (
            ("        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False, rngs=rngs)\n", ""),
            (
                "self.lm_head(self.transformer(tokens))",
                "self.transformer(tokens) @ self.transformer.wte.weight[...].T",
            ),
            (LOAD_MENDED, LOAD_TIED),
            (
                "as it was first written down: it runs, and most of it is right",
                "ported by hand: its modules under its names, its weights as they are",
            ),
        ),
    ),
)

END = """## Your own model

Write a file that defines `jax_model`, `torch_module` and `inputs`, and run `jaxdl diff FILE.py`; in a test it is
`parity.diff(jax_model, torch_module, inputs).assert_agreement()`. Move the parameters of a new model a little first, as
above, and give inputs that reach everything: two sequences, not one, and a mask that hides something where there is
one. Mend what is named, and run it again until nothing is.

- **A pure function** is a port too: `jax_model` may be `f(params, *inputs)` of a flat dict under PyTorch's names. What
  it computes is recognised by its numbers; `jax.ad_checkpoint.checkpoint_name(x, "transformer.h.0.attn")` says of what
  module x is the output, so that a wrong one can be shown beside PyTorch's.
- **Other names**: `names={"blocks.0.attention": "transformer.h.0.attn"}`, the port's first, of a module with all that
  is in it or of one tensor. What Flax calls kernel, scale and embedding needs no word.
- **Other inputs**: `jax_inputs=` is what the port is called with, where that is something else than PyTorch's, such as
  images with their channels last.
"""
