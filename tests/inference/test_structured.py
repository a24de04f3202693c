"""Structured mean field, judged by listing the states of its own product of chains."""

import os
import subprocess
import sys

import numpy as np
import pytest
import reference
from reference import Exact, chain_product, per_edge_model, random_model

from isingdenoise import Coupling, IsingModel, MeanField
from isingdenoise.inference import StructuredMeanField

SIGNS = [(1, 1, 1, 1), (1, -1, 1, -1), (-1, -1, -1, -1)]
MODELS = {
    f"{shape} {neighbours} {sum(signs)}": random_model(
        k, shape, neighbours=neighbours, size=0.7, signs=signs
    )
    for k, shape in enumerate([(4, 4), (3, 5), (5, 3), (2, 6)])
    for neighbours in (4, 8)
    for signs in SIGNS
} | {
    f"per edge {shape} {neighbours}": per_edge_model(k, shape, neighbours=neighbours, size=1.2)
    for k, shape in enumerate([(4, 4), (3, 5), (5, 2)])
    for neighbours in (4, 8)
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)
CHAINS = pytest.mark.parametrize("chains", ["columns", "rows"])


def rounding(model):
    size = np.abs(model.field).sum(dtype=float) + np.abs(reference.matrix(model)).sum()
    return 1e-6 * float(size + model.field.size)


@EVERY_MODEL
@CHAINS
def test_means_and_bound_are_those_of_the_product_of_chains(name, chains):
    model = MODELS[name]
    found = StructuredMeanField(chains=chains, tol=1e-6, max_sweeps=5000).solve(model)
    assert found.status == "converged"
    mean, bound = chain_product(model, found.mean, chains == "columns")
    np.testing.assert_allclose(found.mean, mean, atol=3e-6)
    assert found.diagnostics["residual"] <= 1e-6
    assert found.lower_bound == pytest.approx(bound, abs=rounding(model))


@EVERY_MODEL
def test_the_bound_is_between_that_of_mean_field_and_the_truth(name):
    model = MODELS[name]
    factorised = MeanField().solve(model).lower_bound
    truth = Exact(model).log_z + model.offset
    found = {
        chains: StructuredMeanField(chains=chains).solve(model).lower_bound
        for chains in ("columns", "rows", "alternating", "better")
    }
    for bound in found.values():
        assert factorised - rounding(model) <= bound <= truth + rounding(model)
    assert found["alternating"] == max(found["columns"], found["rows"])


@EVERY_MODEL
@CHAINS
def test_no_sweep_lowers_the_bound(name, chains):
    model = MODELS[name]
    start = np.random.default_rng(1).uniform(-1, 1, model.shape)
    engine = StructuredMeanField(chains=chains, tol=1e-6, bound_every=1)
    bounds = engine.solve(model, init=start).trace.lower_bound
    bounds = bounds[~np.isnan(bounds)]
    assert np.diff(bounds).min(initial=0) >= -rounding(model)


@pytest.mark.parametrize("bound_every", [0, 1])
@pytest.mark.parametrize("max_sweeps", [1, 2, 3, 9])
def test_the_bound_holds_whenever_the_sweeps_run_out(max_sweeps, bound_every):
    model = MODELS["(4, 4) 8 4"]
    engine = StructuredMeanField(max_sweeps=max_sweeps, bound_every=bound_every, tol=0)
    pictures = []
    found = engine.solve(model, callback=lambda step: pictures.append(step.snapshot()))
    assert found.status == "max_sweeps"
    assert found.work.sweeps <= max_sweeps
    assert found.lower_bound <= Exact(model).log_z + model.offset + rounding(model)
    np.testing.assert_array_equal(pictures[-1], found.mean)


@pytest.mark.parametrize("chains", ["better", "alternating", "columns", "rows"])
@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (1, 1), (1, 2)])
@pytest.mark.parametrize("kind", ["one strength", "per edge"])
def test_a_single_row_or_column_is_exact(shape, chains, kind):
    if kind == "per edge":
        model = per_edge_model(3, shape, size=2.0)
    else:
        model = random_model(3, shape, size=-1.3)
    truth = Exact(model)
    found = StructuredMeanField(chains=chains, tol=1e-6).solve(model)
    np.testing.assert_allclose(found.mean, truth.mean, atol=2e-6)
    assert found.lower_bound == pytest.approx(truth.log_z + model.offset, abs=1e-5)


