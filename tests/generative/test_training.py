"""Learning, scoring and drawing: on a small set of patches, in few steps."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from isingdenoise.errors import ParameterError
from isingdenoise.generative import (
    Architecture,
    Gaussian,
    Training,
    Vae,
    active_units,
    bounds_by_samples,
    interpolate,
    sample,
    sample_ways,
    score,
    train,
    validate,
)
from isingdenoise.generative.scoring import weights_of
from isingdenoise.generative.training import rows_of

SMALL = Architecture(latent=4, hidden=(32, 16), flow=0)
FLOWED = dataclasses.replace(SMALL, flow=2)
PLAN = Training(steps=150, batch_size=32, learning_rate=5e-3, warmup=40, every=40)


def bars(count, seed=0):
    """Return patches with a bar each: two hidden numbers, place and width."""
    rng = np.random.default_rng(seed)
    found = np.zeros((count, 32, 32), np.bool_)
    for patch in found:
        left, width = int(rng.integers(4, 20)), int(rng.integers(3, 9))
        patch[:, left : left + width] = True
    return found


@pytest.fixture(scope="module")
def trained():
    return train(bars(400), SMALL, PLAN, seed=1)


@pytest.fixture(scope="module")
def flowed():
    return train(bars(400), FLOWED, PLAN, seed=1)


def test_the_trace_has_both_terms_and_the_elbo_rises(trained):
    assert [row.step for row in trained.trace] == [40, 80, 120, 150]
    for row in trained.trace:
        assert row.elbo == pytest.approx(row.reconstruction - row.divergence)
        assert row.divergence >= 0
        assert row.reconstruction < 0
        assert row.weight == min(1, row.step / 40)
    assert trained.trace[-1].elbo > trained.trace[0].elbo + 50


def test_a_seed_gives_the_same_model_and_another_seed_another(trained):
    plan = dataclasses.replace(PLAN, steps=20)
    one, two, other = (train(bars(400), SMALL, plan, seed=s) for s in (1, 1, 2))
    assert one.trace == two.trace != other.trace
    for name, value in one.model.parameters.items():
        assert torch.equal(value, two.model.parameters[name])
        assert not value.requires_grad


@pytest.mark.parametrize("which", ["trained", "flowed"])
def test_learning_makes_new_patches_likelier_than_others(which, request):
    model = request.getfixturevalue(which).model
    new, other = bars(50, seed=9), bars(50, seed=9).transpose(0, 2, 1)
    assert score(model, new).bound.mean() > score(model, other).bound.mean() + 100
    start = Vae.initial(model.architecture, torch.Generator().manual_seed(0))
    assert score(model, new).bound.mean() > score(start, new).bound.mean() + 100


def test_a_flow_starts_as_the_identity_and_learns_not_to_be():
    """Both beliefs are the same Gaussian before the first step."""
    start = Vae.initial(FLOWED, torch.Generator().manual_seed(0))
    x, noise = rows_of(bars(3)).float(), torch.randn((5, 3, 4))
    belief = start.belief(x)
    torch.testing.assert_close(belief.draw(noise), belief.base.draw(noise))
    moved = train(bars(50), FLOWED, dataclasses.replace(PLAN, steps=10)).model.belief(x)
    assert not torch.allclose(moved.draw(noise)[0], moved.base.draw(noise)[0])


@pytest.mark.parametrize("which", ["trained", "flowed"])
def test_the_bound_rises_with_the_samples(which, request):
    model = request.getfixturevalue(which).model
    found = bounds_by_samples(model, bars(60, seed=5), (1, 4, 16, 64))
    values = list(found.values())
    assert values == sorted(values)
    assert values[-1] > values[0] + 0.1
    scored = score(model, bars(60, seed=5), samples=64)
    assert scored.elbo.mean() == pytest.approx(found[1])
    assert scored.bound.mean() == pytest.approx(found[64])
    assert (scored.bound >= scored.elbo).all()  # by Jensen, of the same draws
    assert ((scored.effective_samples >= 1) & (scored.effective_samples <= 64)).all()
    assert scored.bits_per_pixel == pytest.approx(-found[64] / np.log(2) / 1024)


def test_with_one_sample_the_bound_is_the_elbo(trained):
    found = score(trained.model, bars(5, seed=2), samples=1)
    np.testing.assert_array_equal(found.bound, found.elbo)


def test_pixels_that_are_not_known_count_for_nothing(trained):
    """log p(x) of no pixel is 0, and it falls as more are known."""
    model, x = trained.model, bars(4, seed=3)
    rows = rows_of(x)
    blank = score(model, x, np.zeros_like(x), samples=2000)
    np.testing.assert_array_less(blank.bound, 0.5)
    half = np.ones_like(x)
    half[:, 16:] = False
    assert score(model, x, half).pixels == 4 * 512
    z = torch.randn((4, 4), generator=torch.Generator().manual_seed(0))
    seen = torch.from_numpy(half.reshape(4, -1)).float()
    one, two = (model.log_likelihood(rows.float(), z, part) for part in (seen, 1 - seen))
    torch.testing.assert_close(one + two, model.log_likelihood(rows.float(), z))


def test_the_likelihood_is_that_of_independent_pixels(trained):
    x, z = rows_of(bars(3, seed=4)).float(), torch.randn((3, 4))
    judge = torch.distributions.Bernoulli(logits=trained.model.log_odds(z)).log_prob(x).sum(-1)
    torch.testing.assert_close(trained.model.log_likelihood(x, z), judge)


def test_scores_do_not_hang_on_how_patches_are_cut_into_batches(trained, monkeypatch):
    rows = rows_of(bars(7, seed=6))
    whole = weights_of(trained.model, rows, None, 2000, 0)
    assert whole.shape == (2000, 7)
    monkeypatch.setattr("isingdenoise.generative.scoring._BATCH", 3)
    parts = weights_of(trained.model, rows, None, 2000, 0)
    spread = whole.std(0) / 2000**0.5
    assert bool(((whole - parts).mean(0).abs() < 6 * spread).all())


class Known:
    """An encoder of which two of five latent numbers follow the picture, faintly or not."""

    architecture = Architecture(latent=5, hidden=(1,))

    def belief(self, x):
        bright = x.mean(-1, keepdim=True) - 0.5
        scale = torch.tensor([40.0, 0.0, 0.0, 0.02, 10.0])
        return Gaussian(bright * scale, torch.zeros(5).expand(len(x), 5))


def test_active_units_are_those_that_follow_the_picture():
    rng = np.random.default_rng(0)
    patches = rng.random((2000, 32, 32)) < rng.random((2000, 1, 1))
    assert active_units(Known(), patches) == 2
    assert active_units(Known(), patches, least=1e3) == 0
    assert active_units(Known(), patches[:1].repeat(50, 0), least=0.5) == 0


def test_validation_is_of_a_piece(trained):
    found = validate(trained.model, bars(80, seed=7), samples=16)
    assert found.elbo == pytest.approx(found.reconstruction - found.divergence)
    assert found.bound > found.elbo
    assert 1 <= found.active_units <= found.latent == 4
    judge = trained.model.belief(rows_of(bars(80, seed=7)).float()).divergence().mean()
    assert found.divergence == pytest.approx(float(judge), rel=1e-5)


def test_what_is_drawn_are_probabilities(trained):
    found = sample(trained.model, 6, seed=3)
    assert found.shape == (6, 32, 32)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(sample(trained.model, 6, seed=3), found)
    assert not np.array_equal(sample(trained.model, 6, seed=4), found)
    ways = sample_ways(trained.model, 3, 5, seed=3)
    assert ways.shape == (3, 5, 32, 32)


def test_a_way_leads_from_one_picture_to_the_other(trained):
    first, second = bars(2, seed=8)
    way = interpolate(trained.model, first, second, 5)
    back = interpolate(trained.model, second, first, 5)
    assert way.shape == (5, 32, 32)

    def distance(one, two):
        return float(np.abs(one - two).mean())

    assert distance(way[0], first) < distance(way[0], second)
    assert distance(way[-1], second) < distance(way[-1], first)
    np.testing.assert_allclose(way, back[::-1], atol=0.05)
    steps = [distance(one, two) for one, two in pairwise(way)]
    assert min(steps) > 0
    same = interpolate(trained.model, first, first, 3)
    np.testing.assert_allclose(same[0], same[2], atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"latent": 0}, "latent"),
        ({"latent": 1, "flow": 1}, "flow"),
        ({"flow": -1}, "flow"),
        ({"hidden": ()}, "hidden"),
        ({"hidden": (4, 0)}, "hidden"),
    ],
)
def test_wrong_sizes(arguments, name):
    with pytest.raises(ParameterError, match=name):
        Architecture(**arguments)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"steps": 0}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"warmup": -1}, "warmup"),
        ({"every": 0}, "every"),
    ],
)
def test_wrong_plans(arguments, name):
    with pytest.raises(ParameterError, match=name):
        Training(**arguments)


@pytest.mark.parametrize(
    "patches",
    [
        np.zeros((0, 32, 32), np.bool_),
        np.zeros((32, 32), np.bool_),
        np.zeros((2, 32, 31), np.bool_),
        np.zeros((2, 32, 32)),
    ],
)
def test_patches_of_another_kind_are_refused(patches):
    with pytest.raises(ParameterError, match="patches"):
        train(patches)


def test_the_threads_are_as_many_as_before(trained):
    before = torch.get_num_threads()
    train(bars(10), SMALL, Training(steps=1))
    sample(trained.model, 1)
    assert torch.get_num_threads() == before
