"""How many steps share a device call: a matter of time, not of numbers."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import data, functional, nn, optim, random, train
from jaxdl.train import calls
from jaxdl.train.work import loops_well, multiplications

IMAGES = np.random.RandomState(0).rand(44, 1, 12, 12).astype(np.float32)
TOKENS = np.random.RandomState(1).randint(0, 16, (44, 9))
TARGET = np.random.RandomState(2).randint(0, 5, 44)


class Dense(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(144, 32, rngs=rngs)
        self.drop = nn.Dropout(0.3)
        self.fc2 = nn.Linear(32, 5, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.relu(self.fc1(x.reshape(len(x), -1)))))


class Convolutions(nn.Module):
    def __init__(self, *, rngs):
        self.conv = nn.Conv2d(1, 4, 3, rngs=rngs)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(100, 5, rngs=rngs)

    def __call__(self, x):
        return self.fc(functional.max_pool2d(functional.relu(self.bn(self.conv(x))), 2).reshape(len(x), -1))


class Recurrent(nn.Module):
    def __init__(self, *, rngs):
        self.embedding = nn.Embedding(16, 8, rngs=rngs)
        self.lstm = nn.LSTM(8, 12, batch_first=True, rngs=rngs)
        self.fc = nn.Linear(12, 5, rngs=rngs)

    def __call__(self, x):
        return self.fc(self.lstm(self.embedding(x))[0][:, -1])


class Stock(nnx.Module):
    """Convolutions of Flax's own, whose gradient XLA's CPU backend compiles badly in a loop."""

    def __init__(self, *, rngs):
        self.conv1, self.conv2 = (nnx.Conv(a, 4, (3, 3), rngs=nnx.Rngs(0)) for a in (1, 4))
        self.fc = nnx.Linear(576, 5, rngs=nnx.Rngs(0))

    def __call__(self, x):
        return self.fc(nnx.relu(self.conv2(nnx.relu(self.conv1(x.transpose(0, 2, 3, 1))))).reshape(len(x), -1))


class Streamed:
    """The same batches from a source that only hands them out."""

    def __init__(self, source):
        self.source, self.draws = source, source.draws

    def __len__(self):
        return len(self.source)

    def batches(self, epoch, generator=None, start=0):
        return self.source.batches(epoch, generator, start)


def program(model):
    return train.supervised(model, functional.cross_entropy, optim.adam(1e-2))


def source(inputs=IMAGES, size=8):
    return data.ArraySource((inputs, TARGET), size, shuffle=True)


def fit(made, batches, **settings):
    return train.fit(made, batches, 3, progress=False, **settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "inputs"),
    [(Dense, IMAGES), (Convolutions, IMAGES), (Recurrent, TOKENS)],
    ids=["dense", "convolutions", "recurrent"],
)
def test_the_numbers_do_not_depend_on_it(model, inputs):
    """Bit for bit: one step a call, two, all of an epoch, the rule's choice, streamed singly and stacked."""
    made = program(model)
    reference, history = fit(made, source(inputs), steps_per_call=1)
    resident, streamed = source(inputs), Streamed(source(inputs))
    for batches, steps_per_call in ((resident, 2), (resident, 100), (resident, None), (streamed, 1), (streamed, 4)):
        state, found = fit(made, batches, steps_per_call=steps_per_call)
        np.testing.assert_array_equal(found["loss"], history["loss"])
        for name, value in {**reference.params, **reference.buffers}.items():
            np.testing.assert_array_equal(value, {**state.params, **state.buffers}[name], err_msg=name)


def test_the_steps_of_a_call_are_those_asked_for(monkeypatch):
    made, seen = [], calls.Measured
    monkeypatch.setattr(calls, "Measured", lambda metrics, steps: made.append(steps) or seen(metrics, steps))
    fit(program(Dense), source(), steps_per_call=2)
    assert made == [2, 2, 1, 1] * 3  # five whole batches of 8 rows and one of 4
    made.clear()
    fit(program(Dense), source(), steps_per_call=1)
    assert made == [1] * 18
    with pytest.raises(ValueError, match="steps_per_call must be at least 1, or None to choose, given 0"):
        fit(program(Dense), source(), steps_per_call=0)


def test_the_step_is_traced_once_for_calls_of_any_length():
    inner, traces = program(Dense), []

    def step(state, batch):
        traces.append(batch[0].shape[0])
        return inner.step(state, batch)

    made = train.Program(inner.init, step, inner.evaluate)
    for steps_per_call in (None, 2, 3, 100):
        fit(made, source(), steps_per_call=steps_per_call)
    assert sorted(traces) == [4, 8]


