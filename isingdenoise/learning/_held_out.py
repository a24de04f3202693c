"""Pixels hidden from inference, and how well their neighbourhoods predict them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..inference import MeanField
from ..model import IsingModel
from ..noise import NoiseModel, field_and_offset, observed, unit_scale
from ._calibration import Floats, calibrate, log_evidence

_PATTERN = 5  # one pixel in five is hidden, no two of them next to each other
_BAND = 16  # rows after which the pattern is shifted at random
TOL = 0.03  # predictions change by far less than choices between couplings do
SWEEPS = 25
_LARGEST = 1e4

#: Offsets (dy, dx) of the neighbours: horizontal, vertical, diagonal, antidiagonal.
_NEIGHBOURS = (
    ((0, -1), (0, 1)),
    ((-1, 0), (1, 0)),
    ((-1, -1), (1, 1)),
    ((-1, 1), (1, -1)),
)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a coupling says about the hidden pixels.

    Attributes
    ----------
    coupling : Coupling
        With which the other pixels were solved.
    sums : ndarray, shape (4, n)
        Sums of the neighbours' means: horizontal, vertical, diagonal, antidiagonal.
    pull : ndarray, shape (n,)
        sum_j J_ij mu_j.
    score : float
        Log predictive likelihood in nats, all pixels together, less the sum of
        l- (`HeldOut.constant`), which no coupling changes.
    """

    coupling: Coupling
    sums: Floats
    pull: Floats
    score: float


class Window:
    """The picture, or parts of it, with its hidden pixels."""

    def __init__(
        self, x: NDArray[Any], mask: NDArray[np.bool_] | None, rng: np.random.Generator
    ) -> None:
        height, width = x.shape
        shift = np.repeat(rng.integers(0, _PATTERN, -(-height // _BAND)), _BAND)[:height, None]
        pattern = (np.arange(width) + 2 * np.arange(height)[:, None] + shift) % _PATTERN == 0
        self.x, self.mask = x, mask
        self.known = observed(x, mask) & ~pattern
        rows, columns = np.nonzero(pattern & observed(x, mask))
        self.hidden = (rows, columns)
        # into means with a border of zeros, where nothing pulls
        self._padded = np.zeros((height + 2, width + 2), np.float32)
        centre = (rows + 1) * (width + 2) + columns + 1
        self._around = [[centre + dy * (width + 2) + dx for dy, dx in pair] for pair in _NEIGHBOURS]

    def read(self, noise: NoiseModel) -> None:
        """Take field and start of a noise model; the hidden pixels have neither."""
        self.field, _ = field_and_offset(noise, self.x, self.known)
        self.start = np.where(self.known, unit_scale(noise, self.x), np.float32(0))

    def sums(self, mean: NDArray[np.float32]) -> Floats:
        """Return the sums of neighbouring means for each hidden pixel, (4, n)."""
        self._padded[1:-1, 1:-1] = mean
        flat = self._padded.reshape(-1)
        pairs = [flat[first] + flat[second] for first, second in self._around]
        return np.asarray(pairs, np.float64)


class HeldOut:
    """A picture, or the window that stands for it, solved with some pixels hidden.

    Parameters
    ----------
    window : Window
        The picture, or parts of it.
    noise : NoiseModel
        The first guess.
    parallel : bool or None
        As in `MeanField`.
    """

    def __init__(self, window: Window, noise: NoiseModel, parallel: bool | None) -> None:
        self._window = window
        self._engine = MeanField(tol=TOL, max_sweeps=SWEEPS, parallel=parallel)
        self._seen: dict[Coupling, Prediction] = {}
        self.x = window.x[window.hidden]
        self.evidence, self.constant = evidence_of(noise, self.x)
        self.site_updates = 0
        self.evaluations = 0
        window.read(noise)

    def predict(self, coupling: Coupling) -> Prediction:
        """Return what `coupling` says about the hidden pixels."""
        if coupling not in self._seen:
            sums = self._solve(self._window, coupling)
            c = coupling
            strengths = np.array([c.horizontal, c.vertical, c.diagonal, c.antidiagonal])
            pull = np.einsum("k,kn->n", strengths, sums)
            score = log_evidence(2 * pull, self.evidence)
            self._seen[coupling] = Prediction(coupling, sums, pull, score)
            self.evaluations += 1
        return self._seen[coupling]

    def alone(self) -> float:
        """Return the best score of a prediction that knows the share of bright pixels alone."""
        bias = calibrate(np.zeros_like(self.evidence), self.evidence).bias
        return log_evidence(np.full_like(self.evidence, bias), self.evidence)

    def _solve(self, window: Window, coupling: Coupling) -> Floats:
        solution = self._engine.solve(IsingModel(window.field, coupling), init=window.start)
        assert solution.mean is not None
        self.site_updates += int(solution.trace.site_updates[-1])
        return window.sums(solution.mean)


def evidence_of(noise: NoiseModel, x: NDArray[Any]) -> tuple[Floats, float]:
    """Return l+ - l- of observed pixels, shape (n,), within +-1e4, and the sum of l-."""
    minus, plus = noise.log_likelihood(x)
    return np.clip(plus - minus, -_LARGEST, _LARGEST), float(np.sum(minus))
