"""How pages are gone through, and which of them count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._calibration import Calibration
from ._climb import METHODS
from ._looks import Look

__all__ = ["Batch", "Plan", "counts", "mean_calibration"]

Batch = list[tuple[int, Any]]


@dataclass(frozen=True)
class Plan:
    """How pages are gone through.

    Attributes
    ----------
    batch_size, epochs, step, method
        As in `learn`.
    """

    batch_size: int
    epochs: int
    step: str
    method: str

    def visits(self, pages: int) -> int:
        """Return how often a page is taken in all."""
        passes = self.epochs * (1 + METHODS[self.method].snapshots)
        return pages * (2 + passes)

    def batches(self, pages: Iterator[tuple[int, Any]]) -> Iterator[Batch]:
        """Yield minibatches; what is in memory does not grow with the number of pages."""
        batch: Batch = []
        for page in pages:
            batch.append(page)
            if len(batch) == self.batch_size:
                yield batch
                batch.clear()  # whoever had it is done, before the next page is read
        if batch:
            yield batch


def counts(look: Look, name: str) -> bool:
    """Tell whether a page is one of those that make a group."""
    return look.noise.name == name and not (look.left_alone or look.uneven)


def mean_calibration(found: list[Calibration]) -> Calibration:
    """Return the typical calibration of pages; that of mean field itself of none."""
    if not found:
        return Calibration()
    bias = float(np.median([c.bias for c in found]))
    return Calibration(bias, float(np.median([c.slope for c in found])))
