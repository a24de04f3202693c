"""Laws that hold for every model, judged by the exact answers of models small enough to list."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import reference
from reference import Exact, random_model

from isingdenoise import ENGINES, ICM, Coupling, Gibbs, IsingModel, MeanField, ParameterError
from isingdenoise.diagnostics import standard_error

ATTRACTIVE, MIXED, REPULSIVE = (1, 1, 1, 1), (1, -1, -1, 1), (-1, -1, -1, -1)
# name: seed, shape, neighbours, size of the couplings, spread of the field, signs
SUITE = {
    "5x3 weak": (1, (5, 3), 4, 0.2, 0.3, ATTRACTIVE),
    "5x3": (2, (5, 3), 4, 0.5, 1.0, ATTRACTIVE),
    "5x3 strong": (3, (5, 3), 4, 1.0, 1.0, ATTRACTIVE),
    "5x3 mixed": (4, (5, 3), 4, 0.5, 1.0, MIXED),
    "5x3 repulsive": (5, (5, 3), 4, 0.7, 0.7, REPULSIVE),
    "5x3 eight": (6, (5, 3), 8, 0.3, 0.7, ATTRACTIVE),
    "5x3 eight mixed": (7, (5, 3), 8, 0.5, 0.7, MIXED),
    "4x4 weak": (8, (4, 4), 4, 0.3, 0.3, ATTRACTIVE),
    "4x4": (9, (4, 4), 4, 0.6, 1.0, ATTRACTIVE),
    "4x4 clear": (10, (4, 4), 4, 0.6, 3.0, ATTRACTIVE),
    "4x4 repulsive": (11, (4, 4), 4, 0.5, 0.5, REPULSIVE),
    "4x4 eight": (12, (4, 4), 8, 0.25, 0.6, ATTRACTIVE),
    "4x4 eight strong": (13, (4, 4), 8, 0.8, 1.0, ATTRACTIVE),
    "4x4 frustrated": (14, (4, 4), 8, 0.6, 0.4, REPULSIVE),
}
EVERY_MODEL = pytest.mark.parametrize("name", SUITE)
# A sampler visits all of these often within a test's time.
MIXING = [name for name in SUITE if "strong" not in name and "clear" not in name]


@cache
def exact(name):
    seed, shape, neighbours, size, spread, signs = SUITE[name]
    model = random_model(seed, shape, neighbours=neighbours, size=size, spread=spread, signs=signs)
    return Exact(model)


def rounding(model):
    """Return how far a float32 sum over the whole model may be from the exact one."""
    size = np.abs(model.field).sum(dtype=float) + np.abs(reference.matrix(model)).sum()
    return 1e-6 * float(size + model.field.size)


@pytest.mark.slow
@EVERY_MODEL
def test_the_reference_agrees_with_the_model(name):
    """Energy and bound by two routes: the model's shifts of arrays, and the list of edges."""
    model, rng = exact(name).model, np.random.default_rng(0)
    for k in rng.integers(0, len(exact(name).states), 5):
        z = exact(name).states[k].reshape(model.shape)
        assert model.energy(z) == pytest.approx(reference.energy(model, z), abs=1e-9)
        assert exact(name).energies[k] == pytest.approx(model.energy(z), abs=1e-9)
        assert model.elbo(z) == pytest.approx(model.offset - model.energy(z), abs=1e-9)
    mean = rng.uniform(-1, 1, model.shape)
    assert model.elbo(mean) == pytest.approx(reference.elbo(model, mean), abs=1e-9)
    assert exact(name).probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize("engine", ENGINES)
@EVERY_MODEL
def test_no_engine_beats_the_exact_answer(engine, name):
    truth, found = exact(name), ENGINES[engine]().solve(exact(name).model, rng=1)
    model, (_, lowest) = truth.model, truth.map
    assert found.energy == pytest.approx(reference.energy(model, found.labels), abs=1e-4)
    assert found.energy >= lowest - 1e-4
    evidence, traits = truth.log_z + model.offset, ENGINES[engine].traits
    if traits.exact and found.mean is None:
        assert found.energy == pytest.approx(lowest, abs=1e-4)
    elif traits.exact:
        np.testing.assert_allclose(found.mean, truth.mean, atol=1e-6)
    if found.lower_bound is not None:
        assert found.lower_bound <= evidence + rounding(model)
    if found.upper_bound is not None:
        assert found.upper_bound >= evidence - rounding(model)
    if traits.factorised and found.lower_bound is not None:
        assert found.lower_bound == pytest.approx(reference.elbo(model, found.mean), abs=1e-4)


