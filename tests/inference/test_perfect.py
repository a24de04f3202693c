"""Coupling from the past: exact on small models, where its two classical mistakes are not."""

import numpy as np
import pytest
from reference import Exact, assert_same_solution, random_model

from isingdenoise import Coupling, IsingModel
from isingdenoise.inference import PerfectSampler, Status, _past, objection_to, on_threads

MODELS = {
    "4": random_model(1, (3, 3), size=0.6, spread=0.4),
    "8": random_model(2, (3, 3), neighbours=8, size=0.4, spread=0.6),
    "rows that alternate": random_model(3, (3, 3), size=0.6, spread=0.4, signs=(1, -1, 1, 1)),
    "diagonals, negative": random_model(
        4, (3, 3), neighbours=8, size=0.4, spread=0.5, signs=(1, -1, -1, -1)
    ),
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)
ENGINE = PerfectSampler(samples=3000, sweeps=1, max_sweeps=1_000_000)


def samples(model, engine=ENGINE, seed=1):
    """Return the exact samples, (samples, H, W), and the solution."""
    last = []

    def look(step):
        last[:] = [step.snapshot]

    found = engine.solve(model, rng=seed, callback=look)
    return last[0](), found


def worst_score(model, drawn):
    """Return the largest distance of means, products and energy from the exact, in standard errors.

    The samples are independent: no correction for memory.
    """
    truth = Exact(model)
    z = drawn.reshape(len(drawn), -1).astype(np.float64)
    energies = np.array([model.energy(sample) for sample in drawn])
    scores = [_score(energies, truth.mean_energy)]
    for i in range(z.shape[1]):
        scores.append(_score(z[:, i], truth.mean.reshape(-1)[i]))
        products = truth.states[:, i] * truth.states[:, 0].astype(float)
        if i:
            scores.append(_score(z[:, i] * z[:, 0], truth.probabilities @ products))
    return max(scores)


def _score(values, expected):
    return abs(values.mean() - expected) / (values.std() / np.sqrt(len(values)))


@pytest.mark.slow
@EVERY_MODEL
def test_samples_are_exact_and_independent(name):
    model = MODELS[name]
    drawn, found = samples(model)
    assert found.status == "sampled"
    assert found.diagnostics["effective_sample_size"] == ENGINE.samples
    assert found.diagnostics["undecided"] == 0
    assert worst_score(model, drawn) < 4
    # neighbours in the list of samples know nothing of one another
    energies = np.array([model.energy(sample) for sample in drawn])
    centred = energies - energies.mean()
    correlation = centred[1:] @ centred[:-1] / (centred @ centred)
    assert abs(correlation) < 4 / np.sqrt(len(energies))
    # conditional means scatter less than spins
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert np.all(np.abs(found.mean - Exact(model).mean) < 4 * error)


def _fresh_numbers(self, labels, weight, time, sample):
    """Draw new random numbers at each doubling: samples that meet early are preferred."""
    again = time + (self.looked_back + 1 << 16)
    self.lattice.gibbs_sweep(labels, self.mean.total, weight, (again, sample), self.key)


def _forward(self, sample, _):
    """Stop when the chains first meet: they meet in states that are easily met in."""
    chains, time, different = [-self.highest, self.highest.copy()], 0, 1
    while different:
        time += 1
        for labels in chains:
            self._sweep(labels, 0, time, sample)
        different = _past._differences(chains)
    self.states[sample] = chains[:1]
    yield _past.Round(2 * time * self.lattice.sites)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", ["fresh numbers", "forward"])
def test_the_classical_mistakes_are_caught(mistake, monkeypatch):
    """On two spins whose bias is large: a fifth of the brightness of one of them."""
    model = IsingModel([[-1.0, 2.0]], 1.0)
    monkeypatch.setattr(_past, "_FIRST", 1)
    assert worst_score(model, samples(model)[0]) < 4
    if mistake == "forward":
        monkeypatch.setattr(_past.Past, "_attempt", _forward)
    else:
        monkeypatch.setattr(_past.Past, "_sweep", _fresh_numbers)
    assert worst_score(model, samples(model)[0]) > 6


