"""GPT-2 and its port, with the same weights: `jaxdl diff docs/porting/side_by_side.py`."""

import numpy as np
import torch
from gpt2 import GPT2, load  # the port, in the file beside this one
from transformers import GPT2Config, GPT2LMHeadModel

from jaxdl import functional, optim, random

SIZES = {"vocab_size": 50, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 4}

torch.manual_seed(0)
torch_module = GPT2LMHeadModel(GPT2Config(**SIZES, bos_token_id=0, eos_token_id=0))
with torch.no_grad():
    for parameter in torch_module.parameters():  # a new model's biases are zeros: a port that forgets one would agree
        parameter += 0.1 * torch.randn_like(parameter)

jax_model = GPT2(**SIZES, rngs=random.TorchGenerator(0))
load(jax_model, {name: tensor.numpy() for name, tensor in torch_module.state_dict().items()})

inputs = np.random.default_rng(0).integers(SIZES["vocab_size"], size=(2, 10))

# How it is going to be trained, for the port and for PyTorch's. Without a word: a weighted sum, plain descent.
theirs, ours = torch.nn.functional.cross_entropy, functional.cross_entropy
before, after = (slice(None), slice(None, -1)), inputs[:, 1:].reshape(-1)
loss = (
    lambda logits: ours(logits[before].reshape(len(after), -1), after),
    lambda output: theirs(output.logits[before].flatten(0, 1), torch.from_numpy(after)),
)
optimizers = (optim.adamw(1e-3), lambda parameters: torch.optim.AdamW(parameters, lr=1e-3))
