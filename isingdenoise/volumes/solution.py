"""What a solve of a volume gives back, and where it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..inference import Callback, Solution, Traits
from ..validation import RandomSource
from .model import VolumeModel

if TYPE_CHECKING:
    from ..backends import Planes, VolumeLattice

__all__ = ["VolumeEngine", "VolumeSolution", "starting_labels", "starting_mean"]


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


def starting_mean(model: VolumeModel, lattice: VolumeLattice, init: ArrayLike | None) -> Planes:
    """Return the packed means to start from: `init`, or tanh(h).

    Raises
    ------
    ParameterError
        `init` has another shape than the model, or holds NaN or no real numbers.
    """
    if init is None:
        return lattice.alone()
    start = _checked(model, init)
    plain = start.dtype == np.float32 and start.dtype.isnative
    return lattice.pack(start if plain else map(_means, start), -1, 1)


def starting_labels(model: VolumeModel, lattice: VolumeLattice, init: ArrayLike | None) -> Planes:
    """Return the packed labels to start from: the signs of `init`, or of the field.

    Raises
    ------
    ParameterError
        As of `starting_mean`.
    """
    if init is None:
        return lattice.signs(lattice.field)
    return lattice.pack_signs(map(_means, _checked(model, init)))


def _checked(model: VolumeModel, init: ArrayLike) -> NDArray[Any]:
    start = np.asarray(init)
    if start.shape != model.shape:
        raise ParameterError("init", f"has shape {start.shape}, the model has {model.shape}")
    if start.dtype.kind not in "biuf":
        raise ParameterError("init", f"must hold bools or real numbers, not {start.dtype}")
    return start


def _means(plane: NDArray[Any]) -> NDArray[np.float32]:
    """Return a plane of a start as means."""
    if plane.dtype == np.bool_:
        return np.where(plane, np.float32(1), np.float32(-1))
    if plane.dtype == np.float32 and plane.dtype.isnative:
        return plane
    means: NDArray[np.float32] = np.clip(plane, -1, 1).astype(np.float32)
    return means
