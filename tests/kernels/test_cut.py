"""The network of a minimum cut, and that its flow is none but a flow."""

import numpy as np
import pytest
import reference
from reference import random_model

from isingdenoise import IsingModel
from isingdenoise._kernels.network import CROSSING
from isingdenoise.backends import cut as network_of


def value(network, steps, side):
    """Return what a cut costs in the network as it stands: each site on a side, True above."""
    net, total = network.network, 0
    for p in range(len(side)):
        total += max(int(net.supply[p]), 0) if not side[p] else max(-int(net.supply[p]), 0)
        for k in range(len(steps)):
            if net.room[p, k]:
                q = (p + int(steps[k])) ^ (int(net.mark[p, CROSSING]) >> k & 1)
                total += int(net.room[p, k]) * (side[p] and not side[q])
    return total


def sides(network, states, shape):
    """Return the side of each site, border and contrary spins among them, for each state."""
    height, width = shape
    found = np.zeros((len(states), height + 2, width + 2, network.layers), bool)
    for layer in range(network.layers):
        found[:, 1:-1, 1:-1, layer] = (states.reshape(-1, height, width) > 0) ^ (layer == 1)
    return found.reshape(len(states), -1)


MODELS = {
    "4": random_model(1, (3, 3), spread=0.3),
    "8": random_model(2, (3, 3), neighbours=8, spread=0.3),
    "frustrated": random_model(3, (3, 3), neighbours=8, spread=0.3, signs=(-1, 1, -1, -1)),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_cut_costs_what_its_state_has_of_energy(name):
    """Up to a constant, at the beginning, on the way and at the end: pushing changes nothing."""
    model = MODELS[name]
    gauge = None if name == "frustrated" else np.ones((3, 3), np.int8)
    network, exact = network_of(model, gauge), reference.Exact(model)
    which = np.random.default_rng(0).integers(0, len(exact.states), 8)
    side = sides(network, exact.states[which], model.shape)
    held = np.abs(model.field).reshape(-1) > np.abs(reference.matrix(model)).sum(axis=1)
    assert not held.any()  # no field is cut back
    scale = 2.0**50 / 2.0 ** np.frexp(model.coupling.pull)[1]
    waiting = 1
    while waiting:
        costs = [value(network, network.steps, s) / scale for s in side]
        energies = exact.energies[which] * network.layers / 2
        np.testing.assert_allclose(np.diff(costs), np.diff(energies), atol=1e-9)
        _, waiting = network.run(1)
    assert (network.network.room >= 0).all()


def test_an_empty_queue_ends_at_once():
    network = network_of(IsingModel(np.zeros((2, 3)), 0.5), np.ones((2, 3), np.int8))
    assert network.run(10) == (0, 0)
    np.testing.assert_array_equal(network.labels(), 1)


def test_the_ring_of_the_queue_goes_round():
    """More sites are looked at than it has room for."""
    model = random_model(4, (6, 6), size=2.0)
    network = network_of(model, np.ones((6, 6), np.int8))
    looked = 0
    while True:
        more, waiting = network.run(3)
        looked += more
        if not waiting:
            break
    assert looked > 36
    whole = network_of(model, np.ones((6, 6), np.int8))
    whole.run(10**6)
    np.testing.assert_array_equal(whole.labels(), network.labels())
