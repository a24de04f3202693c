"""A clean volume, and everything that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning import Fit
from ..noise import NoiseModel
from .between import PlaneCoupling
from .coupling import VolumeCoupling
from .model import VolumeModel
from .solution import VolumeSolution

__all__ = ["VolumeResult"]


@dataclass(frozen=True, eq=False)
class VolumeResult:
    """A clean volume, and everything that led to it.

    Attributes
    ----------
    image : ndarray, shape (D, H, W), bool
        The clean volume, True where bright.
    solution : VolumeSolution
        What the engine found, with its status and trace.
    model : VolumeModel
        The posterior that was solved.
    noise : NoiseModel
        As estimated or given.
    coupling : VolumeCoupling
        As estimated or given.
    found : PlaneCoupling or None
        What hidden voxels said of the coupling between planes; None where nothing was asked.
    fit : Fit or None
        What was assumed of the noise, and how much speaks for it; None where a model was named.
    changed : float
        Share of the observed voxels that differ from the noisy volume thresholded half way
        between its levels.
    notes : tuple of str
        What was seen, what was left alone and why.
    settings : mapping
        What reproduces it, as plain values.
    """

    image: NDArray[np.bool_]
    solution: VolumeSolution
    model: VolumeModel
    noise: NoiseModel
    coupling: VolumeCoupling
    found: PlaneCoupling | None
    fit: Fit | None
    changed: float
    notes: tuple[str, ...]
    settings: Mapping[str, Any]

    @cached_property
    def probability(self) -> NDArray[np.float32] | None:
        """P(z_i = +1 | x) = (1 + mean) / 2, shape (D, H, W), float32.

        None for engines that seek only labels. Those of mean field are not calibrated: too sure
        of themselves where couplings are strong.
        """
        mean = self.solution.mean
        if mean is None:
            return None
        p = mean + np.float32(1)
        p *= np.float32(0.5)
        return p

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        size = " x ".join(map(str, self.image.shape))
        return (
            f"VolumeResult({size}, {self.noise}, coupling {self.coupling}, "
            f"{self.changed:.2%} changed, {self.solution})"
        )
