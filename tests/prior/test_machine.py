"""The energy of a Boltzmann machine, its bound, and files of its weights."""

from itertools import product

import numpy as np
import pytest
import reference
from machines import random_machine, save_machine, without_hidden_spins
from networks import save_network

from isingdenoise import Coupling, IsingModel, ParameterError, ReadError
from isingdenoise.inference import Boltzmann
from isingdenoise.prior import machine_of, read_machine, read_network, shipped_machine

TINY = (1, 1)  # planes: of a cell of 4 x 4 pixels, four fine spins and a coarse one


def model_of(shape, seed=0):
    field = np.random.default_rng(seed).normal(size=shape)
    return IsingModel(field, Coupling(0.4, 0.3, -0.2, 0.1), 0.7)


def spins(machine, shape, seed=1, values=(-1, 1)):
    """Return random pixels, fine and coarse spins: labels, or means."""
    rng = np.random.default_rng(seed)
    shapes = shape, *machine.shapes(shape)
    if len(values) == 2:
        return [rng.choice(values, size=one) for one in shapes]
    return [rng.uniform(-1, 1, size=one) for one in shapes]


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (5, 9)])
def test_the_energy_is_that_of_the_couplings_one_by_one(shape):
    machine, model = random_machine((2, 3)), model_of(shape)
    z, u, v = spins(machine, shape)
    expected = reference.DenseMachine(model, machine).energy(z.ravel(), u.ravel(), v.ravel())
    assert machine.energy(model, z, u, v) == pytest.approx(expected, rel=1e-5)


def all_energies(machine, model):
    """Return the energies of all states of a machine of at most twenty spins."""
    dense = reference.DenseMachine(model, machine)
    sizes = [model.field.size, *(len(one) for one in dense.biases)]
    assert sum(sizes) <= 16
    ends = np.cumsum(sizes)[:-1]
    states = np.array(list(product((-1.0, 1.0), repeat=sum(sizes))))
    return np.array([dense.energy(*np.split(state, ends)) for state in states])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [0.3, 2.0])
def test_the_bound_is_below_the_sum_over_all_states(seed, size):
    machine, model = random_machine(TINY, seed, size), model_of((2, 4), seed)
    log_z = np.logaddexp.reduce(-all_energies(machine, model)) + model.offset
    shape = model.shape
    for trial in range(20):
        means = spins(machine, shape, trial, ())
        assert machine.elbo(model, *means) <= log_z + 1e-9
    found = Boltzmann(prior=None).solve(model).mean  # whatever means an engine gives
    _, u, v = reference.DenseMachine(model, machine).means(8)
    fine, coarse = machine.shapes(shape)
    tight = machine.elbo(model, found, u.reshape(fine), v.reshape(coarse))
    assert tight <= log_z + 1e-9


def test_the_bound_is_reached_where_nothing_is_coupled():
    machine = without_hidden_spins(TINY)
    model = IsingModel(np.array([[0.3, -1.2]]), 0.0, 0.7)
    fine, coarse = machine.shapes(model.shape)
    bound = machine.elbo(model, np.tanh(model.field), np.zeros(fine), np.zeros(coarse))
    log_z = np.logaddexp.reduce(-all_energies(machine, model)) + 0.7
    assert bound == pytest.approx(log_z, rel=1e-6)


