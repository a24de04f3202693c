"""What every noise model offers: its parameters, described, and what it does with pictures.

Likelihoods are comparable: of an integer picture each pixel has the mass of
its grey value (the density times the step of 1; the mass of the whole tail
where the scale ends), of a float picture a density per unit of grey. So models
may be compared by what they give to pixels they were not fitted to, on
pictures of the same dtype and scale. `flip` and `flip-per-level` read a pixel
as the nearer of two levels and give the mass of that reading: on pictures of
more than two values they compare with each other alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .parameters import Unit, check_parameters, parameters_of

__all__ = ["Meaning", "NoiseModel", "Tried"]


class Meaning(StrEnum):
    """What the values of a picture are."""

    #: Any scale will do: they may be stretched, and divided by uneven light.
    GREY = "grey values"
    COUNTS = "counts"
    PROBABILITIES = "probabilities"


class Tried(NamedTuple):
    """When a model is tried on a picture of which no noise model is named.

    Attributes
    ----------
    two_valued : bool or None
        On pictures of two values, on those of more, or (None) on both.
    earn : float
        By how many nats it must make hidden pixels likelier than the simpler
        models. Those that need the least are tried first.
    """

    two_valued: bool | None
    earn: float


class NoiseModel(ABC):
    """A frozen dataclass of noise parameters: sampler, likelihood and estimates in one.

    Its fields say by `parameter` what they are: options, help and lists follow
    from that. One that says nothing is a number with an option of its own name.

    Attributes
    ----------
    name : str
        Name in `NOISE_MODELS` and on the command line.
    summary : str
        One line for the list of noise models.
    meaning : Meaning
        What the values of its pictures are.
    tried : Tried or None
        When it is tried where none is named.
    independent : bool
        Whether the noise of one pixel tells nothing of its neighbours'.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    meaning: ClassVar[Meaning] = Meaning.GREY
    tried: ClassVar[Tried | None] = None
    independent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    @abstractmethod
    def levels(self) -> tuple[float, float]:
        """Grey values (black, white) that stand for -1 and +1."""

    @property
    def spread(self) -> float:
        """The larger standard deviation in grey values, 0 where there is none."""
        return 0.0

    @property
    def two_valued(self) -> bool:
        """Whether noisy pictures have the two levels and no other value."""
        return False

    @property
    def needed(self) -> bool:
        """Whether the parameters are such that no simpler model would do."""
        return True

    @classmethod
    def plausible(cls, x: NDArray[Any], mask: NDArray[np.bool_] | None, simpler: Self) -> bool:
        """Return whether a picture shows what this model has and a simpler one has not.

        Where it does not, the model need not be fitted to it.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        simpler : NoiseModel
            Fitted to the picture.
        """
        return True

    @classmethod
    def suspected(cls, x: NDArray[Any], mask: NDArray[np.bool_] | None, simpler: Self) -> float:
        """Return the nats by which this noise leads a clean picture, though it is not tried.

        For noise that a picture may show as part of what there is: it is told
        of, and left to who sees the picture. 0 where there is nothing to tell.

        Parameters
        ----------
        x, mask, simpler
            As of `plausible`.
        """
        return 0.0

    def reconsider(
        self,
        field: NDArray[np.float32],
        x: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        pull: float,
    ) -> None:
        """Change the field of an Ising model by what single pixels do not tell, in place.

        Parameters
        ----------
        field : ndarray, shape (H, W), float32
            Half the log likelihood ratio of each pixel.
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        pull : float
            The largest pull of all neighbours together.
        """
        return None

    @abstractmethod
    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log p(x | z = -1), log p(x | z = +1)), each of the shape of `x`.

        That of a pixel depends on its value alone: of pictures of few values it
        may be asked for once for each of them.
        """

    @abstractmethod
    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return noisy observations of the spins `z`, on the scale of `levels`."""

    @abstractmethod
    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the model of the M-step, given the posterior means of the spins."""

    @classmethod
    @abstractmethod
    def from_image(cls, x: NDArray[Any], *args: Any, **known: Any) -> Self:
        """Return a first guess from a noisy picture.

        Every implementation takes `mask` (False where a pixel is missing) and
        its own parameters by keyword; those that are given are kept.
        """

    def on_scale(self, levels: tuple[float, float], limits: tuple[float, float] | None) -> Self:
        """Return the same noise about other levels: spreads grow with their distance.

        Parameters
        ----------
        levels : tuple of float
            Grey values of black and white.
        limits : tuple of float or None
            Where the scale ends, for models that know ends; None where it does not.
        """
        known = parameters_of(type(self))
        ratio = (levels[1] - levels[0]) / (self.levels[1] - self.levels[0])
        changed: dict[str, Any] = {
            name: scaled(getattr(self, name), ratio)
            for name, parameter in known.items()
            if parameter.unit is Unit.SPREAD
        }
        changed |= {"levels": levels, "limits": limits}
        changed = {name: value for name, value in changed.items() if name in known}
        return replace(self, **changed)  # type: ignore[type-var]


def scaled(value: Any, ratio: float) -> Any:
    """Return one number, or several, times `ratio`; None as it is."""
    if isinstance(value, tuple):
        return tuple(scaled(part, ratio) for part in value)
    return None if value is None else value * ratio
