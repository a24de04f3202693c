"""Networks of random weights, and files of them: what tests of learned priors run."""

import json

import numpy as np

from isingdenoise.prior import Layer, Network
from isingdenoise.prior.network import expected_layers

SMALL = (8, 12, 4)


def random_arrays(planes=SMALL, middle=1, seed=0, size=0.1):
    """Return the arrays of a file of weights; values keep about their size through the layers.

    That of the output is about `size`.
    """
    rng = np.random.default_rng(seed)
    arrays = {"format": np.array(1), "about": np.array(json.dumps({"weights": "random"}))}
    for name, shape in expected_layers(planes, middle):
        gain = size if name == "out" else 0.5 if name.endswith(".b") else 1.0
        weight = gain * rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        arrays[f"{name}.weight"] = weight.astype(np.float16)
        arrays[f"{name}.bias"] = (gain * 0.1 * rng.normal(size=shape[0])).astype(np.float32)
    return arrays


def network(planes=SMALL, middle=1, **options):
    """Return a network of random weights."""
    arrays = random_arrays(planes, middle, **options)
    layers = {
        name: Layer(arrays[f"{name}.weight"].astype(np.float32), arrays[f"{name}.bias"])
        for name, _ in expected_layers(planes, middle)
    }
    return Network("random", planes, middle, layers)


def save_network(path, **options):
    """Write a file of random weights; return its path as text."""
    np.savez_compressed(path, **random_arrays(**options))
    return str(path)