def test_uncoupled_columns_are_exact():
    model = random_model(4, (5, 3), size=1.0)
    model = IsingModel(model.field, Coupling(0.0, 1.1))
    for chains, exact in (("columns", True), ("alternating", True), ("rows", False)):
        found = StructuredMeanField(chains=chains, tol=1e-6).solve(model)
        close = found.lower_bound == pytest.approx(Exact(model).log_z, abs=1e-5)
        assert close is exact  # rows are the control


@pytest.mark.parametrize("neighbours", [4, 8])
def test_one_strength_for_all_and_for_each_edge_agree(neighbours):
    model = random_model(5, (6, 7), neighbours=neighbours, signs=(1, -1, 1, -1))
    c = model.coupling
    each = Coupling.per_edge(
        np.full((6, 6), c.horizontal), np.full((5, 7), c.vertical),
        np.full((5, 6), c.diagonal), np.full((5, 6), c.antidiagonal),
    )  # fmt: skip
    engine = StructuredMeanField(tol=1e-6)
    one, other = engine.solve(model), engine.solve(IsingModel(model.field, each, model.offset))
    np.testing.assert_allclose(one.mean, other.mean, atol=2e-6)
    assert one.lower_bound == pytest.approx(other.lower_bound, abs=1e-5)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("make", [random_model, per_edge_model])
def test_a_transposed_coupling_is_that_of_the_transposed_picture(make, neighbours):
    model = make(6, (3, 5), neighbours=neighbours)
    turned = IsingModel(model.field.T, model.coupling.transposed())
    z = np.random.default_rng(2).choice([-1, 1], (20, 3, 5))
    for picture in z:
        assert turned.energy(picture.T) == pytest.approx(model.energy(picture), abs=1e-5)


@pytest.mark.parametrize("chains", ["columns", "rows"])
@pytest.mark.parametrize("shape", [(20, 129), (129, 20), (9, 257), (17, 1), (1, 17), (8, 128)])
def test_blocks_that_one_parity_alone_has_do_not_wait_for_ever(shape, chains):
    model = random_model(9, shape, size=0.5)
    found = StructuredMeanField(chains=chains, tol=1e-5, max_sweeps=300).solve(model)
    assert found.status == "converged"
    assert len(found.trace) <= 300


@pytest.mark.slow
def test_what_is_left_out_changes_no_answer():
    """Against sweeps that leave nothing out, which `bound_every` asks for."""
    model = random_model(10, (150, 170), size=0.45, spread=0.7)
    lazy = StructuredMeanField(chains="columns", tol=1e-5).solve(model)
    whole = StructuredMeanField(chains="columns", tol=1e-5, bound_every=1).solve(model)
    np.testing.assert_allclose(lazy.mean, whole.mean, atol=2e-3)
    assert lazy.lower_bound == pytest.approx(whole.lower_bound, abs=0.01)
    assert lazy.work.site_updates < whole.work.site_updates


@pytest.mark.slow
def test_many_blocks_and_threads():
    model = random_model(7, (40, 700), neighbours=8, size=0.3)
    engine = StructuredMeanField(tol=1e-5)
    one = engine.solve(model)
    reference.assert_same_solution(StructuredMeanField(tol=1e-5, parallel=True).solve(model), one)
    lower = MeanField(tol=1e-5).solve(model).lower_bound
    assert one.lower_bound > lower + 1


@pytest.mark.parametrize("J", [1e6, -1e6, 40.0])
def test_huge_strengths(J):
    model = IsingModel(np.random.default_rng(8).normal(size=(5, 6)), J)
    found = StructuredMeanField(max_sweeps=50).solve(model)
    assert np.isfinite(found.lower_bound)
    assert np.isfinite(found.mean).all()
    assert found.lower_bound >= MeanField(max_sweeps=20).solve(model).lower_bound * (1 - 1e-6) - 1


BITS = """
import numpy as np
from isingdenoise import Coupling, IsingModel
from isingdenoise.inference import StructuredMeanField
field = np.random.default_rng(0).normal(size=(40, 90))
model = IsingModel(field, Coupling.eight(0.3, 0.2))
for parallel in (False, True):
    found = StructuredMeanField(parallel=parallel, max_sweeps=20).solve(model)
    print(found.energy.hex(), found.lower_bound.hex(), found.mean.sum(dtype=float).hex())
"""


@pytest.mark.slow
@pytest.mark.process
def test_kernels_that_are_kept_give_the_bits_of_those_just_compiled(tmp_path):
    """What one process compiled meets what another did: no function of a kernel has two copies."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    tmp_path.chmod(0o700)
    said = [
        subprocess.run(
            [sys.executable, "-c", BITS],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert len({*said[0], *said[1]}) == 1
