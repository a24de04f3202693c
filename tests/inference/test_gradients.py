"""Gradient estimators: their means against the exact gradient, their variances against theory."""

import itertools
from functools import cache

import numpy as np
import pytest
import reference

from isingdenoise import Coupling, IsingModel, MeanField, ParameterError
from isingdenoise.inference.gradients import (
    ESTIMATORS,
    Adaptive,
    Belief,
    Blanket,
    Local,
    Overdispersed,
    Relaxed,
    RobbinsMonro,
    Score,
    Target,
    controlled_average,
    exact_gradient,
)

SHAPE = (3, 4)
REPEATS = 4000


def per_edge():
    rng = np.random.default_rng(5)
    return Coupling.per_edge(
        rng.uniform(-0.5, 0.8, (3, 3)), rng.uniform(-0.5, 0.8, (2, 4)), rng.uniform(-1, 1, (2, 3))
    )


COUPLINGS = {
    "4 neighbours": Coupling(0.5, 0.3),
    "8 neighbours": Coupling(0.4, 0.3, 0.2, -0.3),
    "per edge": per_edge(),
}
UNBIASED = {
    "score": Score(),
    "score, controlled": Score(control=True),
    "blanket": Blanket(),
    "blanket, controlled": Blanket(control=True),
    "local": Local(),
    "overdispersed": Overdispersed(temperature=1.4),
    "overdispersed, controlled": Overdispersed(control=True, temperature=1.4),
    "underdispersed": Overdispersed(temperature=0.8),
}


@cache
def model_of(name):
    return IsingModel(np.random.default_rng(1).normal(size=SHAPE), COUPLINGS[name], 0.7)


def somewhere(model):
    """Return a belief away from every optimum."""
    return Belief(np.random.default_rng(2).normal(scale=0.8, size=model.shape))


def at_the_optimum(model):
    return Belief.of_mean(MeanField(tol=1e-6, max_sweeps=10_000).solve(model).mean)


def estimates(estimator, model, belief, samples=3, repeats=REPEATS, seed=0):
    """Return so many estimates, (repeats, H, W)."""
    target, rng = Target(model), np.random.default_rng(seed)
    return np.array([estimator.gradient(target, belief, rng, samples) for _ in range(repeats)])


def worst_score(found, expected):
    """Return the largest distance of a mean from what it should be, in standard errors."""
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    return float(np.max(np.abs(found.mean(axis=0) - expected) / error))


@pytest.mark.parametrize("name", COUPLINGS)
def test_the_exact_gradient_is_that_of_the_bound(name):
    model = model_of(name)
    belief, step = somewhere(model), 1e-5
    gradient = exact_gradient(Target(model), belief)
    for place in np.ndindex(*SHAPE):
        move = np.zeros(SHAPE)
        move[place] = step
        up, down = (model.elbo(np.tanh(belief.eta + way * move)) for way in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / (2 * step), abs=2e-7)
    natural = reference.natural_gradient(model, belief.eta)
    np.testing.assert_allclose(gradient, belief.spread * natural, atol=1e-6)


@pytest.mark.parametrize("name", COUPLINGS)
def test_the_target_is_the_model(name):
    model, rng = model_of(name), np.random.default_rng(3)
    target = Target(model)
    z = rng.choice([-1.0, 1.0], size=(4, *SHAPE))
    expected = [model.offset - reference.energy(model, one) for one in z]
    np.testing.assert_allclose(target.log_joint(z), expected, atol=1e-5)
    linked = (reference.matrix(model) != 0).astype(float)
    np.testing.assert_array_equal(target.around(z).reshape(4, -1), z.reshape(4, -1) @ linked)
    belief = somewhere(model)
    np.testing.assert_allclose(belief.log_probability(z), np.log((1 + z * belief.mean) / 2))
    assert float(np.sum(belief.mean * (target.pull(belief.mean) / 2 + target.field))) + float(
        belief.entropy.sum()
    ) + model.offset == pytest.approx(reference.elbo(model, belief.mean), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLINGS)
