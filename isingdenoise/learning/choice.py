"""Which noise a picture has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..errors import ParameterError
from ..noise import (
    NOISE_MODELS,
    FlipNoise,
    GaussianNoise,
    NoiseModel,
    SaltPepperNoise,
    collected,
    observed,
    warn,
)
from ..validation import check_choice
from ._held_out import HeldOut
from ._search import START
from ._windows import windows_of

__all__ = ["AUTO", "choose_noise", "resolve_noise"]

#: The name that stands for the choice.
AUTO = "auto"

_EARN = 10.0  # nats that the parameters of salt-and-pepper noise must earn
_FEWEST = 1e-3  # share of replaced pixels below which they are but the tails of other noise


def resolve_noise(
    noise: str | NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None = None
) -> NoiseModel:
    """Return the noise model that `noise` names or is.

    Raises
    ------
    ParameterError
        An unknown name, or not a noise model.
    """
    if isinstance(noise, str):
        if check_choice("noise", noise, [AUTO, *NOISE_MODELS]) == AUTO:
            return choose_noise(x, mask)
        return NOISE_MODELS[noise].from_image(x, mask=mask)
    if isinstance(noise, type) or not hasattr(noise, "log_likelihood"):
        raise ParameterError("noise", f"must be a name or a noise model, not {noise!r}")
    return noise


def choose_noise(x: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> NoiseModel:
    """Return the noise model, fitted, under which hidden pixels are likeliest.

    Two-valued pictures are flipped or have salt and pepper in unequal shares,
    grey ones have Gaussian noise with impulses or without. The simpler model
    stands unless the other one makes the hidden pixels likelier by 10 nats and
    replaces more than one pixel in a thousand.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    GaussianNoise, FlipNoise or SaltPepperNoise
    """
    simple: type[NoiseModel] = FlipNoise if _has_two_values(x, mask) else GaussianNoise
    scores = []
    models = []
    heard: list[list[str]] = []
    for kind in (simple, SaltPepperNoise):
        with collected() as messages:
            models.append(kind.from_image(x, mask=mask))
        heard.append(messages)
        held_out = HeldOut(windows_of(x, mask, np.random.default_rng(0)), models[-1], None)
        prediction = held_out.predict(Coupling.nearest(START))
        scores.append(prediction.score + held_out.constant)
    impulses: Any = models[1]
    replaced = impulses.salt + impulses.pepper
    best = 1 if scores[1] > scores[0] + _EARN and replaced > _FEWEST else 0
    for message in heard[best]:
        warn(message, stacklevel=3)
    return models[best]


def _has_two_values(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> bool:
    """Return whether there are at most two grey values among the observed pixels."""
    if x.dtype == np.bool_:
        return True
    seen = x if mask is None and x.dtype.kind != "f" else x[observed(x, mask)]
    if seen.size == 0:
        return True
    low, high = seen.min(), seen.max()
    return bool(np.all((seen == low) | (seen == high)))
