"""How strongly planes pull at one another: what hidden voxels say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..learning import EARN
from ..learning._calibration import log_evidence
from ..learning._held_out import SWEEPS, TOL, evidence_of
from ..noise import NoiseModel, field_and_offset, observed, unit_scale
from .coupling import Spacing, VolumeCoupling
from .mean_field import VolumeMeanField
from .model import VolumeModel

__all__ = ["HiddenVoxels", "PlaneCoupling", "find_between"]

_PATTERN = 5  # one voxel in five is hidden, no two of them next to each other
_WHOLE = 3 << 17  # voxels up to which all of a volume is looked at
_DEPTH, _SIDE, _PARTS = 12, 48, 9  # the parts that stand for a larger one
_GAP = 1  # missing voxels between two parts
#: Factors of the strength that the distance of planes suggests, and of all strengths: a voxel with
#: more neighbours needs less of each. The climb begins at a half and 0.8.
_FACTORS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_SCALES = (1.0, 0.8, 0.65, 0.5)
_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))
_EARN_EACH = 0.1  # nats a hidden voxel: all that a small volume can be asked for


@dataclass(frozen=True)
class PlaneCoupling:
    """What hidden voxels say of the coupling between planes.

    Attributes
    ----------
    coupling : VolumeCoupling
        The best; without strengths between planes where these earn less than 10 nats.
    between : float
        Factor of the strengths between planes, as of `VolumeCoupling.over`.
    scale : float
        What all strengths were multiplied by besides.
    gain : float
        Nats by which the best with strengths between planes leads that without.
    hidden : int
        Number of hidden voxels.
    curve : tuple of (float, float, float)
        Every factor and scale tried, in this order, and its score in nats.
    """

    coupling: VolumeCoupling
    between: float
    scale: float
    gain: float
    hidden: int
    curve: tuple[tuple[float, float, float], ...]


class HiddenVoxels:
    """A volume, or parts that stand for it, with some voxels hidden.

    Parameters
    ----------
    x : ndarray, shape (D, H, W)
        The noisy volume.
    known : ndarray of bool, shape (D, H, W), optional
        False where a voxel is missing.
    noise : NoiseModel
        Its noise.
    rng : numpy.random.Generator
        Chooses parts and hidden voxels.
    """

    def __init__(
        self,
        x: NDArray[Any],
        known: NDArray[np.bool_] | None,
        noise: NoiseModel,
        rng: np.random.Generator,
    ) -> None:
        part, seen = _parts(x, known, rng)
        depth, height, width = part.shape
        # never that of the plane before: then a hidden voxel has none above it
        shifts = np.cumsum(rng.integers(1, _PATTERN, depth))
        columns = np.arange(width) + 2 * np.arange(height)[:, None]
        pattern = (columns + shifts[:, None, None]) % _PATTERN == 0
        flat = part.reshape(depth * height, width)
        there = observed(flat, None if seen is None else seen.reshape(flat.shape))
        there = there.reshape(part.shape)
        shown = there & ~pattern
        self._hidden = pattern & there
        field, _ = field_and_offset(noise, flat, shown.reshape(flat.shape))
        self._field = field.reshape(part.shape)
        self._field.flags.writeable = False
        start = unit_scale(noise, flat).reshape(part.shape)
        self._start = np.where(shown, start, np.float32(0))
        self._evidence, _ = evidence_of(noise, part[self._hidden])
        self._engine = VolumeMeanField(
            schedule="checkerboard", tol=TOL, max_sweeps=SWEEPS, parallel=False
        )
        self.count = int(self._evidence.size)

    def score(self, coupling: VolumeCoupling) -> float:
        """Return the log likelihood of the hidden voxels under their neighbourhoods, in nats."""
        model = VolumeModel(self._field, coupling)
        mean = self._engine.solve(model, init=self._start).mean
        assert mean is not None  # a trait of this engine
        pull = model.local_field(mean)[self._hidden].astype(np.float64)  # their field is 0
        return log_evidence(2 * pull, self._evidence)


def find_between(
    hidden: HiddenVoxels,
    plane: Coupling,
    neighbours: int,
    spacing: Spacing,
    *,
    given: float | None = None,
    scaled: bool = True,
) -> PlaneCoupling:
    r"""Return the coupling between planes under which hidden voxels are likeliest.

    A fifth of the voxels is hidden, the others are solved by mean field, and the score is

    .. math:: \sum_i \log \sum_{s = \pm 1} \sigma(2 s u_i) \, p(x_i \mid z_i = s),
              \qquad u_i = \sum_j J_{ij} \mu_j

    as of `estimate`. It climbs over a table of factors for the strengths between planes (0 to 8)
    and for all strengths together (1 to 0.5), from 0.5 and 0.8. What is found must lead the planes
    by themselves by 10 nats: pages that have nothing to do with one another stay apart.

    Parameters
    ----------
    hidden : HiddenVoxels
        The volume.
    plane : Coupling
        Strengths within a plane.
    neighbours, spacing
        As of `VolumeCoupling.over`.
    given : float, optional
        The factor, where it is known.
    scaled : bool
        Whether strengths within planes may fall.
    """
    scores: dict[tuple[float, float], float] = {}

    def coupling(factor: float, scale: float) -> VolumeCoupling:
        pulls = VolumeCoupling.over(plane, neighbours, spacing=spacing, between=factor)
        return pulls.scaled(scale)

    def score(factor: float, scale: float) -> float:
        if (factor, scale) not in scores:
            scores[factor, scale] = hidden.score(coupling(factor, scale))
        return scores[factor, scale]

    apart = score(0.0, 1.0)
    factors = _FACTORS if given is None else (given,)
    best, scale = _climb(score, factors, _SCALES if scaled else _SCALES[:1])
    gain = score(best, scale) - apart
    if given is None and (best == 0 or gain < min(EARN, _EARN_EACH * hidden.count)):
        best, scale = 0.0, 1.0
    curve = tuple((*key, value) for key, value in scores.items())
    return PlaneCoupling(coupling(best, scale), best, scale, gain, hidden.count, curve)


def _climb(
    score: Callable[[float, float], float], factors: Sequence[float], scales: Sequence[float]
) -> tuple[float, float]:
    """Return the factor and the scale from which no step of the table leads higher."""
    i, k = len(factors) // 4, min(1, len(scales) - 1)
    while True:
        near = [(i + a, k + b) for a, b in _STEPS]
        inside = [(a, b) for a, b in near if 0 <= a < len(factors) and 0 <= b < len(scales)]
        best = max(inside, key=lambda n: score(factors[n[0]], scales[n[1]]), default=(i, k))
        if score(factors[best[0]], scales[best[1]]) <= score(factors[i], scales[k]):
            return factors[i], scales[k]
        i, k = best


def _parts(
    x: NDArray[Any], known: NDArray[np.bool_] | None, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the volume, or parts of it side by side, and which voxels there are known."""
    if x.size <= _WHOLE:
        return x, known
    depth, height, width = (min(n, m) for n, m in zip(x.shape, (_DEPTH, _SIDE, _SIDE), strict=True))
    shape = (depth, height, _PARTS * (width + _GAP) - _GAP)
    parts, seen = np.zeros(shape, x.dtype), np.zeros(shape, np.bool_)
    for k in range(_PARTS):
        # one in each of as many slabs, anywhere in it
        first, last = k * x.shape[0] // _PARTS, (k + 1) * x.shape[0] // _PARTS
        top = min(int(rng.integers(first, max(last - depth, first) + 1)), x.shape[0] - depth)
        y, left = (
            int(rng.integers(n - m + 1)) for n, m in ((x.shape[1], height), (x.shape[2], width))
        )
        there = np.s_[top : top + depth, y : y + height, left : left + width]
        here = np.s_[:, :, k * (width + _GAP) : k * (width + _GAP) + width]
        parts[here] = x[there]
        seen[here] = True if known is None else known[there]
    return parts, seen
