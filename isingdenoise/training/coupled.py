"""Examples for a Boltzmann machine: noisy fields with the coupling that suits each.

In use the coupling is estimated from the picture. Estimation takes longer than a step of
training; so here the clean picture tells which of a few couplings suits its field best, and
each example is used many times: mirrored, turned, as a negative, with the coupling a little off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..inference import MeanField
from ..model import IsingModel
from .batches import Sample
from .drawing import Picture
from .fields import Field, noisy_field

__all__ = ["coupled", "suited"]

#: How often each example is used, and how many there are at least.
_USES, _LEAST = 16, 512
_KEPT = 16_384  # examples in memory; 128 x 128 pixels take 48 kB
_STRENGTHS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.95, 1.3)
#: Of the best of these along rows and columns, and what diagonals have as a share of it.
_ACROSS = ((0.75, 0.5), (0.55, 0.5), (1.3, -0.3), (1.0, -0.3))
_DOUBT = 0.1  # weight of nats a pixel beside errors
_WRONG = 0.1  # of estimated couplings: standard deviation of their logarithm


def coupled(
    make: Callable[[np.random.Generator], Picture], seed: int, uses: int
) -> Callable[[int], Sample]:
    """Return the source of examples of what a generator draws, for `uses` of them.

    Parameters
    ----------
    make : callable
        Draws a clean picture.
    seed : int
        Of pictures and noise.
    uses : int
        How many examples will be asked for.
    """
    pool = max(uses // _USES, _LEAST)

    @lru_cache(maxsize=_KEPT)
    def kept(index: int) -> tuple[Picture, NDArray[np.float16], tuple[float, float]]:
        rng = np.random.default_rng([seed, index, 2])
        picture = make(rng)
        field = noisy_field(picture, rng).astype(np.float16)
        return picture, field, suited(field.astype(np.float32), picture)

    def example(number: int) -> Sample:
        rng = np.random.default_rng([seed, number, 3])
        picture, field, coupling = kept(number % pool)
        return _varied(picture, field.astype(np.float32), coupling, rng)

    return example


def suited(field: Field, clean: Picture) -> tuple[float, float]:
    """Return the strengths, of four neighbours and of diagonals, with which mean field does best.

    What is made small is the share of wrong pixels and a tenth of the cross entropy, in hindsight.
    """

    def cost(strengths: tuple[float, float]) -> float:
        model = IsingModel(field, Coupling.eight(*strengths))
        mean = MeanField(tol=0.02, max_sweeps=40).solve(model).mean
        assert mean is not None
        right = np.where(clean, mean, -mean)
        doubt = -np.log(np.maximum((1 + right) / 2, 1e-6)).mean()
        return float((right < 0).mean() + _DOUBT * doubt)

    found = {(J, 0.0): cost((J, 0.0)) for J in _STRENGTHS}
    J, _ = min(found, key=found.__getitem__)
    for near, across in _ACROSS:
        strengths = (near * J, near * across * J)
        found[strengths] = cost(strengths)
    return min(found, key=found.__getitem__)


def _varied(
    picture: Picture, field: Field, coupling: tuple[float, float], rng: np.random.Generator
) -> Sample:
    """Return an example turned, mirrored, as a negative, and with a coupling that is a bit off."""
    turns, mirrored, negative = (int(n) for n in rng.integers(0, (4, 2, 2)))
    off = np.exp(_WRONG * rng.standard_normal())
    clean, h = np.rot90(picture, turns), np.rot90(field, turns)
    if mirrored:
        clean, h = clean.T, h.T
    if negative:
        clean, h = ~clean, -h
    strengths = (float(off * coupling[0]), float(off * coupling[1]))
    return Sample(np.ascontiguousarray(clean), np.ascontiguousarray(h), strengths)