def trace_of(model, inputs=IMAGES):
    made = program(model)
    return jax.make_jaxpr(made.step)(made.init(random.TorchGenerator(0)), (inputs[:8], TARGET[:8])).jaxpr


def test_the_rule():
    """On CPU: a small step loops on the device, a stock convolution's never, a large one's not either."""
    assert loops_well(trace_of(Dense))
    assert loops_well(trace_of(Convolutions))
    assert loops_well(trace_of(Recurrent, TOKENS))
    assert not loops_well(trace_of(Stock))
    wide = jnp.ones((512, 512))
    assert not loops_well(jax.make_jaxpr(lambda a: a @ a @ a)(wide).jaxpr)


def test_multiplications_are_counted():
    def layer(a, b):
        return jax.lax.scan(lambda c, _: (c @ b, None), a, None, length=7)[0]

    assert multiplications(jax.make_jaxpr(layer)(jnp.ones((3, 4)), jnp.ones((4, 4))).jaxpr) == 7 * 3 * 4 * 4
    for channels in (3, 9):  # written out, and not
        image, kernel = jnp.ones((2, channels, 8, 8)), jnp.ones((5, channels, 3, 3))
        trace = jax.make_jaxpr(functional.conv2d)(image, kernel)
        assert multiplications(trace.jaxpr) == 2 * 5 * 6 * 6 * channels * 3 * 3


class Lengths(Streamed):
    """Sequences that grow in the middle of an epoch."""

    def batches(self, epoch, generator=None, start=0):
        for number, (x, y) in enumerate(self.source.batches(epoch, generator, start)):
            yield (x[:, : 9 if number == 2 else 7], y)


@pytest.mark.slow
def test_another_shape_in_the_middle_of_a_run_is_warned_about():
    with pytest.warns(train.RecompilationWarning) as caught:
        fit(program(Recurrent), Lengths(source(TOKENS)))
    assert len(caught) == 1  # the second time it is known
    text = str(caught[0].message)
    assert "step 3 (epoch 1, batch 3 of 6) is compiled again: its batch has int32[8, 9]" in text
    assert "those before had int32[8, 7]" in text


def test_a_shorter_last_batch_is_no_news():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(program(Recurrent), Streamed(source(TOKENS)))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda state, batch: (state._replace(params={"w": state.params["w"].astype(jnp.float16)}), {"loss": 0.0}),
            r"state.params\['w'\] was float32\[2\] and became float16\[2\]",
        ),
        (lambda state, batch: (state._replace(extra=1), {"loss": 0.0}), "a state of the form it was given"),
        (lambda state, batch: (state, {"loss": jnp.zeros(3)}), r"metrics must be scalars, .* {'loss': \(3,\)}"),
        (lambda state, batch: (state, {"accuracy": 0.0}), r"'loss' among them"),
    ],
)
def test_a_step_that_breaks_its_contract(step, message):
    def init(generator):
        return train.State({"w": jnp.zeros(2)}, {}, (), jax.random.key(0), jnp.int32(0))

    with pytest.raises(TypeError, match=message):
        fit(train.Program(init, step, lambda state, batch: {}), source())


def test_a_weak_type_compiles_nothing_again():
    def init(generator):
        return train.State({"w": jnp.zeros(2)}, {}, (), jax.random.key(0), jnp.int32(0))

    traces = []

    def step(state, batch):
        traces.append(1)
        return state._replace(params={"w": jnp.full_like(state.params["w"], 0.5) * 2.0}), {"loss": 1.0}

    fit(train.Program(init, step, lambda state, batch: {}), source(size=11))
    assert len(traces) == 1


def test_callbacks_come_between_calls():
    class Spy(train.Callback):
        steps, records, finished = [], [], []

        def call_ended(self, run):
            self.steps.append(run.step)
            if run.step == 14:
                run.stop("enough")

        def epoch_ended(self, run, record):
            record["seen"] = 1.0
            self.records.append(record["epoch"])

        def finish(self, run):
            self.finished.append(run.stopped)

    spy = Spy()
    state, history = fit(program(Dense), source(), steps_per_call=2, callbacks=[spy])
    assert spy.steps == [2, 4, 5, 6, 8, 10, 11, 12, 14]
    assert spy.records == [1, 2]
    assert spy.finished == ["enough"]
    assert history.epochs[0]["seen"] == 1.0
    assert len(history) == 14 == int(state.step)
