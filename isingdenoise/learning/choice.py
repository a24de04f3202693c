"""Which noise a picture has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..errors import ParameterError
from ..messages import collected, warn
from ..noise import AUTO, NOISE_MODELS, Meaning, NoiseModel, NoiseSpec, observed
from ..noise.estimation.probabilities import looks_like_probabilities, may_be_probabilities
from ._held_out import HeldOut
from ._search import START
from ._windows import windows_of

__all__ = ["AUTO", "choose_noise", "resolve_noise"]


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
    if isinstance(noise, str):
        noise = NoiseSpec(noise)
    if isinstance(noise, NoiseSpec):
        return choose_noise(x, mask) if noise.name == AUTO else noise.from_image(x, mask=mask)
    if isinstance(noise, type) or not hasattr(noise, "log_likelihood"):
        raise ParameterError(
            "noise", f"must be a name, a NoiseSpec or a noise model, not {noise!r}"
        )
    return noise


def choose_noise(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> NoiseModel:
    """Return the noise model, fitted, under which hidden pixels are likeliest.

    Tried are the models that say so (`NoiseModel.tried`): two-valued pictures
    are flipped or have salt and pepper in unequal shares, grey ones have
    Gaussian noise with impulses or without. The simpler model stands unless
    the other one makes the hidden pixels likelier by 10 nats and is `needed`:
    replaces more than one pixel in a thousand. Floats that crowd at 0 and 1
    are probabilities (`looks_like_probabilities`), and warned of as such.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    NoiseModel
    """
    verdicts = next(k for k in NOISE_MODELS.values() if k.meaning is Meaning.PROBABILITIES)
    if looks_like_probabilities(x, mask):
        warn(
            "the values lie between 0 and 1 and crowd at both ends: they are taken for "
            f"probabilities (noise {verdicts.name}); name another model if they are grey values"
        )
        return verdicts.from_image(x, mask=mask)
    if may_be_probabilities(x, mask):
        warn(
            "the values lie between 0 and 1 and are taken for grey values; name noise model "
            f"{verdicts.name} if a classifier gave them"
        )
    tries = [_Try(kind, x, mask) for kind in _tried(_has_two_values(x, mask))]
    best = tries[0]
    for other in tries[1:]:
        if other.score > best.score + other.earn and other.model.needed:
            best = other
    for message in best.messages:
        warn(message)
    return best.model


class _Try:
    """A model fitted to a picture, what it gives to hidden pixels, and what it warned of."""

    def __init__(
        self, kind: type[NoiseModel], x: NDArray[Any], mask: NDArray[np.bool_] | None
    ) -> None:
        self.earn = _earn(kind)
        with collected() as self.messages:
            self.model = kind.from_image(x, mask=mask)
        held_out = HeldOut(windows_of(x, mask, np.random.default_rng(0)), self.model, None)
        self.score = held_out.predict(Coupling.nearest(START)).score + held_out.constant


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