@EVERY_MODEL
@pytest.mark.parametrize("damping", [1.0, 0.5])
@pytest.mark.parametrize("start", ["field", "dark", "random"])
def test_the_bound_never_falls(name, damping, start):
    """Each checkerboard update climbs; all that is allowed is the rounding of float32."""
    truth = exact(name)
    model, random = truth.model, np.random.default_rng(1).uniform(-1, 1, truth.model.shape)
    init = {"field": None, "dark": np.full(model.shape, -1.0), "random": random}[start]
    pictures = []
    engine = MeanField(damping=damping, tol=1e-6, bound_every=1)
    found = engine.solve(model, init=init, callback=lambda step: pictures.append(step.snapshot()))
    bounds = found.trace.lower_bound
    assert np.diff(bounds).min(initial=0) >= -rounding(model)
    assert bounds.max() <= truth.log_z + model.offset + rounding(model)
    assert found.lower_bound == pytest.approx(bounds[-1], abs=rounding(model))
    for bound, mean in zip(bounds, pictures, strict=True):
        assert bound == pytest.approx(reference.elbo(model, mean), abs=rounding(model))
    if start == "random":
        assert bounds[-1] > reference.elbo(model, random)


@EVERY_MODEL
def test_mean_field_finds_the_fixed_point_of_the_reference(name):
    model = exact(name).model
    engine = MeanField(tol=1e-5, max_sweeps=5000)
    for init in (None, np.random.default_rng(2).uniform(-1, 1, model.shape)):
        start = np.tanh(model.field) if init is None else init
        found = engine.solve(model, init=init)
        assert found.status == "converged"
        expected = reference.fixed_point(model, start)
        np.testing.assert_allclose(found.mean, expected, atol=1e-3)
        assert found.lower_bound == pytest.approx(reference.elbo(model, expected), abs=1e-3)


@EVERY_MODEL
@pytest.mark.parametrize("schedule", ["checkerboard", "jacobi"])
@pytest.mark.parametrize(("tol", "max_sweeps"), [(1e-3, 1000), (1e-5, 1000), (1e-6, 3), (0, 1)])
def test_the_residual_is_that_of_the_means_returned(name, schedule, tol, max_sweeps):
    model = exact(name).model
    engine = MeanField(damping=0.7, schedule=schedule, tol=tol, max_sweeps=max_sweeps)
    found = engine.solve(model)
    local = reference.matrix(model) @ found.mean.reshape(-1) + reference.field(model)
    residual = np.max(np.abs(np.tanh(local) - found.mean.reshape(-1)))
    assert found.diagnostics["residual"] == pytest.approx(residual, abs=2e-6)
    again = np.tanh(model.local_field(found.mean).astype(float)) - found.mean
    assert found.diagnostics["residual"] == pytest.approx(np.abs(again).max(), abs=2e-6)
    assert found.work.sweeps == len(found.trace) <= max_sweeps
    assert found.status == ("converged" if found.diagnostics["residual"] <= tol else "max_sweeps")


def test_a_sweep_of_small_steps_may_still_leave_a_large_one():
    """Next to an unstable point each colour moves further than the one before it."""
    model = IsingModel(np.full((6, 6), 1e-4), 1.0)
    first = MeanField(max_sweeps=1, tol=0).solve(model, init=np.zeros((6, 6)))
    tol = 1.1 * first.trace.residual[0]
    assert first.diagnostics["residual"] > 2 * tol
    found = MeanField(tol=tol).solve(model, init=np.zeros((6, 6)))
    assert found.status == "converged"
    assert found.diagnostics["residual"] <= tol
    assert found.mean.min() > 0.5


def test_jacobi_asks_for_damping():
    with pytest.raises(ParameterError, match=r"^damping: must be below 1"):
        MeanField(schedule="jacobi")
    # Why: from this start, the undamped schedule swaps two pictures for ever.
    model, mean = IsingModel(np.zeros((4, 4)), 1.0), np.indices((4, 4)).sum(axis=0) % 2 * 2.0 - 1
    assert np.all(reference.jacobi_sweep(model, mean, 1.0) * mean < -0.9)


