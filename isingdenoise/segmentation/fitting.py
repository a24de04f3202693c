"""Which noise a picture of labels has, and how much of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..learning import EARN
from ..messages import warn
from ..noise import AUTO
from ..potts import MOST_LABELS
from ..validation import as_array, check_choice, check_int, check_mask, check_picture, check_real
from .mixture import fit_levels
from .noise import (
    LABEL_NOISES,
    Array,
    ClassProbabilities,
    FlippedLabels,
    GaussianLevels,
    LabelNoise,
    label_codes,
)

__all__ = ["Fitted", "fit_noise", "observe"]

#: A picture of so few values is a label map where nothing else is said.
FEW_VALUES = 32
_MOST_VALUES = 4 * MOST_LABELS  # of a picture that may be a label map with dirt in it
_EPSILON = 1e-4  # how often a label map has a pixel of its own amid others alike
_SURROUNDINGS = 30  # fewer tell next to nothing
_MOST = 0.9  # of 1 - 1/K: next to nothing is left
_SUM = 1e-2  # by how much probabilities may miss 1
_AROUND = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2))
_BESIDE = ((0, 1), (1, 0), (1, 2), (2, 1))


@dataclass(frozen=True)
class Fitted:
    """A noise, and what speaks for it.

    Attributes
    ----------
    noise : LabelNoise
        Given, or estimated.
    left_alone : bool
        Whether lone pixels are too few to be noise.
    notes : tuple of str
        What was seen.
    """

    noise: LabelNoise
    left_alone: bool = False
    notes: tuple[str, ...] = ()


def observe(image: ArrayLike, mask: ArrayLike | None) -> tuple[Array, NDArray[np.bool_]]:
    """Return a picture (H, W) or class probabilities (K, H, W), and which pixels are observed.

    Raises
    ------
    ParameterError
        It is neither, a mask of another shape, or no pixel is observed.
    """
    array = image if isinstance(image, np.ma.MaskedArray) else as_array("image", image)
    if array.ndim == 3:
        if isinstance(array, np.ma.MaskedArray) and array.dtype.kind == "f":
            array = array.filled(np.nan)
        x = _probabilities(np.asarray(array))
        mask = check_mask(mask, x.shape[1:])
        known = np.asarray(~np.isnan(x).any(axis=0))
    else:
        x, mask = check_picture(array, mask)
        known = ~np.isnan(x) if x.dtype.kind == "f" else np.ones(x.shape, np.bool_)
    if mask is not None:
        known = np.asarray(known & mask)
    if not known.any():
        raise ParameterError("image" if mask is None else "mask", "leaves no pixel known")
    return x, known


def _probabilities(array: Array) -> NDArray[np.float32]:
    """Return class probabilities, checked."""
    if array.dtype.kind != "f" or 0 in array.shape:
        raise ParameterError(
            "image", f"must be class probabilities of real numbers, K x H x W; it has "
            f"shape {array.shape} and type {array.dtype}"
        )  # fmt: skip
    if not 2 <= len(array) <= MOST_LABELS:
        raise ParameterError(
            "image", f"must have 2 to {MOST_LABELS} classes on its first axis, not {len(array)}"
        )
    p = np.ascontiguousarray(array, np.float32)
    total = p.sum(axis=0)
    missing = np.isnan(total)
    if (p < 0).any() or not (missing | (np.abs(total - 1) <= _SUM)).all():
        raise ParameterError(
            "image", "must be class probabilities, K x H x W: not negative, of sum 1 over the "
            "first axis"
        )  # fmt: skip
    return p


def fit_noise(
    x: Array,
    known: NDArray[np.bool_],
    labels: int | None,
    noise: str | LabelNoise,
    sigma: float | None,
    flip_probability: float | None,
) -> Fitted:
    """Return the noise that is given, named, or that the picture chooses.

    Arguments as of `segment`, `x` and `known` as from `observe`.
    """
    count = None if labels is None else check_int("labels", labels, low=2, high=MOST_LABELS)
    if not isinstance(noise, str):
        return _given(x, noise, count, (sigma, flip_probability))
    name = check_choice("noise", noise, [AUTO, *LABEL_NOISES])
    if x.ndim == 3:
        if name not in (AUTO, ClassProbabilities.name) or (sigma, flip_probability) != (None,) * 2:
            raise ParameterError("noise", "must be probability for class probabilities")
        if count not in (None, len(x)):
            raise ParameterError("labels", f"are {count}, but there are {len(x)} classes")
        return Fitted(ClassProbabilities(len(x)))
    values, counts = _values(x[known])
    if name == AUTO:
        few = len(values) <= (FEW_VALUES if count is None else count)
        name = FlippedLabels.name if few or flip_probability is not None else GaussianLevels.name
        name = GaussianLevels.name if sigma is not None else name
    if name == GaussianLevels.name:
        return _grey(x[known], len(values), count, sigma, flip_probability)
    if name == FlippedLabels.name:
        if sigma is not None:
            raise ParameterError("sigma", "goes with gaussian noise, not with flip")
        return _flipped(x, known, _kept(values, counts, count), flip_probability)
    raise ParameterError("noise", f"{name} takes class probabilities, K x H x W")


def _given(
    x: Array, noise: Any, count: int | None, numbers: tuple[float | None, float | None]
) -> Fitted:
    """Return a noise that is given, if it fits the picture."""
    if isinstance(noise, type) or not hasattr(noise, "log_likelihood"):
        raise ParameterError("noise", f"must be a name or a noise of labels, not {noise!r}")
    if numbers != (None, None):
        raise ParameterError("noise", "is given with its numbers; leave sigma and others out")
    if count not in (None, len(noise.values)):
        raise ParameterError("labels", f"are {count}, but the noise has {len(noise.values)}")
    if (x.ndim == 3) != isinstance(noise, ClassProbabilities) or (
        x.ndim == 3 and len(x) != len(noise.values)
    ):
        raise ParameterError("noise", f"{noise.name} does not go with shape {x.shape}")
    return Fitted(noise)


def _values(x: Array) -> tuple[Array, NDArray[np.intp]]:
    """Return the different values of a picture and how often each comes."""
    few = np.unique(x[:: max(1, x.size >> 16)])
    if len(few) > _MOST_VALUES and x.dtype.kind == "f":  # a long sort could not tell more
        return few, np.ones(len(few), np.intp)
    return np.unique(x, return_counts=True)


def _kept(values: Array, counts: NDArray[np.intp], count: int | None) -> Array:
    """Return the values of the labels: all, or the most frequent ones."""
    if count is not None and count < len(values) <= _MOST_VALUES:
        values = np.sort(values[np.argsort(-counts, kind="stable")[:count]])
    if len(values) > MOST_LABELS:
        raise ParameterError(
            "image", f"has {len(values)} different values, more than {MOST_LABELS} labels; it is "
            "no label map: name noise gaussian and the number of labels"
        )  # fmt: skip
    return values


def _grey(
    x: Array, values: int, count: int | None, sigma: float | None, other: float | None
) -> Fitted:
    """Return the levels of a grey picture."""
    if other is not None:
        raise ParameterError("flip_probability", "goes with flip noise, not with gaussian")
    if count is None:
        raise ParameterError(
            "labels", f"must be given for a grey picture (of {values} different values)"
        )
    if sigma is not None:
        sigma = check_real("sigma", sigma, low=0, low_open=True)
    return Fitted(fit_levels(x, count, sigma))


def _flipped(
    x: Array, known: NDArray[np.bool_], values: Array, probability: float | None
) -> Fitted:
    """Return the noise of a label map: how often a pixel stands alone amid others alike."""
    labels = tuple(float(v) for v in values)
    if probability is not None:
        return Fitted(FlippedLabels(labels, probability))
    if len(labels) == 1:
        warn("all pixels have the same label: nothing to segment")
        return Fitted(FlippedLabels(labels, 0.0), left_alone=True)
    codes = label_codes(x, labels)
    codes[~known] = -1
    alone, flat = _lone(codes, _AROUND)
    if flat < _SURROUNDINGS:
        alone, flat = _lone(codes, _BESIDE)
    told = f"{alone} of {flat} pixels amid equal labels differ from them"
    share = alone / max(flat, 1)
    gain = -math.inf
    if share > _EPSILON:
        gain = alone * math.log(share / _EPSILON)
        gain += (flat - alone) * math.log(max(1 - share, 1e-12) / (1 - _EPSILON))
    if flat < _SURROUNDINGS or gain < EARN:
        return Fitted(FlippedLabels(labels, 0.0), left_alone=True, notes=(f"left alone: {told}",))
    p = min(share, _MOST * (1 - 1 / len(labels)))
    return Fitted(FlippedLabels(labels, p), notes=(told,))


def _lone(codes: NDArray[np.int16], around: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """Count pixels that differ from neighbours that are all alike, and all amid such.

    What lies outside the picture agrees with everything, but a pixel needs two neighbours.
    """
    height, width = codes.shape
    padded = np.pad(codes, 1, constant_values=-2)
    low = np.full(codes.shape, np.iinfo(np.int16).max, np.int16)
    high = np.full(codes.shape, -1, np.int16)
    inside = np.zeros(codes.shape, np.int8)
    unknown = codes < 0
    for dy, dx in around:
        seen = padded[dy : dy + height, dx : dx + width]
        there = seen != -2
        unknown = unknown | (seen == -1)
        inside += there
        np.minimum(low, seen, out=low, where=there)
        np.maximum(high, seen, out=high, where=there)
    flat = (low == high) & ~unknown & (inside >= 2)
    return int(np.count_nonzero(flat & (codes != low))), int(np.count_nonzero(flat))
