"""What a solve of a volume gives back, and where it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..inference import Callback, Solution, Traits
from ..validation import RandomSource
from .model import VolumeModel

__all__ = ["VolumeEngine", "VolumeSolution", "starting_planes"]


@dataclass(frozen=True, eq=False)
class VolumeSolution(Solution):
    """What an engine found: a `Solution` whose arrays have shape (D, H, W).

    `labels` are int8, `mean` is float32 or None; energy, bounds, status, work, trace,
    diagnostics, engine and advice are as of `Solution`.
    """

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        size = " x ".join(map(str, self.labels.shape))
        lower = "" if self.lower_bound is None else f", lower bound {self.lower_bound:.6g}"
        return (
            f"VolumeSolution({self.engine}, {size}, {self.status.value} after "
            f"{self.work.sweeps} sweeps, energy {self.energy:.6g}{lower})"
        )


class VolumeEngine(Protocol):
    """A frozen dataclass of settings that solves the model of a volume.

    Attributes
    ----------
    name, summary, traits
        As of `isingdenoise.inference.Engine`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    traits: ClassVar[Traits]

    def footprint(self, voxels: int) -> int:
        """Return the bytes held at the peak of `solve`, beside the model."""
        ...

    def solve(
        self,
        model: VolumeModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> VolumeSolution:
        """Return what is found.

        Parameters
        ----------
        model : VolumeModel
            The model.
        init : array_like, shape (D, H, W), optional
            Where to start: means or labels, clipped to [-1, 1], or bools; by default tanh(h).
        rng : as `numpy.random.default_rng` takes it, optional
            All chance, where there is any.
        callback : callable, optional
            Called with a `Step` after each round; it ends the solve by raising `StopIteration`.

        Raises
        ------
        ParameterError
            `init` has another shape, or holds NaN or no real numbers.
        TimeLimitError
            The time of a `deadline` is over.
        """
        ...


def starting_planes(model: VolumeModel, init: ArrayLike | None) -> Iterator[NDArray[np.float32]]:
    """Return the means to start from, plane by plane: `init`, or tanh(h).

    Raises
    ------
    ParameterError
        `init` has another shape than the model, or holds no real numbers.
    """
    if init is None:
        return (np.tanh(plane) for plane in model.field)
    start = np.asarray(init)
    if start.shape != model.shape:
        raise ParameterError("init", f"has shape {start.shape}, the model has {model.shape}")
    if start.dtype.kind not in "biuf":
        raise ParameterError("init", f"must hold bools or real numbers, not {start.dtype}")
    return map(_means, start)


def _means(plane: NDArray[Any]) -> NDArray[np.float32]:
    """Return a plane of a start as means."""
    if plane.dtype == np.bool_:
        return np.where(plane, np.float32(1), np.float32(-1))
    if plane.dtype == np.float32 and plane.dtype.isnative:
        return plane
    means: NDArray[np.float32] = np.clip(plane, -1, 1).astype(np.float32)
    return means