def test_where_it_starts_changes_no_sample(monkeypatch):
    """A sample is a function of the random numbers alone, however far back was looked."""
    model = MODELS["4"]
    few = PerfectSampler(samples=20)
    first, _ = samples(model, few)
    monkeypatch.setattr(_past, "_FIRST", 64)
    monkeypatch.setattr(_past, "_SWEEPS", 5)
    second, found = samples(model, few)
    np.testing.assert_array_equal(first, second)
    assert found.diagnostics["coalescence"] >= 64


def test_without_coupling_one_sample_has_the_exact_means():
    field = np.random.default_rng(0).normal(size=(5, 6))
    found = PerfectSampler(samples=1).solve(IsingModel(field, 0.0), rng=0)
    np.testing.assert_allclose(found.mean, np.tanh(field), atol=5e-7)


@pytest.mark.slow
def test_sweeps_that_follow_leave_the_distribution_as_it_is():
    """The mean over 40 runs, by the scatter of the runs, and scatter less than one sweep does."""
    truth, scatter = Exact(MODELS["4"]).mean, []
    for sweeps in (1, 16):
        engine = PerfectSampler(samples=30, sweeps=sweeps)
        means = np.array([engine.solve(MODELS["4"], rng=k).mean for k in range(40)])
        error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
        assert np.abs((means.mean(axis=0) - truth) / error).max() < 4
        scatter.append(error.mean())
    assert scatter[1] < 0.7 * scatter[0]


def test_threads_change_no_sample():
    model = random_model(5, (40, 37), size=0.4)
    engine = PerfectSampler(samples=3)
    a, b = (on_threads(engine, parallel).solve(model, rng=2) for parallel in (False, True))
    assert a.status == "sampled"
    assert_same_solution(a, b)


def test_what_has_not_met_is_told():
    """Far above the critical coupling nothing meets, and a chain in between stands in."""
    model = IsingModel(np.zeros((12, 12)), 1.5)
    for most in (1, 20, 500):
        found = PerfectSampler(samples=4, max_sweeps=most).solve(model, rng=0)
        assert found.status is Status.MAX_SWEEPS
        assert found.work.sweeps <= most
        assert np.isfinite(found.mean).all()
        assert found.diagnostics["effective_sample_size"] == 0
        assert found.diagnostics["undecided"] > 0.9
        said = f"perfect did not finish 4 of 4 samples in {most} sweeps; raise max_sweeps"
        assert str(found.advice[0]) == said


@pytest.mark.slow
@pytest.mark.parametrize("most", [1000, 5000, 40_000])
def test_the_means_are_off_by_no_more_than_twice_what_is_undecided(most):
    model = random_model(6, (4, 4), size=1.5, spread=0.2)
    found = PerfectSampler(samples=400, max_sweeps=most).solve(model, rng=0)
    assert found.status is Status.MAX_SWEEPS
    assert found.diagnostics["effective_sample_size"] < 400
    assert found.work.sweeps <= most
    off = np.abs(found.mean - Exact(model).mean).mean()
    assert off <= 2 * found.diagnostics["undecided"] + 4 / np.sqrt(400)


def test_a_stand_in_keeps_what_is_decided():
    """Where a strong field decides pixels, they are as in every exact sample."""
    field = np.zeros((12, 12))
    field[:, :6] = -9.0
    field[:, 9] = 9.0
    model = IsingModel(field, 1.5)
    found = PerfectSampler(samples=4, max_sweeps=300).solve(model, rng=0)
    assert np.all(found.labels[:, :6] == -1)
    assert np.all(found.labels[:, 9] == 1)


@pytest.mark.slow
def test_strengths_of_single_edges_that_a_gauge_makes_positive():
    rng = np.random.default_rng(3)
    gauge = np.where(rng.random((3, 4)) < 0.5, -1, 1)
    across, down = gauge[:, 1:] * gauge[:, :-1], gauge[1:] * gauge[:-1]
    model = IsingModel(rng.normal(size=(3, 4)), Coupling.per_edge(0.5 * across, 0.4 * down))
    found = PerfectSampler(samples=2000, sweeps=1, max_sweeps=10**6).solve(model, rng=0)
    assert np.abs(found.mean - Exact(model).mean).max() < 4 / np.sqrt(2000)


def test_frustrated_couplings_are_refused():
    model = random_model(2, (4, 4), neighbours=8, signs=(-1, -1, -1, -1))
    assert objection_to(PerfectSampler(), model).startswith("needs couplings without frustration")