@EVERY_MODEL
@pytest.mark.parametrize("damping", [0.3, 0.6])
def test_damped_jacobi_finds_the_same_fixed_point(name, damping):
    model = exact(name).model
    engine = MeanField(damping=damping, schedule="jacobi", tol=1e-5, max_sweeps=5000)
    found = engine.solve(model)
    assert found.status == "converged"
    mean = start = np.tanh(model.field)
    for _ in range(found.work.sweeps):
        mean = reference.jacobi_sweep(model, mean, damping)
    np.testing.assert_allclose(found.mean, mean, atol=1e-4)
    np.testing.assert_allclose(found.mean, reference.fixed_point(model, start), atol=1e-3)
    assert found.lower_bound <= exact(name).log_z + model.offset + rounding(model)


@EVERY_MODEL
@pytest.mark.parametrize("given", [False, True])
def test_icm_descends_to_a_state_that_no_flip_improves(name, given):
    model = exact(name).model
    init = np.random.default_rng(3).uniform(-1, 1, model.shape) if given else None
    found = ICM().solve(model, init=init)
    z = np.where((model.field if init is None else init) >= 0, 1, -1)
    energies, flips = [reference.energy(model, z)], []
    while not flips or flips[-1]:
        z, flipped, drop = reference.icm_sweep(model, z)
        energies.append(energies[-1] - drop)
        flips.append(flipped)
    np.testing.assert_array_equal(found.labels, z)
    np.testing.assert_allclose(found.trace.energy, energies[1:], atol=1e-4)
    np.testing.assert_array_equal(found.trace.residual, flips)
    assert np.all(np.diff(found.trace.energy) <= 0)
    assert found.status == "converged"
    assert found.energy == pytest.approx(model.energy(found.labels), abs=1e-4)
    for i in range(z.size):
        other = z.reshape(-1).copy()
        other[i] *= -1
        assert reference.energy(model, other) >= found.energy - 1e-4


@cache
def sampled(name):
    """Return the spins of 8 chains over 4000 kept sweeps, (chains, sweeps, H, W), and more."""
    spins = []
    engine = Gibbs(burn_in=100, sweeps=4000, chains=8)
    found = engine.solve(
        exact(name).model, rng=4, callback=lambda step: spins.append(step.snapshot())
    )
    return np.stack(spins[100:], axis=1), found


def worst_score(draws, means):
    """Return the largest distance from `means`, in standard errors corrected for memory."""
    chains = draws.reshape(*draws.shape[:2], -1).astype(np.float64)
    scores = [
        (chains[..., i].mean() - mean) / standard_error(chains[..., i])
        for i, mean in enumerate(np.ravel(means))
    ]
    return float(np.abs(scores).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXING)
def test_gibbs_draws_from_the_posterior(name):
    truth, (draws, found) = exact(name), sampled(name)
    assert worst_score(draws, truth.mean) < 4
    energies = found.trace.energy[100:].T[..., None]
    assert worst_score(energies, [truth.mean_energy]) < 4
    assert found.diagnostics["r_hat"] < 1.02
    # Averages of conditional means scatter less than those of the spins themselves.
    flat = draws.reshape(*draws.shape[:2], -1).astype(np.float64)
    errors = [standard_error(flat[..., i]) for i in range(flat.shape[2])]
    assert np.all(np.abs(found.mean - truth.mean).reshape(-1) < 4 * np.array(errors))


@pytest.mark.slow
@pytest.mark.parametrize(("burn_in", "sweeps", "chains"), [(0, 1, 1), (3, 5, 2), (40, 300, 3)])
def test_gibbs_averages_the_conditional_means_of_the_sweeps_kept(burn_in, sweeps, chains):
    model, states = exact("4x4").model, []
    found = Gibbs(burn_in=burn_in, sweeps=sweeps, chains=chains).solve(
        model, init=model.field, rng=1, callback=lambda step: states.append(step.snapshot())
    )
    assert found.work.sweeps == len(states) == burn_in + sweeps
    # Where the later chains start is not told: only the first is followed from the start.
    first = np.broadcast_to(np.where(model.field >= 0, 1, -1), states[0].shape)
    states = [first, *states] if chains == 1 else states
    kept = states[-1 - sweeps :]
    means = [
        np.tanh(reference.local_fields_met(model, before[k], after[k]))
        for before, after in pairwise(kept)
        for k in range(chains)
    ]
    assert len(means) == sweeps * chains
    np.testing.assert_allclose(found.mean, np.mean(means, axis=0), atol=1e-5)
    energies = [[model.energy(z) for z in state] for state in states[-sweeps:]]
    np.testing.assert_allclose(found.trace.energy[-sweeps:], energies, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXING)