@pytest.mark.parametrize("estimator", UNBIASED)
def test_the_mean_of_an_unbiased_estimator_is_the_exact_gradient(estimator, name):
    model, kind = model_of(name), UNBIASED[estimator]
    assert kind.unbiased
    belief = somewhere(model)
    found = estimates(kind, model, belief)
    assert worst_score(found, exact_gradient(Target(model), belief)) < 4


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLINGS)
def test_controls_that_must_fail(name):
    """A control variate found from the sample that it controls, and spins far from two-valued."""
    model = model_of(name)
    belief, target = somewhere(model), Target(model)
    expected = exact_gradient(target, belief)

    def same_sample(score, gain):
        squares = score**2
        scale = (squares * gain).sum(axis=0) / squares.sum(axis=0)
        return np.mean(score * (gain - scale), axis=0)

    rng, biased = np.random.default_rng(0), []
    for _ in range(REPEATS):
        z = belief.draw(rng, 3)
        gain = z * (target.field + target.pull(z)) - belief.log_probability(z)
        biased.append(same_sample(z - belief.mean, gain))
    assert worst_score(np.array(biased), expected) > 6
    assert not Relaxed.unbiased
    assert worst_score(estimates(Relaxed(1.0), model, belief), expected) > 6


@pytest.mark.slow
@pytest.mark.parametrize("tau", [0.3, 1.0])
@pytest.mark.parametrize("name", COUPLINGS)
def test_the_relaxed_gradient_is_that_of_relaxed_spins(name, tau):
    model = model_of(name)
    belief = somewhere(model)
    expected = reference.relaxed_gradient(model, belief.eta, tau)
    assert worst_score(estimates(Relaxed(tau), model, belief), expected) < 4


@pytest.mark.slow
def test_the_bias_of_the_relaxed_gradient_vanishes_and_its_variance_grows():
    model = model_of("8 neighbours")
    belief = somewhere(model)
    exact = exact_gradient(Target(model), belief)
    taus = (1.0, 0.5, 0.25, 0.1, 0.03)
    bias = [np.abs(reference.relaxed_gradient(model, belief.eta, t) - exact).max() for t in taus]
    assert all(b < a for a, b in itertools.pairwise(bias))
    assert bias[0] > 0.1
    assert bias[-1] < 2e-3
    variance = [
        estimates(Relaxed(t), model, belief, samples=1).var(axis=0).mean() for t in taus[1:]
    ]
    assert all(b > a for a, b in itertools.pairwise(variance))
    assert variance[-1] / variance[-2] == pytest.approx(0.1 / 0.03, rel=0.4)  # as 1 / tau


def variance(estimator, model, belief, **options):
    return float(estimates(estimator, model, belief, **options).var(axis=0, ddof=1).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLINGS)
@pytest.mark.parametrize("place", [somewhere, at_the_optimum])
def test_variances_are_ordered_as_theory_says(name, place):
    model = model_of(name)
    belief = place(model)
    score, blanket, local = (variance(e, model, belief) for e in (Score(), Blanket(), Local()))
    assert score > 3 * blanket
    assert blanket > 3 * local
    if place is at_the_optimum:
        assert variance(Score(control=True), model, belief, samples=10) < score * 3 / 10
        assert variance(Blanket(control=True), model, belief, samples=10) < blanket * 3 / 10 / 2


def test_the_variance_of_local_is_known():
    """(1 - mu_i^2)^2 sum_j J_ij^2 (1 - mu_j^2) / S."""
    model = model_of("per edge")
    belief = somewhere(model)
    J = reference.matrix(model) ** 2
    spread = belief.spread.reshape(-1)
    expected = spread**2 * (J @ spread) / 3
    found = estimates(Local(), model, belief, repeats=4000).var(axis=0).reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=0.15)


def test_the_score_function_with_the_whole_joint_is_hopeless_on_large_grids():
    found = {}
    for side in (4, 16):
        model = IsingModel(np.random.default_rng(3).normal(size=(side, side)), 0.5)
        belief = at_the_optimum(model)
        found[side] = [
            variance(kind, model, belief, samples=1, repeats=200) for kind in (Score(), Blanket())
        ]
    assert found[16][0] > 50 * found[4][0]  # as the square of the bound
    assert found[16][1] < 3 * found[4][1]


def test_more_samples_less_variance():
    model = model_of("4 neighbours")
    belief = somewhere(model)
    few, many = (variance(Blanket(), model, belief, samples=n, repeats=800) for n in (2, 8))
    assert few / many == pytest.approx(4, rel=0.3)


