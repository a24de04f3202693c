"""What is seen of a label: a grey value, a label that may be wrong, or class probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..potts import MOST_LABELS
from ..validation import check_int, check_real, store

__all__ = ["LABEL_NOISES", "ClassProbabilities", "FlippedLabels", "GaussianLevels", "LabelNoise"]

Array = NDArray[Any]

#: A probability of 0 counts as this one.
LEAST = 1e-12
_LOWEST = -1e30  # float32 has it


class LabelNoise(Protocol):
    """How a label becomes what is seen.

    Attributes
    ----------
    name : str
        As `segment` and the command line have it.
    summary : str
        One line about it.
    values : tuple of float
        What stands for each label in a picture.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    def values(self) -> tuple[float, ...]:
        """What stands for each label in a picture."""
        ...

    def log_likelihood(self, x: Array) -> NDArray[np.float32]:
        """Return log p(x_i | z_i = k) for each label.

        Parameters
        ----------
        x : ndarray, shape (H, W), or (K, H, W) for class probabilities
            What is seen. Of NaN the log likelihoods are NaN.

        Returns
        -------
        ndarray, shape (K, H, W), float32
        """
        ...


@dataclass(frozen=True)
class GaussianLevels:
    r"""Grey values: each label has a level, all have the same spread.

    .. math:: \log p(x | k) = -(x - v_k)^2 / (2 \sigma^2) - \log(\sigma \sqrt{2 \pi})

    Parameters
    ----------
    levels : sequence of float
        v, one for each label, increasing.
    sigma : float
        The standard deviation, in grey values.

    Raises
    ------
    ParameterError
        Levels that do not increase, too many of them, or a spread out of range.
    """

    name: ClassVar[str] = "gaussian"
    summary: ClassVar[str] = "normal noise about a grey level of each label"

    levels: Sequence[float]
    sigma: float

    def __post_init__(self) -> None:
        levels = _checked("levels", self.levels)
        store(self, levels=levels, sigma=check_real("sigma", self.sigma, low=0, low_open=True))

    @property
    def values(self) -> tuple[float, ...]:
        """The levels."""
        return tuple(self.levels)

    def log_likelihood(self, x: Array) -> NDArray[np.float32]:
        """Return log p(x_i | z_i = k); see `LabelNoise`."""
        out = np.empty((len(self.levels), *x.shape), np.float32)
        constant = math.log(self.sigma * math.sqrt(2 * math.pi))
        for k, level in enumerate(self.levels):
            distance = (x.astype(np.float64) - level) / self.sigma
            out[k] = np.maximum(-0.5 * distance * distance - constant, _LOWEST)
        return out


@dataclass(frozen=True)
class FlippedLabels:
    r"""A label map, in which a label is wrong now and then, and then any of the others alike.

    .. math:: \log p(x | k) = \begin{cases} \log(1 - p) & x = v_k \\
              \log(p / (K - 1)) & \text{else} \end{cases}

    A value that is none of `values` says nothing.

    Parameters
    ----------
    labels : sequence of float
        v, the value of each label, increasing.
    probability : float
        p, in [0, 1 - 1/K).

    Raises
    ------
    ParameterError
        Values that do not increase, too many of them, or a probability out of range.
    """

    name: ClassVar[str] = "flip"
    summary: ClassVar[str] = "a label map with wrong labels here and there"

    labels: Sequence[float]
    probability: float

    def __post_init__(self) -> None:
        labels = _checked("labels", self.labels)
        top = 1 - 1 / len(labels)
        p = check_real("probability", self.probability, low=0, high=top, high_open=top > 0)
        store(self, labels=labels, probability=p)

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the labels."""
        return tuple(self.labels)

    def log_likelihood(self, x: Array) -> NDArray[np.float32]:
        """Return log p(x_i | z_i = k); see `LabelNoise`."""
        count = len(self.labels)
        wrong = math.log(max(self.probability / max(count - 1, 1), LEAST))
        codes = label_codes(x, self.values)
        out = np.full((count, *x.shape), wrong, np.float32)
        for k in range(count):
            out[k][codes == k] = math.log1p(-self.probability)
        out[:, codes < 0] = wrong
        if x.dtype.kind == "f":
            out[:, np.isnan(x)] = np.nan
        return out


@dataclass(frozen=True)
class ClassProbabilities:
    """Class probabilities, as a classifier gives them; their logarithms count as likelihoods.

    Parameters
    ----------
    count : int
        K, the number of classes.
    """

    name: ClassVar[str] = "probability"
    summary: ClassVar[str] = "class probabilities K x H x W of a classifier"

    count: int

    def __post_init__(self) -> None:
        store(self, count=check_int("labels", self.count, low=1, high=MOST_LABELS))

    @property
    def values(self) -> tuple[float, ...]:
        """0 to K - 1."""
        return tuple(float(k) for k in range(self.count))

    def log_likelihood(self, x: Array) -> NDArray[np.float32]:
        """Return log p_k, of an array (K, H, W); 0 counts as 1e-12."""
        return np.asarray(np.log(np.maximum(x, x.dtype.type(LEAST))), np.float32)


#: Every kind of noise by its name.
LABEL_NOISES: dict[str, type[Any]] = {
    kind.name: kind for kind in (GaussianLevels, FlippedLabels, ClassProbabilities)
}


def label_codes(x: Array, values: Sequence[float]) -> NDArray[np.int16]:
    """Return the number of the label whose value a pixel has, -1 where it has none of them."""
    places = np.searchsorted(np.asarray(values, np.float64), x)
    places = np.minimum(places, len(values) - 1)
    found = np.asarray(values, np.float64)[places] == x
    return np.where(found, places, -1).astype(np.int16)


def noise_record(noise: LabelNoise) -> dict[str, Any]:
    """Return a noise as plain values, with its name and the values of its labels."""
    own = {key: value for key, value in asdict(noise).items() if key in ("sigma", "probability")}  # type: ignore[call-overload]
    return {"name": noise.name, **own}


def _checked(name: str, values: Sequence[float]) -> tuple[float, ...]:
    found = tuple(check_real(name, value) for value in values)
    if not 1 <= len(found) <= MOST_LABELS:
        raise ParameterError(name, f"must be 1 to {MOST_LABELS}, not {len(found)}")
    if any(one >= other for one, other in pairwise(found)):
        raise ParameterError(name, "must increase")
    return found
