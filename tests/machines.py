"""Boltzmann machines of random weights, and files of them."""

import json

import numpy as np

from isingdenoise.prior import Layer, Machine
from isingdenoise.prior.machine import machine_layers

SMALL = (4, 8)


def random_machine(planes=SMALL, seed=0, size=0.3):
    """Return a machine whose spins hear about `size` from every layer."""
    rng = np.random.default_rng(seed)
    layers = {
        name: Layer(
            (size * rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32),
            (0.1 * rng.normal(size=shape[0])).astype(np.float32),
        )
        for name, shape in machine_layers(planes)
    }
    return Machine("random", layers["fine"], layers["coarse"], 0.05, 0.9)


def without_hidden_spins(planes=SMALL):
    """Return a machine whose hidden spins give nothing: an Ising model."""
    layers = {
        name: Layer(np.zeros(shape, np.float32), np.zeros(shape[0], np.float32))
        for name, shape in machine_layers(planes)
    }
    return Machine("empty", layers["fine"], layers["coarse"])


def save_machine(path, machine=None):
    """Write a file of weights, those of float32 as they are; return its path as text."""
    arrays = (machine or random_machine()).arrays()
    about = json.dumps({"weights": "random"})
    np.savez_compressed(path, format=np.array(1), about=np.array(about), **arrays)
    return str(path)