def test_the_model_of_couplings_alone_is_a_special_case():
    machine, model = without_hidden_spins(), model_of((6, 7))
    z, u, v = spins(machine, model.shape)
    assert machine.energy(model, z, u, v) == pytest.approx(model.energy(z))
    mean, _, _ = spins(machine, model.shape, values=())
    hidden = [np.zeros(shape) for shape in machine.shapes(model.shape)]
    count = sum(spins.size for spins in hidden)
    expected = model.elbo(mean) + count * np.log(2)
    assert machine.elbo(model, mean, *hidden) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_rounds_of_hidden_spins_raise_the_bound(seed):
    """Each set of hidden means is the best there is while the others stay."""
    machine, model = random_machine((3, 2), seed, 1.0), model_of((8, 8), seed)
    dense = reference.DenseMachine(model, machine)
    z, u, v = (one.ravel() for one in spins(machine, model.shape, seed, ()))
    shapes = machine.shapes(model.shape)

    def bound():
        return machine.elbo(
            model, z.reshape(model.shape), u.reshape(shapes[0]), v.reshape(shapes[1])
        )

    bounds = [bound()]
    for _ in range(5):
        u = np.tanh(dense.fine @ z + dense.coarse.T @ v + dense.biases[0])
        bounds.append(bound())
        v = np.tanh(dense.coarse @ u + dense.biases[1])
        bounds.append(bound())
    assert np.all(np.diff(bounds) >= -1e-6 * abs(bounds[0]))
    assert bounds[1] > bounds[0] + 0.1
    assert bounds[-1] - bounds[-2] < 1e-3  # they rest


@pytest.mark.parametrize("seed", range(3))
def test_nothing_pulls_a_pixel_by_more_than_it_is_said(seed):
    machine, model = random_machine((3, 2), seed, 3.0), model_of((8, 8), seed)
    dense = reference.DenseMachine(model, machine)
    by_neighbours = np.abs(machine.pull * dense.couplings).sum(1)
    by_hidden = np.abs(dense.fine).sum(0) + abs(machine.bias)
    most = machine.pulled(model.coupling.pull)
    assert (by_neighbours + by_hidden).max() <= most * (1 + 1e-6)
    assert most < 1.5 * (by_neighbours + by_hidden).max()


def test_hidden_spins_of_another_shape_are_refused():
    machine, model = random_machine(), model_of((6, 7))
    z, u, v = spins(machine, model.shape)
    with pytest.raises(ParameterError, match=r"^fine: must have shape \(4, 4, 4\)"):
        machine.energy(model, z, u[:, :2], v)
    with pytest.raises(ParameterError, match=r"^coarse: must have shape \(8, 2, 2\)"):
        machine.elbo(model, z, u, v[1:])


# ---- files


def test_what_was_written_is_read(tmp_path):
    path, machine = tmp_path / "weights.npz", random_machine((3, 5))
    found = read_machine(save_machine(path, machine))
    assert (found.planes, found.about) == ((3, 5), {"weights": "random"})
    for name, array in machine.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)
    assert machine_of(str(path)) is machine_of(str(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fine.weight": None}, "it lacks 'fine.weight'"),
        ({"visible.pull": None}, "it lacks 'visible.pull'"),
        ({"coarse.weight": np.zeros((8, 12, 3, 3), np.float32)}, "has shape (8, 12, 3, 3)"),
        ({"coarse.weight": np.zeros((0, 16, 3, 3), np.float32)}, "has shape (0, 16, 3, 3)"),
        ({"visible.bias": np.float32([np.nan])}, "holds NaN or infinite values"),
        ({"visible.bias": np.float32(1)}, "has shape (), not (1,)"),
        ({"more": np.float32([1])}, "no layer takes 'more'"),
        ({"format": np.array(2)}, "this version reads format 1"),
    ],
)
def test_damaged_files_are_refused_in_a_line(tmp_path, change, words):
    path = tmp_path / "weights.npz"
    save_machine(path)
    with np.load(path) as file:
        arrays = dict(file) | change
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ReadError) as caught:
        read_machine(path)
    said = str(caught.value)
    assert words in said
    assert str(path) in said
    assert "\n" not in said


def test_a_file_of_the_other_kind_says_so(tmp_path):
    machine = save_machine(tmp_path / "machine.npz")
    network = save_network(tmp_path / "network.npz")
    with pytest.raises(ReadError, match="weights of a Boltzmann machine, for engine boltzmann"):
        read_network(machine)
    with pytest.raises(ReadError, match="weights of a network, for engine amortised"):
        read_machine(network)


def test_the_one_of_the_package():
    assert machine_of(None) is shipped_machine()
    assert shipped_machine().planes == (48, 48)
    assert 0.5 < shipped_machine().pull < 1.5
