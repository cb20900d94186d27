"""What a run asks of those who take part in it: each mistake is one sentence, and none changes a run in silence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, random, train

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
Y = X.sum(1, keepdims=True)


def line(rngs):
    return nn.Linear(2, 1, rngs=rngs)


def supervised(optimizer=None, loss=functional.mse_loss, **options):
    return train.supervised(line, loss, optimizer or optim.sgd(0.1), **options)


def source():
    return data.ArraySource((X, Y), 4)


def fit(program=None, given=None, epochs=1, **settings):
    program, given = supervised() if program is None else program, source() if given is None else given
    return train.fit(program, given, epochs, progress=False, **settings)


def by_hand(**functions):
    def init(generator):
        return train.State({"w": jnp.zeros(2)}, {}, (), jax.random.key(0), jnp.int32(0))

    given = {"init": init, "step": lambda s, b: (s, {"loss": 0.0}), "evaluate": lambda s, b: {"loss": 0.0}}
    return train.Program(**{**given, **functions})


class Batches:
    """Three batches, whatever its length is said to be."""

    draws = 0

    def __init__(self, length):
        self.length = length

    def batches(self, epoch, generator=None, start=0):
        return iter([(jnp.asarray(X[i : i + 4]), jnp.asarray(Y[i : i + 4])) for i in (0, 4, 8)][start:])

    def __len__(self):
        return self.length


class Ended(train.Callback):
    """Puts another state in place after an epoch."""

    def __init__(self, other):
        self.other, self.first = other, None

    def epoch_ended(self, run, record):
        self.first = run.state if self.first is None else self.first
        run.state = self.other(self)


def halved(callback):
    params = {name: value.astype(jnp.float16) for name, value in callback.first.params.items()}
    return callback.first._replace(params=params)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit(epochs=2.5), TypeError, "epochs must be an integer, given 2.5"),
        (lambda: fit(steps_per_call="2"), TypeError, "steps_per_call must be an integer, or None to choose, given '2'"),
        (lambda: fit(program=line), TypeError, "program must be a train.Program"),
        (lambda: fit(given=(X, Y)), TypeError, "source must be a data.Source, .* given tuple"),
        (lambda: fit(evaluation=(X, Y)), TypeError, "evaluation must be a data.Source, .* given tuple"),
        (lambda: fit(evaluation=Batches(0)), ValueError, "evaluation must have at least one batch an epoch, given 0"),
        (lambda: fit(callbacks=train.EarlyStopping("loss")), TypeError, "callbacks must be a list .* EarlyStopping"),
        (lambda: fit(callbacks=[train.EarlyStopping]), TypeError, "given the class EarlyStopping"),
        (lambda: fit(state={"w": 1}), TypeError, "state must be a train.State, .* given dict"),
        (
            lambda: fit(state=supervised(optim.adam()).init(random.TorchGenerator(0))),
            ValueError,
            r"this program's init makes, but state.opt_state\S+ is new",
        ),
        (lambda: train.evaluate(supervised(), None, (X, Y)), TypeError, "source must be a data.Source"),
        (lambda: train.memory(supervised(), Batches(3)), TypeError, "source must be a data.ArraySource, given Batches"),
    ],
)
def test_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"init": lambda generator: {"w": jnp.zeros(2)}}, r"init must give a train.State\(.*\), gave dict"),
        ({"step": lambda s, b: s}, r"a step must give back \(state, metrics\), .* gave State"),
        ({"step": lambda s, b: (s, None)}, r"gave a tuple of 2 \(State, NoneType\)"),
        ({"step": lambda s, b: ({"loss": 0.0}, s)}, r"gave a tuple of 2 \(dict, State\)"),
        ({"step": lambda s, b: (s, {"loss": jnp.complex64(1)})}, r"given complex64\[\] in shapes"),
        ({"step": lambda s, b: (s._replace(params={}), {"loss": 0.0})}, r"state.params\['w'\] is missing"),
        ({"evaluate": lambda s, b: None}, "an evaluation's metrics must be a dict of scalars, given NoneType"),
        ({"evaluate": lambda s, b: {"loss": jnp.ones(3)}}, r"metrics must be scalars, given shapes {'loss': \(3,\)}"),
    ],
)
@pytest.mark.parametrize(
    "trained",
    [
        lambda program: fit(program, evaluation=source()),
        lambda program: train.sweep(program, source(), {"seed": range(2)}, 1, evaluation=source(), progress=False),
    ],
    ids=["fit", "sweep"],
)
def test_a_program_that_breaks_its_contract(functions, message, trained):
    with pytest.raises(TypeError, match=message):
        trained(by_hand(**functions))


@pytest.mark.parametrize(("length", "given"), [(2, "more"), (5, "3")])
@pytest.mark.parametrize("steps", [None, 7])
def test_a_source_of_another_length_than_it_says(length, given, steps):
    """Its steps would be counted, and resumed, at the wrong places."""
    with pytest.raises(ValueError, match=rf"gave {given} batches in epoch 1, and its len\(\) says {length}"):
        fit(given=Batches(length), steps_per_call=steps)


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda callback: callback.first, ValueError, "Ended put a state .* used up.* must be a copy"),
        (lambda callback: None, TypeError, "Ended must put a train.State in run.state, given NoneType"),
        (halved, TypeError, r"state.params\['bias'\] was float32\[1\] and became float16\[1\]"),
        (lambda callback: callback.first._replace(params={}), TypeError, r"state.params\['bias'\] is missing"),
    ],
)
def test_a_callback_that_puts_another_state_in_place(other, error, message):
    with pytest.raises(error, match=message):
        fit(epochs=2, callbacks=[Ended(other)])


def scored(play, batch, key):
    return jnp.mean(play.player(batch[0]) ** 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: supervised(metrics={"loss": functional.l1_loss}), ValueError, "a metric named 'loss'"),
        (lambda: supervised(metrics=[functional.l1_loss]), TypeError, "metrics must be a dict .* given list"),
        (lambda: supervised(frozen=None), TypeError, r"frozen must be a tuple of patterns, \(\) for none, given None"),
        (lambda: fit(supervised(loss=lambda o, t: None)), TypeError, "loss must give one number, gave None"),
        (lambda: fit(supervised(loss=lambda o, t: 1)), TypeError, "must give a real floating-point .* gave int32"),
        (
            lambda: fit(train.minimise(lambda x: None, 1.0, optim.sgd()), data.NoData(1)),
            TypeError,
            "minimise: function must give one number, gave None",
        ),
        (lambda: train.adversarial([scored]), TypeError, "players must be a dict .* given list"),
        (
            lambda: train.adversarial({1: train.Player(line, scored, optim.sgd())}),
            ValueError,
            "name must be able to follow `play.`, given 1",
        ),
        (
            lambda: train.adversarial(
                {"player": train.Player(line, scored, optim.sgd())}, metrics={"player_loss": scored}
            ),
            ValueError,
            "a metric named 'player_loss' would replace a loss",
        ),
        (lambda: optim.param_groups(optim.sgd, ["*.bias"]), TypeError, "groups must be a dict .* given list"),
        (lambda: train.EarlyStopping(min_delta="a"), ValueError, "min_delta must be at least 0, given 'a'"),
        (lambda: train.ReduceLROnPlateau(min_lr=[0.1, 0.2]), TypeError, r"min_lr must be a number, given \[0.1, 0.2\]"),
        (lambda: train.ReduceLROnPlateau(patience=1.5), TypeError, "patience must be an integer, given 1.5"),
    ],
)
def test_parts_of_a_program(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("over", "settings", "message"),
    [
        ({1: [0.1]}, {}, "over must have the names of program's arguments as keys, given 1"),
        ({"rate": jnp.asarray(0.1)}, {}, r"over\['rate'\] must be a list of numbers"),
        ({"rate": [0.1]}, {"evaluation": (X, Y)}, "evaluation must be a data.Source, .* given tuple"),
    ],
)
def test_arguments_of_a_sweep(over, settings, message):
    with pytest.raises(TypeError, match=message):
        train.sweep(lambda rate: supervised(optim.sgd(rate)), source(), over, 1, progress=False, **settings)
