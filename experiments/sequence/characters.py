"""A recurrent network reads Python's help, character by character, and says what comes next.

What the network knows of all that it has read is the state that it hands on. `--cell rnn` multiplies that state by the
same matrix at each step, so the gradient fades or grows with the distance that it goes back; `gru` and `lstm` have
gates, through which it can pass as it is. The run ends with that gradient in all three, before and after training,
with bits a character beside those of counting, and with text that the network wrote.

    python -m experiments.sequence.characters --cell gru

Data: Python's help.
Time: 50 s on two cores.
Score: test_bits <= 3.05
Paper: Hochreiter and Schmidhuber 1997, "Long Short-Term Memory"; Cho et al. 2014, "Learning Phrase Representations
using RNN Encoder-Decoder for Statistical Machine Translation", where the gated recurrent unit comes from.

The test is on the text's last fifth, of other topics than those it learned from. Where a Python's help is another
(see `data.python_help`), its numbers are its own.
"""

from dataclasses import dataclass

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(23, "passes over the 36,660 training characters")
    batch_size: int = option(64, "windows a step")
    length: int = option(64, "characters a window")
    width: int = option(128, "numbers in the state")
    learning_rate: float = option(2e-3, "Adam's step size")
    cell: str = option("lstm", "what hands on the state: rnn, gru or lstm")

    def __post_init__(self):
        super().__post_init__()
        if self.cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(CELLS)}, given {self.cell!r}")
        if self.width < 1:
            raise ValueError(f"width must be at least 1, given {self.width}")


class Reader(nn.Module):
    def __init__(self, cell, width, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), 64, rngs=rngs)
        self.recurrence = CELLS[cell](64, width, batch_first=True, rngs=rngs)
        self.head = nn.Linear(width, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        states, _ = self.recurrence(self.embedding(characters))
        return self.head(states)


def loss(logits, following):
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), following.reshape(-1))


def source(config):
    characters, following, _, _ = data.python_help(config.length)
    return data.ArraySource((characters, following), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, characters, following = data.python_help(config.length)
    return data.ArraySource((characters, following), batch_size=len(characters))


def program(config):
    return train.supervised(
        lambda rngs: Reader(config.cell, config.width, rngs=rngs),
        loss,
        optim.adam(config.learning_rate),
        metrics={"bits": metrics.bits},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
