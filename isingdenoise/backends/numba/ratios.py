"""Messages in ratios: what `Passing` holds while no message is damped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..._kernels import ratios
from .strengths import strengths_of

if TYPE_CHECKING:
    from .lattice import Lattice, Planes
    from .passing import Passing


class Ratios:
    """What each site hears, as tanh(u / c).

    Parameters
    ----------
    lattice : Lattice
        A model that has them: see `suited`.
    mean : ndarray
        Packed means: the first messages are what spins with these means send. It is taken over.
    share : float
        1 / c, a power of two.
    """

    def __init__(self, lattice: Lattice, mean: Planes, share: float) -> None:
        self.lattice, self.count, self.ratio = lattice, 1 / share, mean
        strengths, _, self.diagonal = strengths_of(lattice)
        self.strengths = [float(strength) for strength in strengths]
        self.slope = tuple(np.float32(math.tanh(share * J)) for J in self.strengths)
        self.halvings = round(math.log2(share))
        slots = 4 if self.diagonal is None else 8
        self.message = np.zeros((slots, *mean.shape), np.float32)
        self.gain = np.empty_like(mean)
        self.rows = lattice.rows(np.float32)[None]
        lattice.run(
            ratios.begin, self.message, mean, self.gain, lattice.field,
            lattice.shape, self.slope, self.diagonal,
        )  # fmt: skip

    def sweep(self, weight: float) -> float:
        """Let every site hear, and send unless `weight` is 0; it is 0 or 1.

        Returns the largest change of a mean since its last visit.
        """
        self._run(self.ratio, weight > 0)
        return float(self.rows.max())

    def mean(self) -> Planes:
        """Return the packed means that the messages give as they stand."""
        mean = self.ratio.copy()
        self._run(mean, False)
        mean += 1
        np.divide(np.float32(-2), mean, out=mean)
        mean += 1
        return mean

    def bethe(self) -> float:
        """Return the Bethe approximation of log Z + c, of messages with c = 1."""
        from ..._kernels.ratio_bounds import bethe

        lattice, rows = self.lattice, self.lattice.rows(np.float64)
        lattice.run(
            bethe, self.message, self.mean(), lattice.field,
            lattice.shape, self.slope, self.diagonal, rows,
        )  # fmt: skip
        height, width = lattice.shape
        across = (height - 1) * (width - 1)
        numbers = height * (width - 1), (height - 1) * width, across, across
        edges = zip(numbers, self.strengths, strict=True)
        alone = sum(number * math.log(math.cosh(J)) for number, J in edges)
        return float(rows.sum()) + alone + lattice.model.offset

    def upper_bound(self, weights: tuple[float, ...]) -> float:
        """Return an upper bound on log Z + c; see `Passing.upper_bound`."""
        from .forests import upper_bound

        forests = (self._forest_field(d) for d, rho in enumerate(weights) if rho)
        return upper_bound(self.lattice, forests, weights)

    def damped(self) -> Passing:
        """Return what holds the messages when they are to be damped; this is given up."""
        from .passing import Passing

        message, total = self.message, self.ratio
        del self.message, self.ratio, self.gain
        np.arctanh(message, out=message)
        message *= np.float32(self.count)
        np.log(np.maximum(total, 1e-30, out=total), out=total)
        total *= np.float32(0.5)
        return Passing.of(self.lattice, (1 / self.count,) * 4, message, total)

    def _forest_field(self, d: int) -> NDArray[np.float32]:
        """Return the fields of the forest of a direction, (H, W): a_i - (u_ki + u_li) / c."""
        from ..._kernels.ratio_bounds import forest_fields

        lattice, theta = self.lattice, np.empty_like(self.ratio)
        lattice.run(
            forest_fields, theta, self.message, lattice.field,
            lattice.shape, self.diagonal, np.float32(self.count), d,
        )  # fmt: skip
        image: NDArray[np.float32] = lattice.unpack(theta)
        return image

    def _run(self, ratio: Planes, send: bool) -> None:
        self.lattice.run(
            ratios.sweeps, self.message, ratio, self.gain, self.lattice.shape, self.slope,
            self.diagonal, self.halvings, send, self.rows,
        )  # fmt: skip


def suited(lattice: Lattice, share: tuple[float, ...]) -> float | None:
    """Return 1 / c if the messages of a model may be held as ratios, else None.

    Its strengths are those of directions, each |J / c| is at most `ratios.LIMIT`, what pulls
    at a site is at most `ratios.PULL`, and c is the same for all directions that have a
    strength, one of those powers of two that have loops.
    """
    if not lattice.uniform or lattice.model.coupling.pull > ratios.PULL:
        return None
    strengths = strengths_of(lattice)[0]
    shares = {part for part, J in zip(share, strengths, strict=True) if J}
    if len(shares) != 1:
        return None
    (part,) = shares
    strongest = max(abs(float(J)) for J in strengths) * part
    listed = part > 0 and math.log2(part) in ratios.HALVINGS
    return part if listed and strongest <= ratios.LIMIT else None
