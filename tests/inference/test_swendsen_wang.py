"""Cluster sampling: the posterior of small models, and what it is for."""

from dataclasses import replace

import numpy as np
import pytest
from reference import Exact, random_model

from isingdenoise import Coupling, Gibbs, IsingModel
from isingdenoise.backends.numba.cluster_sweeps import ClusterSweeps
from isingdenoise.diagnostics import effective_sample_size, r_hat, standard_error
from isingdenoise.inference import SwendsenWang

MODELS = {
    "4": random_model(1, (3, 4), size=0.7, spread=0.5),
    "4, signs": random_model(2, (4, 3), size=0.7, spread=0.5, signs=(1, -1, 1, 1)),
    "8": random_model(3, (3, 4), neighbours=8, size=0.4, spread=0.5),
    "8, frustrated": random_model(4, (4, 3), neighbours=8, size=0.4, signs=(-1, -1, -1, 1)),
}


def followed(engine, model, seed=1):
    """Return the kept spins of all chains, (chains, sweeps, sites), and the solution."""
    spins = []
    found = engine.solve(model, rng=seed, callback=lambda step: spins.append(step.snapshot()))
    kept = np.stack(spins[engine.burn_in :], axis=1).astype(np.float64)
    return kept.reshape(*kept.shape[:2], -1), found


def worst_score(draws, means):
    """Return the largest distance from `means`, in standard errors corrected for memory."""
    scores = [
        (draws[..., i].mean() - mean) / standard_error(draws[..., i])
        for i, mean in enumerate(np.ravel(means))
    ]
    return float(np.abs(scores).max())


ENGINE = SwendsenWang(burn_in=20, sweeps=3000, chains=4)
PURE = replace(ENGINE, local_sweeps=0)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [ENGINE, PURE, replace(ENGINE, local_sweeps=3)], ids=repr)
@pytest.mark.parametrize("name", MODELS)
def test_it_draws_from_the_posterior(name, engine):
    truth = Exact(MODELS[name])
    draws, found = followed(engine, truth.model)
    assert worst_score(draws, truth.mean) < 4
    assert worst_score(found.trace.energy[20:].T[..., None], [truth.mean_energy]) < 4
    errors = [standard_error(draws[..., i]) for i in range(draws.shape[2])]
    # Averages of the means given the bonds scatter less than those of the spins themselves.
    assert np.all(np.abs(found.mean - truth.mean).reshape(-1) < 4 * np.array(errors))
    assert found.diagnostics["r_hat"] < 1.02


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_rule_is_caught(name, monkeypatch):
    """The control: bonds with probability 1 - exp(-J), as if an edge counted half."""
    right = ClusterSweeps.__init__

    def wrong(self, lattice):
        right(self, lattice)
        self.strengths = np.sign(self.strengths) * (1 - np.sqrt(1 - np.abs(self.strengths)))

    monkeypatch.setattr(ClusterSweeps, "__init__", wrong)
    truth = Exact(MODELS[name])
    draws, found = followed(PURE, truth.model)
    energy = worst_score(found.trace.energy[20:].T[..., None], [truth.mean_energy])
    assert max(worst_score(draws, truth.mean), energy) > 6


def test_without_coupling_the_means_are_exact_in_one_sweep():
    field = np.random.default_rng(0).normal(size=(5, 6))
    for local in (0, 1):
        engine = SwendsenWang(burn_in=0, sweeps=1, chains=1, local_sweeps=local)
        found = engine.solve(IsingModel(field, 0.0), rng=0)
        np.testing.assert_allclose(found.mean, np.tanh(field), atol=5e-7)


def test_without_a_field_the_means_are_exactly_zero():
    engine = SwendsenWang(burn_in=0, sweeps=3, local_sweeps=0)
    found = engine.solve(IsingModel(np.zeros((6, 7)), 1.0), rng=0)
    assert not found.mean.any()


def test_a_seed_gives_the_same_spins_and_another_gives_others():
    model = random_model(5, (6, 7), size=0.6)
    engine = SwendsenWang(sweeps=20)
    a, b, c = (followed(engine, model, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert np.any(a != c)
    assert np.any(a[0] != a[1])  # and each chain draws numbers of its own


@pytest.mark.slow
def test_at_strong_coupling_it_turns_the_whole_picture_and_gibbs_does_not():
    """At J = 1 and without a field: chains from opposite states agree, with cluster sweeps.

    Per sweep; scripts/benchmark_samplers.py has the ratio per second. Of the energy both
    have as many effective samples: within one of the two states Gibbs sampling moves well.
    """
    model = IsingModel(np.zeros((32, 32)), Coupling.nearest(1.0))
    sizes, mixing = [], []
    for kind in (Gibbs, SwendsenWang):
        engine = kind(burn_in=10, sweeps=200, chains=1)
        chains = [
            magnetisations(engine, model, np.full(model.shape, start), seed)
            for seed, start in enumerate((-1.0, 1.0))
        ]
        sizes.append(effective_sample_size(chains))
        mixing.append(r_hat(chains))
    assert mixing[0] > 10
    assert mixing[1] < 1.05
    assert sizes[1] > 50 * sizes[0]


def magnetisations(engine, model, init, seed):
    kept = []
    engine.solve(
        model, init=init, rng=seed, callback=lambda step: kept.append(step.snapshot().mean())
    )
    return np.array(kept[engine.burn_in :])
