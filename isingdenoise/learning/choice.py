"""Which noise a picture has, if any."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..errors import ParameterError
from ..messages import collected, warn
from ..noise import (
    AUTO,
    CLEAN,
    NO_NOISE,
    NOISE_MODELS,
    Meaning,
    NoiseModel,
    NoiseSpec,
    Surroundings,
    Unit,
    levels_about,
    observed,
    parameters_of,
    undisturbed,
)
from ..noise.estimation.probabilities import looks_like_probabilities, may_be_probabilities
from ._held_out import HeldOut
from ._search import START
from ._windows import window_of
from .fit import LEFT_ALONE, Fit
from .patterns import most_in_patterns

__all__ = ["AUTO", "Choice", "choose", "choose_noise", "resolve_noise", "surroundings_of"]

#: Nats by which noise must lead 'leave alone' to be believed.
EARN = 10.0

_TIMES = 1.5
_TOP = 0.4  # of pixels flipped: next to nothing is left
_APART = 3.0  # standard deviations between the levels that Otsu's threshold may divide
_HINT = "small parts may be dirt: name noise {} if they are"
_FEW = 30  # flat surroundings that tell next to nothing


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
    """

    noise: NoiseModel
    fit: Fit | None = None
    open: bool = False


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

    Models that count for themselves (`NoiseModel.evidence`) are told of in the
    notes of the fit, and never taken: whoever sees the picture may name them.

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
    first = _Try(simplest, x, mask)
    tries = [first]
    tries += [_Try(kind, x, mask) for kind in others if kind.plausible(x, mask, first.model)]
    # specks by their size and company are also the dots of small print, of stipple and of
    # halftones: they are told of, and left to who names them
    hinted = tuple(_HINT.format(t.model.name) for t in tries if t.counts_itself and t.believed)
    believed = [
        t for t in tries if t.believed and not t.counts_itself and (t is first or t.model.needed)
    ]
    evidence = {t.model.name: t.evidence for t in tries}
    if not believed:
        for message in first.messages:
            if message != NO_NOISE:  # which the fit says
                warn(message)
        model = _left_alone(first.model, x, mask)
        return Choice(model, Fit(LEFT_ALONE, evidence, notes=(_why(model, first.around), *hinted)))
    best = believed[0]
    for other in believed[1:]:
        if other.score(x, mask) > best.score(x, mask) + other.earn:
            best = other
    for message in best.messages:
        warn(message)
    return Choice(best.model, Fit(best.model.name, evidence, notes=hinted), best.open)


class _Try:
    """A model fitted to a picture, what speaks for it, and what it warned of."""

    def __init__(
        self, kind: type[NoiseModel], x: NDArray[Any], mask: NDArray[np.bool_] | None
    ) -> None:
        self.earn = _earn(kind)
        with collected() as self.messages:
            self.model = kind.from_image(x, mask=mask)
        self.around, bright = surroundings_of(self.model, x, mask)
        self.open = self.around.both.count < _FEW
        own = _hook(self.model, "evidence", x, mask)
        self.counts_itself = own is not None
        if own is None:
            own = _evidence(self.model, x, bright, self.around)
        self.evidence = float(own) - self.earn
        # flips of that many pixels would show in every pattern
        self.possible = not (self.open and self.model.two_valued and _too_many(self.model, bright))
        self._score: float | None = None

    @property
    def believed(self) -> bool:
        if self.counts_itself:
            return self.evidence >= EARN
        return self.possible and (self.open or self.evidence >= EARN)

    def score(self, x: NDArray[Any], mask: NDArray[np.bool_] | None) -> float:
        """Return the log likelihood of hidden pixels, at a typical coupling."""
        if self._score is None:
            held_out = HeldOut(window_of(x, mask, np.random.default_rng(0)), self.model, None)
            self._score = held_out.predict(Coupling.nearest(START)).score + held_out.constant
        return self._score


def _hook(model: NoiseModel, name: str, *arguments: Any) -> Any:
    """Return what a method of a model says; models need not be children of the base class."""
    method = getattr(model, name, None)
    return None if method is None else method(*arguments)


def _too_many(model: NoiseModel, bright: NDArray[np.bool_]) -> bool:
    """Return whether the picture cannot have, or tell, as many flips as the model has.

    Some pattern of 3 x 3 pixels shows fewer, or they leave nothing of a picture:
    where nothing is flat, such estimates stand for structure that is not seen.
    """
    shares = [
        getattr(model, name)
        for name, known in parameters_of(type(model)).items()
        if known.unit is Unit.SHARE
    ]
    rate = max(shares, default=0.0)
    if rate >= _TOP:
        return True
    return bool(rate > _TIMES * most_in_patterns(bright))


def surroundings_of(
    noise: NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[Surroundings, NDArray[np.bool_]]:
    """Return the flat surroundings of a thresholded picture, and that picture."""
    known = observed(x, mask) if mask is not None or x.dtype.kind == "f" else None
    if x.dtype == np.bool_:
        bright = x
    else:
        with np.errstate(invalid="ignore"):
            bright = np.asarray(x > (noise.levels[0] + noise.levels[1]) / 2)
    return undisturbed(bright, known), bright


def _evidence(
    noise: NoiseModel, x: NDArray[Any], bright: NDArray[np.bool_], around: Surroundings
) -> float:
    """Return the nats by which noise leads 'leave alone' in flat surroundings."""
    total = 0.0
    for ring, side, level in zip(
        around.rings, (around.dark, around.bright), (False, True), strict=True
    ):
        if not side.count:
            continue
        if side.against:
            flat = np.unpackbits(ring, axis=1, count=x.shape[1]).view(np.bool_)
            minus, plus = noise.log_likelihood(x[flat & (bright != level)])
            lead = (plus - minus) if level else (minus - plus)
            total += float(np.sum(np.minimum(lead, 0))) - side.against * math.log(CLEAN)
        share = min(max(side.against / side.count, CLEAN), 1 - 1e-9)
        total += side.count * (math.log1p(-share) - math.log1p(-CLEAN))
    return total


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
    return f"none of {seen.count} pixels in flat surroundings stands out"


def _tried(two_valued: bool) -> list[type[NoiseModel]]:
    """Return the models to try, the simplest first."""
    fit = [
        kind
        for kind in NOISE_MODELS.values()
        if kind.tried is not None and kind.tried.two_valued in (None, two_valued)
    ]
    return sorted(fit, key=_earn)


def _earn(kind: type[NoiseModel]) -> float:
    return 0.0 if kind.tried is None else kind.tried.earn


def _has_two_values(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> bool:
    """Return whether there are at most two grey values among the observed pixels."""
    if x.dtype == np.bool_:
        return True
    seen = x if mask is None and x.dtype.kind != "f" else x[observed(x, mask)]
    if seen.size == 0:
        return True
    low, high = seen.min(), seen.max()
    return bool(np.all((seen == low) | (seen == high)))
