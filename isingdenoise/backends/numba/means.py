"""Running means of packed planes, as samplers keep them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[Any]


class Averaging:
    """What lattices of pictures and of volumes do with the means of samplers."""

    def fold(self, total: Planes, mean: Planes, pending: int, folded: int) -> None:
        """Fold a packed sum of `pending` means into the mean of `folded` in all; empty the sum."""
        # mean += (total / n - mean) * n / N, for n pending of N in all
        for plane in range(len(total)):  # one at a time, so that the temporary stays small
            total[plane] -= mean[plane] * np.float32(pending)
        total /= np.float32(folded)
        mean += total
        total[...] = 0

    def clip(self, mean: Planes) -> Planes:
        """Clip packed means to [-1, 1] in place, and return them."""
        return np.clip(mean, -1, 1, out=mean)
