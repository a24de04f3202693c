"""What is suspicious about a result: told in one line each, with what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inference import Advice, Status
from .noise import Meaning, NoiseModel, Unit, grey_values, observed, observed_or_none, parameters_of
from .result import DenoiseResult

__all__ = ["Residual", "complaints", "criticisms", "residual_map", "residual_of"]

_PIXELS = 1 << 15  # of larger pictures as many, of rows evenly apart
_FEWEST = 256  # pixels that tell anything
_STATISTICS = 1200  # pixels of which shares and residuals are known
_PAGE = 10_000  # pixels; smaller pictures are details
_MOST_OF_A_SIDE = 0.95
_AS_EXPECTED = 1.3
_DARK = 0.99
_TOP = 0.4  # of pixels replaced or flipped; estimates end at 0.45
#: A normal deviate is beyond this with probability 1/2; a Laplace one beyond 0.49.
_MEDIAN = 0.6745
_TIMES = 3.0  # by how much residuals may be larger or smaller than sigma says
#: Of half the levels' distance: from this sigma on it matters that there is less noise.
_MATTERS = 0.3
_CORRELATED = 0.4  # noise that is independent has 0.01, with what goes wrong at edges 0.1
_CHANGED = 0.005  # from this share on it matters that noise is no noise
_ALONE = 0.0005  # what may change of a picture that is left alone
_BEYOND = 0.05  # of their distance, how far a level may lie outside all values
_DEFAULT = (-1.0, 1.0)  # levels of models that were given none: pictures of 0 and 1 have them too


@dataclass(frozen=True)
class Residual:
    """What is left of a picture without the levels of its clean pixels.

    Attributes
    ----------
    spread : float
        Standard deviation of normal noise with the same median of |residual|,
        in units of the noise model's; NaN where it has none, or few pixels are known.
    correlation : float
        Of residuals side by side in a row, in [-1, 1]; NaN where they are constant.
    """

    spread: float
    correlation: float


def complaints(result: DenoiseResult) -> Iterator[Advice]:
    """Yield what did not go well with a picture, and which settings of the engine mend it."""
    solution = result.solution
    yield from solution.advice
    if solution.status is Status.MAX_SWEEPS and not solution.advice:
        engine = result.settings["engine"]
        done = min(solution.work.sweeps, int(engine.get("max_sweeps", solution.work.sweeps)))
        yield Advice(f"{engine['name']} did not converge in {done} sweeps")


def residual_of(
    result: DenoiseResult, x: NDArray[Any], known: NDArray[np.bool_] | None = None
) -> Residual:
    r"""Return size and correlation of the residual :math:`x_i - m_{z_i}`.

    Noise of these models is white: residuals of its size whose neighbours do
    not tell them. Those that follow blur, light or compression are correlated.

    Parameters
    ----------
    result : DenoiseResult
        Of a noise model whose values are grey.
    x : ndarray, shape (H, W)
        The noisy picture, before it was divided by any light.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    """
    step = max(1, x.size // _PIXELS)
    left = _left(result, x, known, slice(None, None, step) if step < len(x) else slice(0, 1))
    sizes = np.abs(left[~np.isnan(left)])
    sigma = result.noise.spread
    few = sizes.size == 0 or sigma == 0
    spread = np.nan if few else float(np.median(sizes)) / _MEDIAN / sigma
    return Residual(spread, lag_correlation(left))


def residual_map(
    result: DenoiseResult,
    x: NDArray[Any],
    known: NDArray[np.bool_] | None = None,
    *,
    most: int = 1000,
) -> NDArray[np.float64]:
    """Return the residual in standard deviations of the noise, NaN where nothing is known.

    Where the noise has none, two-valued as it is, half the distance of the
    levels is the unit.

    Parameters
    ----------
    result, x, known
        As in `residual_of`.
    most : int
        Of larger pictures every second, third ... pixel is taken, so that
        neither side is longer.
    """
    step = -(-max(x.shape) // most)
    every = slice(None, None, step)
    low, high = result.noise.levels
    unit = getattr(result.noise, "spread", 0.0) or (high - low) / 2
    return _left(result, x, known, (every, every)) / unit


def _left(
    result: DenoiseResult, x: NDArray[Any], known: NDArray[np.bool_] | None, part: Any
) -> NDArray[np.float64]:
    """Return the residual of a part of the picture, in grey values."""
    grey = grey_values(x[part])
    if result.background is not None and x.dtype != np.bool_:
        grey = grey / result.background[part]
    low, high = result.noise.levels
    left = grey - np.where(result.image[part], high, low)
    left[~observed(x[part], None if known is None else known[part])] = np.nan
    return np.asarray(left, np.float64)


def lag_correlation(residual: NDArray[np.float64]) -> float:
    """Return the correlation of values side by side in a row, NaN left out.

    Parameters
    ----------
    residual : ndarray, shape (H, W)
        NaN where nothing is known.
    """
    one, other = residual[:, :-1].ravel(), residual[:, 1:].ravel()
    both = ~(np.isnan(one) | np.isnan(other))
    one, other = one[both], other[both]
    if one.size < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def criticisms(
    result: DenoiseResult,
    x: NDArray[Any],
    known: NDArray[np.bool_] | None = None,
    *,
    given: bool = False,
    warned: bool = False,
) -> Iterator[str]:
    """Yield what is suspicious about a result, the worst first.

    Told are a result of one colour, one that has lost nearly all of a colour,
    a page that is nearly black, and a noise model that does not fit what is
    left: residuals of another size than it says, or alike side by side where
    pixels were changed, levels outside all values, shares that leave little of a picture;
    and a learned prior that was named, and changed a picture in which nothing speaks for noise.

    Parameters
    ----------
    result : DenoiseResult
        What came out.
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    given : bool
        Whether the caller knows the whole noise model: it is not questioned.
    warned : bool
        Whether the estimate was warned of: that a picture may be blank is known then.
    """
    seen = observed_or_none(x, known)
    count = x.size if seen is None else int(np.count_nonzero(seen))
    if count < _FEWEST or _constant(x, seen):
        return
    white = int(np.count_nonzero(result.image if seen is None else result.image[seen]))
    to_white, to_black = result.changes
    before = {"white": white - to_white + to_black, "black": count - white - to_black + to_white}
    gone = {"white": to_black, "black": to_white}
    other = {"white": "black", "black": "white"}
    if white in (0, count):
        colour = "white" if white else "black"
        if not warned:
            yield (
                f"the result is {colour} all over: unless the picture is blank the noise does "
                "not fit; name another noise model, or give its parameters"
            )
        return
    if count < _STATISTICS:
        return
    for colour in ("black", "white"):
        expected = _flipped(result.noise) * (count - before[colour] + gone[colour])
        lost = gone[colour] > max(_MOST_OF_A_SIDE * before[colour], _AS_EXPECTED * expected)
        if lost and before[colour] and count not in before.values():
            share = gone[colour] / before[colour]
            yield (
                f"{share:.1%} of what was {colour} turned {other[colour]}: look at the result; "
                "lower the coupling, or name another noise model"
            )
    even = result.background is None
    noise = result.noise
    grey = getattr(noise, "meaning", Meaning.GREY) is Meaning.GREY
    grey = grey and not getattr(noise, "two_valued", False)
    if grey and count >= _PAGE and count - white >= _DARK * count:
        yield (
            f"{1 - white / count:.1%} of the result is black: unless the picture is dark, "
            f"{'divide out uneven light (background), or ' * even}give the levels"
        )
    left_alone = result.fit is not None and result.fit.left_alone
    learned = result.settings["prior"]["name"] == "learned"
    if left_alone and learned and result.changed > _ALONE:
        yield (
            f"nothing speaks for noise, and yet the learned prior changed {result.changed:.2%} of "
            "the pixels: let the picture choose (prior auto), or name the noise"
        )
    if not given and not left_alone:
        yield from _misfits(result, x, known, grey)


def _flipped(noise: NoiseModel) -> float:
    """Return the larger share of pixels that the noise puts on the wrong side of the threshold."""
    rates = getattr(noise, "rates", None)
    if rates is not None:
        return float(max(rates))
    low, high = noise.levels
    spread = max(getattr(noise, "spread", 0.0), 1e-300)
    return 0.5 * math.erfc((high - low) / 2 / spread / math.sqrt(2))


def _misfits(
    result: DenoiseResult, x: NDArray[Any], known: NDArray[np.bool_] | None, grey: bool
) -> Iterator[str]:
    """Yield how the noise model does not fit."""
    for name, share in _shares(result.noise):
        if share >= _TOP:
            yield (
                f"{name} {share:.2g} leaves little of a picture: there may be no such noise; "
                "name another noise model, or give its share"
            )
    if result.noise.meaning is not Meaning.GREY:
        return
    low, high = result.noise.levels
    beyond = (
        _beyond((low, high), x, result.background) if grey and (low, high) != _DEFAULT else None
    )
    if beyond is not None:
        yield (
            f"the level {beyond:.4g} lies outside all grey values: the noise model may not fit; "
            "give levels, or divide out uneven light (background)"
        )
    residual = residual_of(result, x, known)
    white = getattr(result.noise, "independent", True)  # specks are alike by nature
    sigma = result.noise.spread
    matters = sigma == 0 or 2 * sigma / (high - low) > _MATTERS
    if residual.spread > _TIMES or (residual.spread < 1 / _TIMES and matters):
        than = "more" if residual.spread > 1 else "less"
        yield (
            f"there is {than} noise in the picture than the model says: {residual.spread:.2g} "
            f"times its standard deviation {sigma:.4g}; give another, or let it be estimated"
        )
    elif white and residual.correlation > _CORRELATED and matters and result.changed > _CHANGED:
        yield (
            "what was taken for noise is alike from pixel to pixel (correlation "
            f"{residual.correlation:.2f}), as blur, light and compression are: look at the "
            "changes; lower the coupling, or divide out uneven light (background)"
        )


def _shares(noise: NoiseModel) -> Iterator[tuple[str, float]]:
    """Yield name and value of what is a share of pixels."""
    for name, known in parameters_of(type(noise)).items():
        if known.unit is Unit.SHARE and known.option is not None:
            yield name, float(getattr(noise, name))


def _beyond(
    levels: tuple[float, float], x: NDArray[Any], light: NDArray[np.float32] | None
) -> float | None:
    """Return the level that lies outside all values, None where neither does."""
    least, most = np.inf, -np.inf
    rows = max(1, _PIXELS // x.shape[1])
    for start in range(0, len(x), rows):
        band = slice(start, start + rows)
        values = x[band] if light is None else x[band] / light[band]
        least = min(least, float(np.fmin.reduce(values, None)))
        most = max(most, float(np.fmax.reduce(values, None)))
    room = _BEYOND * (levels[1] - levels[0])
    if levels[0] < least - room:
        return levels[0]
    return levels[1] if levels[1] > most + room else None


def _constant(x: NDArray[Any], seen: NDArray[np.bool_] | None) -> bool:
    """Tell whether all known pixels have one value."""
    if seen is None:
        return bool(x.min() == x.max())
    first = x[np.unravel_index(seen.argmax(), x.shape)]
    least, most = (f(x, where=seen, initial=first) for f in (np.min, np.max))
    return bool(least == most)
