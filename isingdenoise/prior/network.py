"""What a network of a learned prior consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "SHIFTS", "STEP", "Layer", "Network", "expected_layers"]

#: Halvings of the picture: the first by taking four pixels as channels, two by convolutions.
LEVELS = 3
#: Side of a pixel of the coarsest map, in pixels of the picture.
_CELL = 1 << LEVELS
#: Tiles begin at multiples of this: pairs of rows are then the same ones at every level.
STEP = 2 * _CELL
#: Rows and columns by which the grid of cells begins before the picture, at each pass: what a
#: network gives depends a little on where the cells fall, and the mean of two errs less. Odd, so
#: that the pixels that become the channels of one are others, too.
SHIFTS = ((0, 0), (3, 5))
#: Planes of the two inputs, and of the output, at half the size.
_INPUTS, _OUTPUTS = 8, 4


class Layer(NamedTuple):
    """Weights and biases of a convolution.

    Attributes
    ----------
    weight : ndarray, shape (out, in, k, k), float32
        The filters.
    bias : ndarray, shape (out,), float32
        The biases.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Network:
    """A U-shaped convolutional network that maps a field h to f(h), so that h + f are log odds.

    Both halves of log odds: h of the likelihood, h + f of the posterior. The inputs are tanh(h)
    and h / 8 clipped to [-1, 1], at half the size with four pixels as channels. Blocks of
    two convolutions of 3 x 3 add to what they are given, at a half, a quarter and an eighth of
    the size.

    Parameters
    ----------
    name : str
        Where it comes from.
    planes : tuple of 3 int
        Channels at a half, a quarter and an eighth of the size.
    middle : int
        Blocks at an eighth of the size.
    layers : mapping of str to Layer
        The convolutions, by the names of `expected_layers`.
    digest : str
        SHA-256 of the file, in hexadecimal.
    about : mapping
        What its maker says of it.

    References
    ----------
    Ronneberger, Fischer and Brox, U-Net, MICCAI 2015. He, Zhang, Ren and Sun, Identity Mappings
    in Deep Residual Networks, ECCV 2016.
    """

    name: str
    planes: tuple[int, int, int]
    middle: int
    layers: Mapping[str, Layer]
    digest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return weights and biases under the names of a file."""
        return {
            f"{name}.{part}": array
            for name, layer in self.layers.items()
            for part, array in layer._asdict().items()
        }

    def leftmost(self, pixel: int) -> int:
        """Return the first pixel of a row without end that f at `pixel` depends on."""
        at = pixel // 2 - 1  # "out"
        at = (at - 2) // 2  # "dec0", then to a quarter of the size
        at = (at - 2) // 2 - 2 * self.middle
        at = 2 * (2 * at - 2) - 2  # "enc1", "enc0"
        return 2 * (at - 1)  # "in"

    @cached_property
    def radius(self) -> int:
        """Distance in pixels, along rows or columns, beyond which no pixel matters to another."""
        return max(pixel - self.leftmost(pixel) for pixel in range(_CELL))

    @property
    def halo(self) -> int:
        """Surroundings that a tile needs, in pixels, rounded up to a multiple of `STEP`."""
        return -(self.leftmost(0) // STEP) * STEP

    @property
    def surroundings(self) -> int:
        """Pixels around a part of a picture that matter to it, wherever the cells fall."""
        return self.halo + STEP

    def memory(self, tile: int, pixels: int) -> int:
        """Return about the bytes of the maps for tiles of a side, or for a smaller picture.

        Parameters
        ----------
        tile : int
            Side of a tile without its surroundings.
        pixels : int
            Pixels of the picture.
        """
        side = -(-tile // STEP) * STEP + 2 * self.halo + STEP
        cells = min(side * side, pixels + 64 * side) / 4
        numbers = 8 * cells
        for level, channels in enumerate(self.planes):
            numbers += 2.2 * (channels + 3) * cells / 4**level
        return int(4 * numbers) + (1 << 22)


def expected_layers(
    planes: tuple[int, int, int], middle: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of the weights of every layer, in the order in which they act.

    Parameters
    ----------
    planes, middle
        As of `Network`.
    """

    def block(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        for part in "ab":
            yield f"{name}.{part}", (channels, channels, 3, 3)

    yield "in", (planes[0], _INPUTS, 3, 3)
    for level in range(LEVELS - 1):
        yield from block(f"enc{level}", planes[level])
        yield f"down{level}", (planes[level + 1], planes[level], 2, 2)
    for k in range(middle):
        yield from block(f"mid{k}", planes[-1])
    for level in reversed(range(LEVELS - 1)):
        yield f"up{level}", (planes[level], planes[level + 1], 1, 1)
        yield from block(f"dec{level}", planes[level])
    yield "out", (_OUTPUTS, planes[0], 3, 3)
