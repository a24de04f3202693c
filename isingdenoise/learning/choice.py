"""Which noise a picture has, if any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..messages import warn
from ..noise import (
    AUTO,
    NO_NOISE,
    NOISE_MODELS,
    Meaning,
    NoiseModel,
    NoiseSpec,
    Surroundings,
    levels_about,
    observed,
)
from ..noise.estimation.probabilities import looks_like_probabilities, may_be_probabilities
from .evidence import EARN, Trial, earn_of
from .fit import LEFT_ALONE, Fit

__all__ = ["AUTO", "Choice", "choose", "choose_noise", "resolve_noise"]

_APART = 3.0  # standard deviations between the levels that Otsu's threshold may divide
_HINT = "small parts may be dirt: name noise {} if they are"


@dataclass(frozen=True, eq=False)
class Choice:
    """A noise model, and what speaks for it.

    Attributes
    ----------
    noise : NoiseModel
        Fitted to the picture, or given.
    fit : Fit or None
        None where the noise was named and not chosen.
    open : bool
        Whether flat surroundings are too few to tell noise from structure, so
        that the pull of neighbours must earn its place.
    around : Surroundings or None
        Flat surroundings of the picture thresholded between the noise model's
        levels, where they are known.
    """

    noise: NoiseModel
    fit: Fit | None = None
    open: bool = False
    around: Surroundings | None = None


def resolve_noise(
    noise: str | NoiseModel | NoiseSpec,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
) -> NoiseModel:
    """Return the noise model that `noise` names, describes or is.

    Raises
    ------
    ParameterError
        An unknown name, or not a noise model.
    """
    return choose(noise, x, mask).noise


def choose(
    noise: str | NoiseModel | NoiseSpec | Choice,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
) -> Choice:
    """Return the noise model that `noise` names, describes or is, and why.

    Raises
    ------
    ParameterError
        An unknown name, or not a noise model.
    """
    if isinstance(noise, Choice):
        return noise
    if isinstance(noise, str):
        noise = NoiseSpec(noise)
    if isinstance(noise, NoiseSpec):
        if noise.name == AUTO:
            return _chosen(x, mask)
        return Choice(noise.from_image(x, mask=mask))
    if isinstance(noise, type) or not hasattr(noise, "log_likelihood"):
        raise ParameterError(
            "noise", f"must be a name, a NoiseSpec or a noise model, not {noise!r}"
        )
    return Choice(noise)


def choose_noise(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> NoiseModel:
    r"""Return the likeliest noise model, or the picture's own values left alone.

    Tried are the models that say so (`NoiseModel.tried`): two-valued pictures
    are flipped or have salt and pepper in unequal shares, grey ones have
    Gaussian noise with impulses or without. Each is held against 'leave
    alone', under which a pixel that stands against flat surroundings is part
    of the picture, which happens to one in 10,000 of them:

    .. math:: \sum_{k} \min(l_{own}(x_k) - l_{other}(x_k), 0) - k \log\epsilon
              + n \log\frac{1 - k/n}{1 - \epsilon}

    over the k of n pixels that do so. It must lead by 10 nats. Where several
    do, the one under which hidden pixels are likeliest is taken; the simpler
    one stands unless the other makes them likelier by 10 nats more and is
    `needed`: replaces more than one pixel in a thousand.

    Noise that may as well be part of the picture (`NoiseModel.suspected`) is told
    of in the notes of the fit, and left to who sees the picture.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    NoiseModel
        Of a picture that is left alone, one under which it stays as it is.
    """
    return _chosen(x, mask).noise


def _chosen(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> Choice:
    """Return what `choose_noise` describes."""
    verdicts = next(k for k in NOISE_MODELS.values() if k.meaning is Meaning.PROBABILITIES)
    if looks_like_probabilities(x, mask):
        warn(
            "the values lie between 0 and 1 and crowd at both ends: they are taken for "
            f"probabilities (noise {verdicts.name}); name another model if they are grey values"
        )
        return Choice(verdicts.from_image(x, mask=mask), Fit(verdicts.name))
    if may_be_probabilities(x, mask):
        warn(
            "the values lie between 0 and 1 and are taken for grey values; name noise model "
            f"{verdicts.name} if a classifier gave them"
        )
    simplest, *others = _tried(_has_two_values(x, mask))
    first = Trial(simplest, x, mask)
    tries = [first]
    tries += [Trial(kind, x, mask) for kind in others if kind.plausible(x, mask, first.model)]
    believed = [t for t in tries if t.believed and (t is first or t.model.needed)]
    suspected = _suspected(x, mask, first.model)
    hints = tuple(_HINT.format(name) for name, nats in suspected.items() if nats >= EARN)
    evidence = {t.model.name: t.evidence for t in tries} | suspected
    if not believed:
        for message in first.messages:
            if message != NO_NOISE:  # which the fit says
                warn(message)
        model = _left_alone(first.model, x, mask)
        return Choice(model, Fit(LEFT_ALONE, evidence, notes=(_why(model, first.around), *hints)))
    best = believed[0]
    for other in believed[1:]:
        if other.score(x, mask) > best.score(x, mask) + other.earn:
            best = other
    for message in best.messages:
        warn(message)
    fit = Fit(best.model.name, evidence, notes=hints)
    return Choice(best.model, fit, best.open, best.around)


def _suspected(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, simplest: NoiseModel
) -> dict[str, float]:
    """Return the nats of noise that a picture may have, but that is told of only."""
    found = {name: kind.suspected(x, mask, simplest) for name, kind in NOISE_MODELS.items()}
    return {name: nats for name, nats in found.items() if nats > 0}


def _left_alone(noise: NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None) -> NoiseModel:
    """Return the model with its levels about Otsu's threshold, if the picture has two."""
    low, high = noise.levels
    middle = (low + high) / 2
    if noise.two_valued or x.dtype == np.bool_:
        return noise
    bright = x[observed(x, mask)] > middle
    if bright.all() or not bright.any():
        # one level only: what is saturated belongs to it as well
        endless: Any = {"limits": (-1e30, 1e30)} if hasattr(noise, "limits") else {}
        return replace(noise, **endless)  # type: ignore[type-var]
    levels = levels_about(x, mask)
    if levels is None or levels[1] - levels[0] < _APART * noise.spread:
        return noise  # the noise of one level, split in two: the other has few pixels
    changed: Any = {"levels": levels}
    return replace(noise, **changed)  # type: ignore[type-var]


