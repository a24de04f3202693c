"""Batches of examples: each a function of seed and number alone, so that a run can go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .drawing import Picture
from .fields import Field

__all__ = ["Batch", "Example", "Sample", "batch"]

SMALL = 6  # pixels: dots of an i, leaders, the eye of an e


class Sample(NamedTuple):
    """A clean picture, its noisy field, and the coupling of four neighbours and of diagonals."""

    clean: Picture
    field: Field
    coupling: tuple[float, float] = (0.0, 0.0)


#: From a number to an example, the same at every call.
Example = Callable[[int], Sample]


class Batch(NamedTuple):
    """Noisy fields with their couplings, what is behind them, and how much each pixel counts.

    Attributes
    ----------
    field, clean, weight : ndarray, shape (n, side, side), float32
        h; 0 and 1; at least 1.
    coupling : ndarray, shape (n, 2), float32
        Strengths of four neighbours, and of diagonals; 0 where they do not count.
    """

    field: NDArray[np.float32]
    clean: NDArray[np.float32]
    weight: NDArray[np.float32]
    coupling: NDArray[np.float32]


def batch(number: int, size: int, draw: Example, small: float) -> Batch:
    """Return the batch of a number: examples number * size and following.

    Parameters
    ----------
    number, size : int
        Of the batch, and how many examples one has.
    draw : callable
        The example of a number.
    small : float
        How much more the pixels of small parts count.
    """
    samples = [draw(number * size + k) for k in range(size)]
    clean = np.stack([sample.clean for sample in samples])
    return Batch(
        np.stack([sample.field for sample in samples]),
        clean.astype(np.float32),
        np.stack([weights(picture, small) for picture in clean]),
        np.array([sample.coupling for sample in samples], np.float32),
    )


def weights(picture: Picture, small: float) -> NDArray[np.float32]:
    """Return 1, and `small` more for pixels of parts of at most SMALL pixels, of either colour."""
    from scipy import ndimage

    out = np.ones(picture.shape, np.float32)
    corners = np.ones((3, 3))
    for colour in (False, True):
        parts, count = ndimage.label(picture == colour, corners)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        few = sizes <= SMALL
        few[0] = False
        out[few[parts]] += small
    return out
