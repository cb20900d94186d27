"""Players against each other, beside PyTorch's loops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import data, functional, nn, optim, random, train

RANDOM = np.random.RandomState(0)
REAL, LATENT = RANDOM.randn(60, 2) * 0.3 + [2.0, -1.0], RANDOM.randn(60, 4)
STEPS = 20


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


class Generator(nn.Module):
    """Without the biases that batch norm takes away, its own or, of a batch of fakes, the judge's: Adam would blow up
    the rounding that is their gradient.
    """

    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(4, 8, bias=False, rngs=rngs)
        self.bn = nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 2, bias=False, rngs=rngs)

    def __call__(self, z):
        return self.fc2(functional.relu(self.bn(self.fc1(z))))


class Judge(nn.Module):
    """As the critic of a Wasserstein GAN without batch norm and, since it is a difference of means, a last bias."""

    def __init__(self, critic=False, *, rngs):
        self.fc1 = nn.Linear(2, 8, bias=critic, rngs=rngs)
        self.bn = nn.Identity() if critic else nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 1, bias=not critic, rngs=rngs)

    def __call__(self, x):
        return self.fc2(functional.leaky_relu(self.bn(self.fc1(x)), 0.2))


def twin(torch, critic=False):
    """(generator, judge), drawn in this order."""
    torch.manual_seed(0)

    def net(**layers):
        module = torch.nn.Sequential()
        for name, layer in layers.items():
            module.add_module(name, layer)
        return module.double()

    return net(
        fc1=torch.nn.Linear(4, 8, bias=False),
        bn=torch.nn.BatchNorm1d(8),
        bend=torch.nn.ReLU(),
        fc2=torch.nn.Linear(8, 2, bias=False),
    ), net(
        fc1=torch.nn.Linear(2, 8, bias=critic),
        bn=torch.nn.Identity() if critic else torch.nn.BatchNorm1d(8),
        bend=torch.nn.LeakyReLU(0.2),
        fc2=torch.nn.Linear(8, 1, bias=not critic),
    )


def loss(logits, real):
    target = jnp.full(logits.shape, float(real), logits.dtype)
    return functional.binary_cross_entropy_with_logits(logits, target)


def source(rows=15):
    return data.ArraySource((REAL, LATENT), rows)


def trained(program):
    return train.fit(program, source(), epochs=STEPS // 4, progress=False)


def assert_same(ours, models, prefix=""):
    expected = {
        f"{player}.{name}": tensor.detach().numpy()
        for player, model in models.items()
        for name, tensor in model.items()
    }
    assert set(expected) == set(ours)
    for name, tensor in expected.items():
        np.testing.assert_allclose(ours[name], tensor, rtol=1e-10, atol=1e-10, err_msg=name)


def moments(optimizers, models):
    return {
        player: {
            f"{name}.{moment}": optimizer.state[parameter][moment]
            for name, parameter in models[player].named_parameters()
            for moment in ("exp_avg", "exp_avg_sq")
        }
        for player, optimizer in optimizers.items()
    }


@pytest.mark.torch
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "once", [pytest.param(False, marks=pytest.mark.slow), True], ids=["fakes made twice", "fakes made once"]
)
def test_a_gan_is_pytorch_s_loop(torch, once):
    """Losses, parameters, buffers, both optimisers' moments, after 20 steps. The loop that makes the fakes once moves
    the generator's batch norm once a step: that is `track=False` in the second call.
    """

    def judge(play, batch, key):
        real, z = batch
        return loss(play.judge(real), True) + loss(play.judge(play.generator(z)), False)

    def generate(play, batch, key):
        return loss(play.judge(play.generator(batch[1], track=not once)), True)

    program = train.adversarial(
        {
            "generator": train.Player(Generator, generate, optim.adam(0.02, betas=(0.5, 0.999))),
            "judge": train.Player(Judge, judge, optim.adam(0.01, betas=(0.5, 0.999))),
        },
        order=("judge", "generator"),
        dtype="float64",
    )
    state, history = trained(program)

    generator, discriminator = twin(torch)
    models = {"generator": generator, "judge": discriminator}
    rates = {"generator": 0.02, "judge": 0.01}
    optimizers = {n: torch.optim.Adam(m.parameters(), lr=rates[n], betas=(0.5, 0.999)) for n, m in models.items()}

    def bce(logits, real):
        target = torch.full_like(logits, float(real))
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, target)

    losses = {"judge_loss": [], "generator_loss": []}
    for step in range(STEPS):
        rows = slice(step % 4 * 15, step % 4 * 15 + 15)
        real, z = torch.tensor(REAL[rows]), torch.tensor(LATENT[rows])
        optimizers["judge"].zero_grad()
        judged = discriminator(real)
        fake = generator(z)
        value = bce(judged, True) + bce(discriminator(fake.detach()), False)
        value.backward()
        optimizers["judge"].step()
        losses["judge_loss"].append(value.item())
        optimizers["generator"].zero_grad()
        value = bce(discriminator(fake if once else generator(z)), True)
        value.backward()
        optimizers["generator"].step()
        losses["generator_loss"].append(value.item())
    for name, values in losses.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-10)
    np.testing.assert_allclose(history["loss"], np.sum(list(losses.values()), 0), rtol=1e-10)
    assert_same({**state.params, **state.buffers}, {n: m.state_dict() for n, m in models.items()})
    assert_same(optim.named_state(state.opt_state), moments(optimizers, models))
    params, buffers = train.player_tensors(state, "generator")
    apply, _, _ = nn.functionalize(Generator(rngs=random.TorchGenerator(0)))
    generator.eval()
    np.testing.assert_allclose(
        apply(params, buffers, jnp.asarray(LATENT))[0], generator(torch.tensor(LATENT)).detach(), rtol=1e-8
    )


def clipped(limit):
    """Parameters back between -limit and limit after every step, as a transformation."""

    def clip(updates, params):
        return jax.tree.map(lambda u, p: jnp.clip(p + u, -limit, limit) - p, updates, params)

    return optax.stateless(clip)


@pytest.mark.torch
@pytest.mark.usefixtures("double")
def test_a_wasserstein_gan_is_pytorch_s_loop(torch):
    """Five moves of the critic on rows of their own, its weights clipped, then one of the generator."""

    def own(array, move):
        return jax.lax.dynamic_slice_in_dim(array, move * 3, 3)

    def criticise(play, batch, key):
        real, z = (own(array, play.move) for array in batch)
        return jnp.mean(play.critic(play.generator(z))) - jnp.mean(play.critic(real))

    def generate(play, batch, key):
        return -jnp.mean(play.critic(play.generator(batch[1])))

    critic = optax.chain(optim.rmsprop(0.01), clipped(0.3))
    program = train.adversarial(
        {
            "generator": train.Player(Generator, generate, optim.rmsprop(0.01)),
            "critic": train.Player(lambda rngs: Judge(critic=True, rngs=rngs), criticise, critic, steps=5),
        },
        order=("critic", "generator"),
        dtype="float64",
    )
    state, history = trained(program)

    generator, judge = twin(torch, critic=True)
    models = {"generator": generator, "critic": judge}
    optimizers = {name: torch.optim.RMSprop(model.parameters(), lr=0.01) for name, model in models.items()}
    losses = {"critic_loss": [], "generator_loss": []}
    for step in range(STEPS):
        begin = step % 4 * 15
        for move in range(5):
            rows = slice(begin + 3 * move, begin + 3 * move + 3)
            optimizers["critic"].zero_grad()
            fake = generator(torch.tensor(LATENT[rows])).detach()
            value = judge(fake).mean() - judge(torch.tensor(REAL[rows])).mean()
            value.backward()
            optimizers["critic"].step()
            with torch.no_grad():
                for parameter in judge.parameters():
                    parameter.clamp_(-0.3, 0.3)
        losses["critic_loss"].append(value.item())
        optimizers["generator"].zero_grad()
        value = -judge(generator(torch.tensor(LATENT[begin : begin + 15]))).mean()
        value.backward()
        optimizers["generator"].step()
        losses["generator_loss"].append(value.item())
    for name, values in losses.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-10, atol=1e-12)
    assert_same({**state.params, **state.buffers}, {n: m.state_dict() for n, m in models.items()})
