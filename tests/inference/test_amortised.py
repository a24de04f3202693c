"""The engine of a learned prior: its own answer whatever the couplings, and a bound that holds."""

import os
import tracemalloc

import numpy as np
import pytest
import reference
from command_line import error_line, invoke, save_noisy, succeed
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import network, random_arrays, save_network

from isingdenoise import Coupling, IsingModel, ParameterError, ReadError, Status
from isingdenoise.inference import Amortised
from isingdenoise.prior import shipped


@pytest.fixture
def path(tmp_path):
    return save_network(tmp_path / "weights.npz", size=0.5)


def random_field(shape, seed=0, size=2.0):
    return (size * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("shape", [(37, 50), (16, 40), (1, 3)])
def test_the_answer_is_that_of_the_network(path, passes, shape):
    model = IsingModel(random_field(shape), 0.4)
    found = Amortised(prior=path, passes=passes).solve(model)
    odds = reference.learned_log_odds(model.field, network(size=0.5), passes)
    np.testing.assert_allclose(found.mean, np.tanh(odds), atol=1e-5)
    np.testing.assert_array_equal(found.labels, np.where(found.mean >= 0, 1, -1))
    assert found.lower_bound == pytest.approx(reference.elbo(model, found.mean), rel=1e-5)
    assert (found.status, len(found.trace)) == (Status.CONVERGED, passes)
    assert found.work == (passes, passes * model.field.size)


def test_after_the_first_pass_there_is_the_answer_of_one(path):
    model = IsingModel(random_field((37, 50)), 0.4)

    def stop(step):
        raise StopIteration

    found = Amortised(prior=path).solve(model, callback=stop)
    assert found.status is Status.STOPPED
    np.testing.assert_array_equal(found.mean, Amortised(prior=path, passes=1).solve(model).mean)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(-3, 3), st.floats(-3, 3), st.booleans())
def test_couplings_do_not_count_for_the_means(seed, along, across, eight):
    field = random_field((5, 9), seed)
    coupling = Coupling.eight(along, across) if eight else Coupling(along, across)
    expected = Amortised().solve(IsingModel(field, 0.0))
    found = Amortised().solve(IsingModel(field, coupling))
    np.testing.assert_array_equal(found.mean, expected.mean)


def test_edges_of_their_own_strength_do_not_count_either():
    field = random_field((12, 14))
    coupling = Coupling.contrast(field, Coupling.nearest(1.0), 0.5)
    expected = Amortised().solve(IsingModel(field, 0.0))
    found = Amortised().solve(IsingModel(field, coupling))
    np.testing.assert_array_equal(found.mean, expected.mean)
    assert found.lower_bound != expected.lower_bound


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds(seed, path):
    model = IsingModel(random_field((3, 4), seed), Coupling.eight(0.5), 0.7)
    assert Amortised(prior=path).solve(model).lower_bound <= reference.Exact(model).log_z + 0.7


def test_a_step_for_each_tile(path):
    model, steps = IsingModel(random_field((70, 40)), 0.4), []
    engine = Amortised(prior=path, tile=32)
    found = engine.solve(model, callback=steps.append)
    assert len(found.trace) == len(steps) == 2 * 6
    assert found.trace.site_updates[-1] == 2 * model.field.size
    np.testing.assert_array_equal(found.mean, Amortised(prior=path).solve(model).mean)


@pytest.mark.parametrize("size", [1e4, 1e8])
def test_certain_pixels_stay_finite_and_certain(size):
    field = size * np.sign(random_field((20, 21)))
    found = Amortised().solve(IsingModel(field, 1.0))
    np.testing.assert_array_equal(found.labels, np.sign(field))
    assert np.isfinite(found.lower_bound)


def test_weights_that_overflow_are_refused(tmp_path):
    arrays = random_arrays()
    for name in arrays:
        if name.endswith("weight"):
            arrays[name] = np.full_like(arrays[name], 6e4)
    np.savez(tmp_path / "huge.npz", **arrays)
    engine = Amortised(prior=str(tmp_path / "huge.npz"))
    with pytest.raises(ParameterError, match=r"^prior: its weights give log odds"):
        engine.solve(IsingModel(random_field((8, 8)), 0.4))


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(ReadError, match=r"missing\.npz"):
        Amortised(prior=str(tmp_path / "missing.npz")).solve(IsingModel([[1.0]], 0.0))


def test_the_command_takes_weights_by_their_path(tmp_path, path):
    noisy = save_noisy(tmp_path / "noisy.png")
    words = ["run", noisy, "--engine", "amortised", "--coupling", "0.4", "--force"]
    assert "amortised" in succeed(*words).stdout
    succeed(*words, "-O", f"prior={path}")
    missing = invoke(*words, "-O", f"prior={tmp_path / 'missing.npz'}")
    assert "missing.npz" in error_line(missing, ReadError.exit_code)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "tile"), [((1000, 1000), 1024), ((1500, 1200), 256)])
def test_the_estimate_of_memory_holds(shape, tile):
    engine = Amortised(tile=tile, parallel=False)
    model = IsingModel(random_field(shape), 0.4)
    engine.solve(IsingModel(random_field((20, 20)), 0.4))
    tracemalloc.start()
    try:
        engine.solve(model)
        most = tracemalloc.get_traced_memory()[1] + 8 * model.field.size
    finally:
        tracemalloc.stop()
    assert most <= engine.footprint(model.field.size) <= 1.4 * most


def test_a_large_picture_takes_the_memory_of_a_tile():
    # what grows with the picture is less than its maps would take
    more = Amortised().footprint(1 << 30) - Amortised().footprint(1 << 29)
    assert more <= 30 * (1 << 29)
    assert shipped().memory(1024, 1 << 30) == shipped().memory(1024, 1 << 29)


def test_relative_paths_are_those_of_the_folder_one_is_in(path, monkeypatch):
    monkeypatch.chdir(os.path.dirname(path))  # noqa: PTH120
    model = IsingModel(random_field((9, 9)), 0.4)
    relative = Amortised(prior="weights.npz").solve(model)
    np.testing.assert_array_equal(relative.mean, Amortised(prior=path).solve(model).mean)
