"""What the user says of a picture beside its name: masks, noise, light, outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isingdenoise.background import estimate_background
from isingdenoise.coupling import Coupling
from isingdenoise.errors import ParameterError
from isingdenoise.inference import ICM, Engine
from isingdenoise.noise import NoiseModel, observed
from isingdenoise.validation import check_image, check_span

from ..values import NoiseChoice

#: What is estimated from values up to this size is within the limits of the noise models.
_LARGEST_GREY = 1e28
#: Bytes a pixel of a result: field, means, labels, picture.
_KEPT = 10
_FIGURES = (".png", ".pdf", ".svg")
#: Noise models of counts and of probabilities: a quotient is neither.
_NEVER_DIVIDED = ("poisson", "probability")


@contextmanager
def named(**options: str) -> Iterator[None]:
    """Name the option, and not the library's parameter, in errors from inside the block."""
    try:
        yield
    except ParameterError as error:
        if error.parameter not in options:
            raise
        raise ParameterError(options[error.parameter], error.message) from None


@dataclass(frozen=True)
class Limits:
    """What may change in a picture.

    Attributes
    ----------
    mask, protect : pathlib.Path or None
        Pictures of the known and of the protected pixels.
    max_change : float or None
        Largest share of the observed pixels that may change.
    """

    mask: Path | None
    protect: Path | None
    max_change: float | None

    @property
    def files(self) -> list[Path]:
        """The files to be read."""
        return [path for path in (self.mask, self.protect) if path is not None]

    def read(self, shape: tuple[int, ...], max_pixels: int) -> dict[str, Any]:
        """Return the arguments of `denoise` for a picture of this shape."""
        from isingdenoise.io import read_mask

        arguments: dict[str, Any] = {"max_change": self.max_change}
        for name, path in (("mask", self.mask), ("protect", self.protect)):
            with named(mask=f"--{name}"):
                arguments[name] = path and read_mask(path, shape, max_pixels=max_pixels)
        return arguments


class Prepared(NamedTuple):
    """What was estimated of a picture.

    Attributes
    ----------
    picture : ndarray, shape (H, W)
        The picture, divided by its light.
    noise : NoiseModel
        Of the divided picture.
    light : ndarray, shape (H, W), float32, or None
        None where it is even, or was not asked for.
    """

    picture: NDArray[Any]
    noise: NoiseModel
    light: NDArray[Any] | None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `denoise` for the picture as it was."""
        return {"noise": self.noise, "background": self.light}


@dataclass(frozen=True)
class Preparation:
    """What the user said of noise and light; called with a picture it estimates the rest.

    The light comes first: levels and noise are those of the picture without it.

    Attributes
    ----------
    noise : NoiseChoice
        Of the divided picture.
    background : str or None
        "auto" for uneven light, None for even light.
    """

    noise: NoiseChoice
    background: str | None

    def __post_init__(self) -> None:
        if self.background and self.noise.name in _NEVER_DIVIDED:
            message = f"does not go with --noise {self.noise.name}, whose values have a meaning"
            raise ParameterError("--background", message)

    @property
    def told(self) -> dict[str, Any]:
        """What the report has to know of it."""
        return {"chosen": self.noise.chosen, "background": self.background}

    def memory(
        self, engines: Sequence[Engine], coupling: str | Coupling, *, probability: bool = True
    ) -> Callable[[int, str], int]:
        """Return what tells how many bytes engines take, one at work, for pixels and their type."""
        from isingdenoise.memory import memory_to_denoise

        def needed(pixels: int, dtype: str) -> int:
            more: dict[str, Any] = {"noise": self.noise.name, "background": self.background}
            more |= {"coupling": coupling, "dtype": dtype, "probability": probability}
            each = (memory_to_denoise(pixels, engine, **more) for engine in engines)
            return max(each) + _KEPT * pixels * (len(engines) - 1)

        return needed

    def __call__(self, x: NDArray[Any], known: NDArray[Any] | None = None) -> Prepared:
        """Return light and noise of a picture, unknown pixels left out of the estimates."""
        check_image("image", x, high=_LARGEST_GREY)
        check_span("image", x, known)
        if not observed(x, known).any():
            if known is None:
                raise ParameterError("image", "has no known pixel: all of them are missing (NaN)")
            raise ParameterError("--mask", "leaves no pixel known")
        light = estimate_background(x, known) if self.background else None
        if light is None or bool((light == 1).all()):
            return Prepared(x, self.noise(x, known), None)
        lit = np.asarray(x / light, np.float32)  # as `denoise` does
        return Prepared(lit, self.noise(lit, known), light)


def check_probability(wanted: object, engine: Engine) -> None:
    """Refuse --probability, where it is given, with an engine that has none."""
    if wanted is not None and isinstance(engine, ICM):
        raise ParameterError("--probability", "engine icm has none; use mf or gibbs")


def check_figure(plot: Path | None, inputs: Iterable[Path | None], force: bool) -> None:
    """Refuse a --plot that cannot be written, before any work."""
    from isingdenoise.io import check_output

    if plot is None:
        return
    if plot.suffix.lower() not in _FIGURES:
        raise ParameterError("--plot", f"must end in one of {' '.join(_FIGURES)}")
    with named(output="--plot"):
        check_output(plot, [path for path in inputs if path], overwrite=force)