def _why(noise: NoiseModel, around: Surroundings) -> str:
    """Return in words why a picture is left alone."""
    seen = around.both
    if seen.against:
        return (
            f"{seen.against} of {seen.count} pixels in flat surroundings stand out, "
            "not as this noise would"
        )
    if getattr(noise, "spread", 0.0):
        relative = 2 * noise.spread / (noise.levels[1] - noise.levels[0])
        return f"flat parts have sigma {relative:.2g} of 1, which crosses no threshold"
    if around.regular.size:
        return f"{around.regular.size} pixels stand out at equal distances, as dots of a picture do"
    return f"none of {seen.count} pixels in flat surroundings stands out"


def _tried(two_valued: bool) -> list[type[NoiseModel]]:
    """Return the models to try, the simplest first."""
    fit = [
        kind
        for kind in NOISE_MODELS.values()
        if kind.tried is not None and kind.tried.two_valued in (None, two_valued)
    ]
    return sorted(fit, key=earn_of)


def _has_two_values(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> bool:
    """Return whether there are at most two grey values among the observed pixels."""
    if x.dtype == np.bool_:
        return True
    seen = x if mask is None and x.dtype.kind != "f" else x[observed(x, mask)]
    if seen.size == 0:
        return True
    low, high = seen.min(), seen.max()
    return bool(np.all((seen == low) | (seen == high)))
