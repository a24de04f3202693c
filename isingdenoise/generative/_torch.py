"""PyTorch, loaded when it is needed: the only place that imports it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import IsingDenoiseError

__all__ = ["Tensor", "load", "on_one_thread"]

Tensor = Any  # of torch, which may not be installed


def load() -> Any:
    """Return the module `torch`.

    Raises
    ------
    IsingDenoiseError
        It is not installed, or cannot be loaded.
    """
    try:
        import torch
    except ImportError as error:
        raise IsingDenoiseError(
            "PyTorch is needed for this and cannot be loaded; install isingdenoise[learn]"
        ) from error
    return torch


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Let PyTorch compute on one thread until the block ends.

    Sums are then taken in one order, so that a seed gives the same numbers whatever the
    number of cores is.
    """
    torch = load()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
