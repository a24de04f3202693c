"""What a solve of a Potts model gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..inference import Advice, Callback, Status, Trace, Traits, Work
from ..validation import RandomSource
from .model import PottsModel

__all__ = ["PottsEngine", "PottsSolution", "one_hot", "starting_labels", "starting_probability"]


@dataclass(frozen=True, eq=False)
class PottsSolution:
    """What an engine found.

    Attributes
    ----------
    labels : ndarray, shape (H, W), int8
        The restored labels, 0 to K - 1.
    probability : ndarray, shape (K, H, W), float32, or None
        (Approximate) posterior probabilities; None for engines that seek only labels.
        Where they are there, `labels` are their first maxima.
    energy : float
        Energy of `labels`.
    lower_bound : float or None
        On log Z, in nats.
    status, work, trace, diagnostics, engine, advice
        As of `isingdenoise.inference.Solution`.
    """

    labels: NDArray[np.int8]
    probability: NDArray[np.float32] | None
    energy: float
    lower_bound: float | None
    status: Status
    work: Work
    trace: Trace
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    engine: str = ""
    advice: tuple[Advice, ...] = ()

    def __repr__(self) -> str:
        """Return the outcome, not the arrays."""
        height, width = self.labels.shape
        return (
            f"PottsSolution({self.engine}, {height} x {width}, {self.status.value} after "
            f"{self.work.sweeps} sweeps, energy {self.energy:.6g})"
        )


class PottsEngine(Protocol):
    """A frozen dataclass of settings that solves a Potts model.

    Attributes
    ----------
    name, summary, traits
        As of `isingdenoise.inference.Engine`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    traits: ClassVar[Traits]

    def solve(
        self,
        model: PottsModel,
        *,
        init: ArrayLike | None = None,
        rng: RandomSource = None,
        callback: Callback | None = None,
    ) -> PottsSolution:
        """Return what is found.

        Parameters
        ----------
        model : PottsModel
            The model.
        init : array_like, optional
            Where to start: labels (H, W), or probabilities (K, H, W) for engines that have
            them; by default what each pixel says alone.
        rng : as `numpy.random.default_rng` takes it, optional
            All chance, where there is any.
        callback : callable, optional
            Called after each round.

        Raises
        ------
        ParameterError
            `init` does not fit the model.
        TimeLimitError
            The time of a `deadline` is over.
        """
        ...


def starting_labels(model: PottsModel, init: ArrayLike | None) -> NDArray[np.int8]:
    """Return the labels to start from: `init`, or the likeliest at each pixel alone."""
    if init is None:
        return np.asarray(np.argmax(model.unary, axis=0), np.int8)
    start = np.asarray(init)
    if start.shape == model.unary.shape and start.dtype.kind == "f":
        return np.asarray(np.argmax(start, axis=0), np.int8)
    if start.shape != model.shape or start.dtype.kind not in "iu":
        raise ParameterError("init", f"must be labels of shape {model.shape}, or probabilities")
    if start.min() < 0 or start.max() >= model.labels:
        raise ParameterError("init", f"must be labels from 0 to {model.labels - 1}")
    return start.astype(np.int8)


def starting_probability(model: PottsModel, init: ArrayLike | None) -> NDArray[np.float32]:
    """Return the probabilities to start from: `init`, or what each pixel says alone."""
    start = None if init is None else np.asarray(init)
    if start is None:
        out = np.exp(model.unary)
    elif start.shape == model.unary.shape and start.dtype.kind == "f":
        out = start.astype(np.float32)
        if not (np.isfinite(out).all() and out.min() >= 0 and out.sum(axis=0).min() > 0):
            raise ParameterError("init", "must be probabilities: not negative, not all 0")
    else:
        return one_hot(starting_labels(model, start), model.labels)
    out /= out.sum(axis=0)
    return np.asarray(out, np.float32)


def one_hot(labels: NDArray[np.int8], count: int) -> NDArray[np.float32]:
    """Return probabilities (K, H, W) that are sure of labels (H, W)."""
    return np.asarray(labels == np.arange(count, dtype=np.int8)[:, None, None], np.float32)