@pytest.mark.parametrize("wrong", ["field", "coupling", "edges twice", "energy"])
def test_controls_that_must_fail(name, wrong):
    """The test above can tell the posterior from ones that are close to it."""
    model, (draws, found) = exact(name).model, sampled(name)
    if wrong == "field":
        other = Exact(IsingModel(model.field + np.float32(0.1), model.coupling))
    else:
        factor = 2.0 if wrong == "edges twice" else 0.75
        other = Exact(IsingModel(model.field, model.coupling.scaled(factor)))
    if wrong == "energy":
        energies = found.trace.energy[100:].T[..., None]
        assert worst_score(energies, [other.mean_energy]) > 4
    else:
        assert worst_score(draws, other.mean) > 4


@pytest.mark.slow
@EVERY_MODEL
@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0, 2.5])
def test_tempered(name, beta):
    truth = exact(name)
    cold = Exact(truth.model.tempered(beta))
    np.testing.assert_allclose(cold.energies, beta * truth.energies, atol=1e-4)
    assert cold.model.offset == pytest.approx(beta * truth.model.offset)
    weights = np.exp(-beta * (truth.energies - truth.energies.min()))
    mean = (weights / weights.sum() @ truth.states).reshape(truth.model.shape)
    np.testing.assert_allclose(cold.mean, mean, atol=1e-5)


def test_at_infinite_temperature_every_state_is_as_good():
    model = exact("4x4").model.tempered(0)
    found = MeanField().solve(model)
    assert not found.mean.any()
    assert found.lower_bound == pytest.approx(16 * np.log(2), abs=1e-5)
    with pytest.raises(ParameterError, match=r"^beta: must be in"):
        model.tempered(-0.1)


def test_an_edge_counts_once():
    """Two spins by hand: Z = 4 cosh(J) without a field, and the diagonals lie where they say."""
    for coupling, shape in [
        (Coupling(0.7, 0), (1, 2)),
        (Coupling(0, 0.7), (2, 1)),
    ]:
        truth = Exact(IsingModel(np.zeros(shape), coupling))
        assert truth.log_z == pytest.approx(np.log(4 * np.cosh(0.7)))
    down_right, down_left = np.array([[1, 0], [0, 1]]), np.array([[0, 1], [1, 0]])
    model = IsingModel(np.zeros((2, 2)), Coupling(0, 0, 0.7, 0.2))
    assert model.energy(down_right) == pytest.approx(-0.7)
    assert model.energy(down_left) == pytest.approx(-0.2)


@pytest.mark.slow
def test_a_lengthened_step_never_lowers_the_bound():
    """What lets mean field overshoot by up to half of a step.

    With the others fixed, the bound as a function of one mean falls short of
    its best by KL(q || q*). A step from m to m* + e (m* - m), kept in [-1, 1],
    must not end with a larger divergence than it began with.
    """

    def divergence(m, best):
        total = 0.0
        for sign in (1, -1):
            p, q = (1 + sign * m) / 2, (1 + sign * best) / 2
            total = total + np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / q), 0.0)
        return total

    theta = np.linspace(-9, 9, 601)
    best = np.tanh(theta)[:, None]
    start = np.concatenate([np.linspace(-1, 1, 1001), np.tanh(theta)])[None, :]
    before = divergence(start, best)
    for extra in (0.1, 0.3, 0.5):
        after = divergence(np.clip(best + extra * (best - start), -1, 1), best)
        assert np.all(after <= before + 1e-12)
    doubled = divergence(np.clip(best + (best - start), -1, 1), best)
    assert np.any(doubled > before + 1e-3)  # the control: a step twice as long may