def test_without_coupling_there_is_nothing_left_to_chance():
    model = IsingModel(np.random.default_rng(1).normal(size=SHAPE), 0.0, 3.0)
    target, rng = Target(model), np.random.default_rng(0)
    belief = somewhere(model)
    np.testing.assert_allclose(
        Local().gradient(target, belief, rng, 1), exact_gradient(target, belief), atol=1e-12
    )
    optimum = Belief(target.field)
    for kind in (Blanket(control=True), Score(control=True), Overdispersed(control=True)):
        np.testing.assert_allclose(kind.gradient(target, optimum, rng, 3), 0, atol=1e-10)
    assert np.abs(Blanket().gradient(target, optimum, rng, 3)).max() > 0.1


def test_the_control_variate_is_found_from_the_other_samples():
    rng = np.random.default_rng(0)
    v, gain = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 3))
    expected = np.zeros((2, 3))
    for s in range(5):
        others = np.arange(5) != s
        scale = (v[others] ** 2 * gain[others]).sum(axis=0) / (v[others] ** 2).sum(axis=0)
        expected += v[s] * (gain[s] - scale) / 5
    np.testing.assert_allclose(controlled_average(v, gain), expected)
    np.testing.assert_allclose(controlled_average(v[:1], gain[:1]), v[0] * gain[0])
    one = controlled_average(v, gain[:, :1, :1])  # of the whole picture
    np.testing.assert_allclose(
        one, controlled_average(v, np.broadcast_to(gain[:, :1, :1], v.shape))
    )
    assert not controlled_average(np.zeros((3, 1, 1)), np.ones((3, 1, 1))).any()


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("J", [1e6, -1e6, Coupling.eight(-3.0)], ids=str)
@pytest.mark.parametrize("size", [1.0, 1e8])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 1), (3, 4)])
def test_extremes_are_finite(kind, J, size, shape):
    model = IsingModel(size * np.random.default_rng(0).normal(size=shape), J, 1e9)
    target, rng = Target(model), np.random.default_rng(1)
    for belief in (
        Belief(np.full(shape, 1e9)),
        Belief(model.field),
        Belief.of_mean(-np.ones(shape)),
    ):
        for samples in (1, 3):
            found = ESTIMATORS[kind]().gradient(target, belief, rng, samples)
            assert found.shape == shape
            assert np.isfinite(found / belief.spread).all()


def test_robbins_and_monro():
    for kappa in (0.51, 0.7, 1.0):
        steps, t = RobbinsMonro(kappa, 2.0), np.arange(200_000)
        rates = (t + 2.0) ** -kappa
        assert steps.rate(7) == pytest.approx(rates[7])
        whole, squares = rates.sum(), (rates**2).sum()
        later = rates[: len(t) // 10].sum(), (rates[: len(t) // 10] ** 2).sum()
        assert whole - later[0] > 2  # goes on growing
        limit = squares + (len(t) + 1.0) ** (1 - 2 * kappa) / (2 * kappa - 1)
        assert squares < limit <= 2.0 ** (1 - 2 * kappa) / (2 * kappa - 1) + 1  # and has a limit
        taken = [steps(np.ones(1))[0] for _ in range(5)]
        np.testing.assert_allclose(taken, rates[:5])


def test_adaptive_steps_are_as_long_as_the_gradient_is_sure():
    steps = Adaptive()
    for _ in range(20):
        np.testing.assert_allclose(steps(np.full(3, 2.0)), 2.0)
    rng, steps = np.random.default_rng(0), Adaptive()
    rates = []
    for _ in range(2000):
        noise = rng.normal(size=400)
        rates.append(np.mean(steps(noise) / noise))
    assert rates[0] == pytest.approx(1)
    assert rates[-1] < 0.005
    assert np.mean(rates[500:1000]) > 1.5 * np.mean(rates[1000:])
    assert not Adaptive()(np.zeros(2)).any()


@pytest.mark.parametrize("kind", [Relaxed, Overdispersed])
@pytest.mark.parametrize("wrong", [0, -1.0, np.nan, "1", None])
def test_temperatures_are_checked(kind, wrong):
    with pytest.raises(ParameterError, match=r"^temperature: must be"):
        kind(temperature=wrong)
