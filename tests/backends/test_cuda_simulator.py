"""Sweeps on a graphics card, run by numba's simulator where no card is: every id says so.

The judge of fixed points is the model itself in float64, of the rest the CPU's kernels, which
tests/kernels holds against slow NumPy.
"""

import os
import subprocess
import sys
from pathlib import Path

import cuda_cases
import numpy as np
import pytest

from isingdenoise import Coupling, IsingModel
from isingdenoise.inference import Gibbs, MeanField

PROGRAM = Path(cuda_cases.__file__)
pytest.importorskip("numba_cuda", reason="the extra [gpu] is not installed: no simulator either")
pytestmark = [pytest.mark.slow, pytest.mark.process]

CASES = [pytest.param(*case, id=f"simulator-{'-'.join(case)}") for case in cuda_cases.CASES]
MEANS = [case for case in CASES if case.values[1] in {"mf", "checkerboard", "jacobi"}]
TRACED = [case for case in CASES if case.values[1] == "checkerboard"]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what the simulator and the CPU answer: one process for all, which takes a minute."""
    out = tmp_path_factory.mktemp("simulator") / "found.npz"
    done = subprocess.run(
        [sys.executable, "-W", "error", PROGRAM, out],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        return dict(arrays)


@pytest.fixture
def pair(found):
    """Return a function: (model, engine, key) -> the CPU's value and the simulator's."""

    def both(model, engine, key):
        return tuple(found[f"{model}/{engine}/{backend}/{key}"] for backend in ("cpu", "gpu"))

    return both


@pytest.mark.parametrize(("model", "engine"), CASES)
def test_labels_and_steps_are_those_of_the_cpu(pair, model, engine):
    for key in ("labels", "status", "updates"):
        here, there = pair(model, engine, key)
        assert np.array_equal(here, there), key


@pytest.mark.parametrize(("model", "engine"), CASES)
def test_means_and_energies_are_those_of_the_cpu(pair, model, engine):
    """Sums come in another order and products are fused otherwise: some last places of float32."""
    for key in ("mean", "energy", "bound", "bounds", "energies"):
        here, there = pair(model, engine, key)
        assert here.shape == there.shape
        assert np.allclose(there, here, rtol=1e-5, atol=1e-5, equal_nan=True), key


@pytest.mark.parametrize(("model", "engine"), MEANS)
def test_it_is_a_fixed_point(pair, model, engine):
    _, mean = pair(model, engine, "mean")
    _, residual = pair(model, engine, "residual")
    posterior = cuda_cases.model_of(model)
    exact = np.abs(np.tanh(posterior.local_field(mean.astype(np.float64))) - mean).max()
    tol = cuda_cases.ENGINES[engine].tol
    assert residual <= tol
    assert exact <= tol + 1e-6


@pytest.mark.parametrize(("model", "engine"), MEANS)
def test_bound_and_energy_are_those_of_the_model(pair, model, engine):
    posterior = cuda_cases.model_of(model)
    values = {key: pair(model, engine, key)[1] for key in ("mean", "labels", "bound", "energy")}
    assert values["bound"] == pytest.approx(posterior.elbo(values["mean"]), rel=1e-5, abs=1e-4)
    assert values["energy"] == pytest.approx(posterior.energy(values["labels"]), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize(("model", "engine"), TRACED)
def test_the_bound_never_falls(pair, model, engine):
    _, bounds = pair(model, engine, "bounds")
    assert len(bounds) > 3
    assert (np.diff(bounds) >= -1e-5).all()


@pytest.mark.parametrize("work", ["means", "modes", "draws"], ids=lambda work: f"simulator-{work}")
def test_the_small_problem_comes_out_the_same(found, work):
    assert found[f"check/{work}"]


def test_a_disagreement_would_be_seen_beside_the_simulator():
    """The control: other strengths, or another seed, are further off than the tolerances."""
    field = np.random.default_rng(0).normal(size=(12, 13)).astype(np.float32)
    one, other = (IsingModel(field, Coupling.nearest(J)) for J in (0.5, 0.501))
    engine = MeanField(tol=1e-5)
    assert np.abs(engine.solve(one).mean - engine.solve(other).mean).max() > 1e-4
    draws = [Gibbs(burn_in=0, sweeps=3).solve(one, rng=seed).mean for seed in (3, 4)]
    assert np.abs(draws[0] - draws[1]).max() > 1e-2
