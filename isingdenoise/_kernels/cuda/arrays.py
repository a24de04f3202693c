"""Arrays on the card, and how kernels over planes are launched there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
from numba import cuda

from . import planes
from ._device import MOST_BLOCKS, THREADS, grid

#: Pixels that are copied to or from the card at a time.
STRIP = 1 << 24
_config: Any = numba.config
_DOWN = 1024  # blocks below one another, of kernels over pictures
_ROOM = 8 * THREADS  # bytes that a block sums up in


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array on the card, not filled."""
    return cuda.device_array(shape, dtype)


def zero(array: Any) -> None:
    """Set all of an array to 0."""
    over(planes.zero, array)


def over(kernel: Any, *args: Any) -> None:
    """Launch a kernel over flat arrays, with arrays of planes flattened."""
    flat = [arg.ravel() if getattr(arg, "ndim", 0) else arg for arg in args]
    blocks = max(1, min(MOST_BLOCKS, -(-flat[0].size // THREADS)))
    on(kernel, blocks)(*flat)


def across(kernel: Any, height: int, width: int, *args: Any) -> None:
    """Launch a kernel over the pixels of a picture or a strip of it."""
    on(kernel, (-(-width // THREADS), max(1, min(height, _DOWN))))(*args)


def on(kernel: Any, blocks: Any) -> Any:
    """Return a kernel on its blocks, ready to be called.

    numba warns of launches too small to fill a card. Small pictures are that, and whoever asks
    for one knows; other packages keep the setting.
    """
    before = getattr(_config, "CUDA_LOW_OCCUPANCY_WARNINGS", 0)
    _config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    try:
        return kernel[blocks, THREADS, 0, _ROOM]
    finally:
        _config.CUDA_LOW_OCCUPANCY_WARNINGS = before


def to_card(array: np.ndarray) -> Any:
    """Return a copy on the card."""
    return cuda.to_device(array)


def blocks_for(columns: int, rows: int) -> int:
    """Return how many numbers the blocks of one sweep over planes of this size tell at most."""
    return max(4 // p * int(np.prod(grid(columns, rows, p))) for p in (1, 2, 4))


def launches(
    kernel: Any, columns: int, rows: int, together: tuple[tuple[int, ...], ...]
) -> Iterator[tuple[Any, tuple[int, ...], int, int]]:
    """Yield for each phase the kernel on its blocks, the planes, how many, and its first number.

    Planes are padded to four, so that a kernel is compiled once.
    """
    first = 0
    for chosen in together:
        blocks = grid(columns, rows, len(chosen))
        padded = (chosen * 4)[:4]
        yield on(kernel, blocks), padded, len(chosen), first
        first += blocks[0] * blocks[1]


def numbers_of(columns: int, rows: int, together: tuple[tuple[int, ...], ...]) -> int:
    """Return how many numbers the blocks of all phases tell."""
    return sum(int(np.prod(grid(columns, rows, len(chosen)))) for chosen in together)


def memory() -> int:
    """Return the free bytes of the card."""
    free, _ = cuda.current_context().get_memory_info()
    return int(free)


def name() -> str:
    """Return the card's name."""
    found = cuda.get_current_device().name
    return found.decode() if isinstance(found, bytes) else str(found)


def wait() -> None:
    """Wait until the card has done all that it was asked to."""
    cuda.synchronize()
