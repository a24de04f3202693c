"""Missing pixels: the chain against a conditional that is known in closed form."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from linear_gaussian import LinearGaussian

from isingdenoise.errors import ParameterError
from isingdenoise.generative import Architecture, Vae, inpaint
from isingdenoise.generative.inpainting import chain_step, explore

CHAINS, STEPS = 4000, 60


class Joint:
    """The linear-Gaussian model as the chain sees it, with a belief that is wrong."""

    def __init__(self, model):
        self.model = model

    def belief(self, x):
        return self.model.diagonal_belief(x, 0.3, widen=1.3)

    def log_likelihood(self, x, z, known=None):
        if known is None:
            return self.model.log_likelihood(x)(z)
        each = torch.distributions.Normal(z @ self.model.W.T + self.model.b, self.model.spread)
        return (each.log_prob(x) * known).sum(-1)

    def draw_pixels(self, z, source):
        noise = torch.randn((len(z), len(self.model.b)), generator=source, dtype=z.dtype)
        return z @ self.model.W.T + self.model.b + self.model.spread * noise


KNOWN = torch.tensor([True, True, False, True, False])


def puzzle():
    """Return a picture with two of five numbers missing, repeated, and means and spreads of
    the two and of z, given the others."""
    model = LinearGaussian(latent=2, observed=5, spread=0.8, seed=3)
    x = model.draw(1)
    covariance = model.W @ model.W.T + model.spread**2 * torch.eye(5).double()
    to_known = torch.linalg.inv(covariance[KNOWN][:, KNOWN]) @ (x[0] - model.b)[KNOWN]
    inner = torch.linalg.inv(covariance[KNOWN][:, KNOWN])
    cross = covariance[~KNOWN][:, KNOWN]
    mean = model.b[~KNOWN] + cross @ to_known
    spread = (covariance[~KNOWN][:, ~KNOWN] - cross @ inner @ cross.T).diagonal().sqrt()
    of_z = model.W[KNOWN].T @ to_known
    start = torch.where(KNOWN, x, torch.zeros(()).double()).expand(CHAINS, 5)
    return Joint(model), start, (mean.numpy(), spread.numpy()), of_z.numpy()


def last_states(step):
    """Run chains by `step` (joint, x, known, z, source) -> (x, z); return the missing numbers."""
    joint, x, truth, _ = puzzle()
    source, known, start = torch.Generator().manual_seed(11), KNOWN.expand(CHAINS, 5), x
    z = joint.belief(x).draw(torch.randn((CHAINS, 2), generator=source).double())[0]
    for _ in range(STEPS):
        x, z = step(joint, x, known, z, source)
        assert torch.equal(x[:, KNOWN], start[:, KNOWN])
    return x[:, ~KNOWN].numpy(), *truth


def off(found, mean, spread):
    """Return how many standard errors the mean is off, and how far the spread, relatively."""
    error = spread / math.sqrt(len(found))
    return (np.abs(found.mean(0) - mean) / error).max(), np.abs(found.std(0) / spread - 1).max()


def test_the_chain_has_the_conditional_as_its_limit():
    errors, spread = off(*last_states(lambda *state: chain_step(*state)[:2]))
    assert errors < 4.5
    assert spread < 0.05


def test_where_every_proposal_is_taken_the_limit_is_another():
    """The control: the belief is wrong, and pseudo-Gibbs sampling believes it."""

    def always(joint, x, known, z, source):
        z = joint.belief(x).draw(torch.randn((CHAINS, 2), generator=source).double())[0]
        return torch.where(known, x, joint.draw_pixels(z, source)), z

    errors, _ = off(*last_states(always))
    assert errors > 10


def test_what_was_explored_has_weights_that_make_its_means_right():
    joint, x, _, expected = puzzle()
    source = torch.Generator().manual_seed(12)
    z, weights = explore(joint, x, KNOWN.expand(CHAINS, 5), 10, source)
    assert z.shape == (5, CHAINS, 2)
    share = weights.reshape(-1).softmax(0)
    points = z.reshape(-1, 2)
    mean = (share[:, None] * points).sum(0)
    error = (share[:, None] ** 2 * (points - mean) ** 2).sum(0).sqrt() * math.sqrt(5)
    assert (np.abs(mean.numpy() - expected) < 4.5 * error.numpy()).all()
    assert (np.abs(points.mean(0).numpy() - expected) > 4.5 * error.numpy()).any()  # the control


@pytest.fixture(scope="module")
def model():
    return Vae.initial(Architecture(latent=3, hidden=(8,)), torch.Generator().manual_seed(0))


def test_known_pixels_stay_and_the_others_have_probabilities(model):
    rng = np.random.default_rng(0)
    patches = rng.random((3, 32, 32)) < 0.5
    known = rng.random((3, 32, 32)) < 0.7
    found = inpaint(model, patches, known, chains=2, burn_in=4, steps=3, seed=4)
    assert found.probability.dtype == np.float32
    assert np.array_equal(found.probability[known], patches[known])
    lost = found.probability[~known]
    assert ((lost > 0) & (lost < 1)).all()
    assert np.array_equal(found.image, found.probability >= 0.5)
    assert np.array_equal(found.drawn[known], patches[known])
    assert found.accepted.shape == (3,)
    assert ((found.accepted >= 0) & (found.accepted <= 1)).all()
    again = inpaint(model, patches ^ ~known, known, chains=2, burn_in=4, steps=3, seed=4)
    assert np.array_equal(again.probability, found.probability)  # what was lost does not count


def test_a_decoder_that_is_sure_fills_in_what_it_says():
    shapes = Architecture(latent=2, hidden=(4,)).shapes()
    parameters = {name: torch.zeros(shape) for name, shape in shapes.items()}
    picture = np.indices((32, 32)).sum(0) % 8 < 4
    parameters["decoder.1.bias"] = torch.from_numpy(np.where(picture, 6.0, -6.0).reshape(-1))
    parameters = {name: value.float() for name, value in parameters.items()}
    known = np.ones((1, 32, 32), np.bool_)
    known[:, 10:20] = False
    torn = np.where(known, picture, False)
    found = inpaint(Vae(Architecture(latent=2, hidden=(4,)), parameters), torn, known, steps=2)
    assert np.array_equal(found.image[0], picture)
    assert np.array_equal(found.drawn[0], picture)
    expected = 1 / (1 + math.exp(-6))
    assert found.probability[~known].max() == pytest.approx(expected, abs=1e-6)
    assert found.accepted[0] == 1  # q is the posterior here: the prior


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"chains": 0}, "chains"),
        ({"burn_in": 3}, "burn_in"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed"),
        ({"known": np.ones((2, 32, 32), np.bool_)}, "known"),
        ({"known": np.ones((1, 32, 32))}, "patches"),
    ],
)
def test_wrong_arguments(model, wrong, name):
    patches = np.ones((1, 32, 32), np.bool_)
    arguments = {"known": patches, **wrong}
    with pytest.raises(ParameterError, match=name):
        inpaint(model, patches, **arguments)
