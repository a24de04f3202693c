"""Mean field with hidden spins, against matrices, exact sums, and the Ising model it contains."""

import tracemalloc

import numpy as np
import pytest
import reference
from command_line import error_line, invoke, save_noisy, succeed
from machines import random_machine, save_machine, without_hidden_spins
from networks import save_network

from isingdenoise import Coupling, IsingModel, MeanField, ReadError, Status
from isingdenoise.inference import Boltzmann

SHAPES = [(1, 3), (8, 8), (9, 14), (13, 6)]


@pytest.fixture
def path(tmp_path):
    return save_machine(tmp_path / "weights.npz")


def random_field(shape, seed=0, size=1.5):
    return (size * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def model_of(shape, coupling=0.4, seed=0):
    return IsingModel(random_field(shape, seed), coupling)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "coupling", [Coupling.eight(0.4, 0.2), Coupling(0.5, -0.2), Coupling(0.3, 0.2, 0.0, -0.4)]
)
def test_the_means_are_those_of_the_couplings_one_by_one(path, shape, coupling, steps):
    model = model_of(shape, coupling)
    found = Boltzmann(prior=path, steps=steps).solve(model)
    expected = reference.DenseMachine(model, random_machine()).means(steps)[0]
    np.testing.assert_allclose(found.mean, expected, atol=1e-5)
    np.testing.assert_array_equal(found.labels, np.where(found.mean >= 0, 1, -1))
    assert found.lower_bound == pytest.approx(reference.elbo(model, found.mean), rel=1e-5)
    assert found.energy == pytest.approx(reference.energy(model, found.labels), rel=1e-5)
    assert (found.status, len(found.trace)) == (Status.CONVERGED, steps)
    assert found.work == (17 + 2 * steps, (17 + 2 * steps) * model.field.size)


def test_edges_of_their_own_strength_count(path):
    field = random_field((12, 14))
    model = IsingModel(field, Coupling.contrast(field, Coupling.eight(0.8), 0.5))
    found = Boltzmann(prior=path).solve(model)
    expected = reference.DenseMachine(model, random_machine()).means(4)[0]
    np.testing.assert_allclose(found.mean, expected, atol=1e-5)


@pytest.mark.parametrize("coupling", [Coupling.nearest(0.3), Coupling.eight(0.2, -0.1)])
def test_without_hidden_spins_it_is_mean_field(tmp_path, coupling):
    path = save_machine(tmp_path / "empty.npz", without_hidden_spins())
    model = model_of((21, 30), coupling)
    found = Boltzmann(prior=path, steps=100).solve(model)
    expected = MeanField(tol=1e-7, max_sweeps=1000).solve(model)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-5)
    assert found.lower_bound == pytest.approx(expected.lower_bound, rel=1e-6)
    assert found.trace.residual[-1] < 1e-5 < found.trace.residual[0]


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("tile", [8, 24, 61])
def test_no_tile_shows(path, tile, parallel):
    model = model_of((75, 130))
    whole = Boltzmann(prior=path, parallel=False).solve(model)
    found = Boltzmann(prior=path, tile=tile, parallel=parallel).solve(model)
    np.testing.assert_allclose(found.mean, whole.mean, atol=1e-6)


def test_threads_change_nothing(path):
    model = model_of((75, 130))
    one, other = (Boltzmann(prior=path, parallel=p).solve(model).mean for p in (False, True))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_nothing_from_beyond_the_surroundings_matters(path, steps):
    engine = Boltzmann(prior=path, steps=steps)
    reach = engine.surroundings
    field = random_field((reach + 20, 2 * reach))
    other = field.copy()
    other[0] *= -1
    before, after = (engine.solve(IsingModel(one, 0.4)).mean for one in (field, other))
    np.testing.assert_array_equal(before[reach + 1 :], after[reach + 1 :])
    assert not np.array_equal(before[reach // 2], after[reach // 2])


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds(seed, path):
    model = IsingModel(random_field((3, 4), seed), Coupling.eight(0.5), 0.7)
    assert Boltzmann(prior=path).solve(model).lower_bound <= reference.Exact(model).log_z + 0.7


def test_a_callback_sees_every_round_and_may_end_them(path):
    model, steps = model_of((20, 30)), []

    def watch(step):
        steps.append((step.sweeps, step.snapshot().copy()))
        if len(steps) == 2:
            raise StopIteration

    found = Boltzmann(prior=path).solve(model, callback=watch)
    assert (found.status, len(found.trace)) == (Status.STOPPED, 2)
    assert [sweeps for sweeps, _ in steps] == [18, 20]
    np.testing.assert_array_equal(found.mean, steps[-1][1])
    assert found.lower_bound == pytest.approx(reference.elbo(model, found.mean), rel=1e-5)


@pytest.mark.parametrize("size", [1e4, 1e8])
def test_certain_pixels_stay_finite_and_certain(size):
    field = size * np.sign(random_field((20, 21)))
    found = Boltzmann().solve(IsingModel(field, 1.0))
    np.testing.assert_array_equal(found.labels, np.sign(field))
    assert np.isfinite(found.lower_bound)


def test_weights_of_another_kind_or_none(tmp_path):
    network = save_network(tmp_path / "network.npz")
    for path, words in ((network, "for engine amortised"), (tmp_path / "missing.npz", "missing")):
        with pytest.raises(ReadError, match=words):
            Boltzmann(prior=str(path)).solve(IsingModel([[1.0]], 0.0))


@pytest.mark.slow
def test_the_command_takes_the_machine_and_its_weights(tmp_path, path):
    noisy = save_noisy(tmp_path / "noisy.png")
    words = ["run", noisy, "--engine", "boltzmann", "--force"]
    found = []
    for number, own in enumerate(([], ["--prior", path], ["-O", f"prior={path}"])):
        sure = tmp_path / f"{number}.tif"
        assert "boltzmann" in succeed(*words, "--probability", sure, *own).stdout
        found.append(sure.read_bytes())
    assert found[0] != found[1] == found[2]
    missing = invoke(*words, "-O", f"prior={tmp_path / 'missing.npz'}")
    assert "missing.npz" in error_line(missing, ReadError.exit_code)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "tile"), [((1000, 1000), 1024), ((1500, 1200), 128)])
def test_the_estimate_of_memory_holds(shape, tile):
    engine = Boltzmann(tile=tile, parallel=False)
    model = model_of(shape)
    engine.solve(model_of((20, 20)))
    tracemalloc.start()
    try:
        engine.solve(model)
        most = tracemalloc.get_traced_memory()[1] + 8 * model.field.size
    finally:
        tracemalloc.stop()
    assert most <= engine.footprint(model.field.size) <= 1.4 * most
