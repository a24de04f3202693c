"""How well a coupling of one's own predicts hidden pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..coupling import Coupling
from ..noise import NoiseModel
from ..validation import as_generator, check_picture
from ._held_out import HeldOut
from ._windows import window_of

__all__ = ["held_out_score"]


def held_out_score(
    image: ArrayLike,
    noise: NoiseModel,
    coupling: float | Coupling,
    *,
    mask: ArrayLike | None = None,
    rng: np.random.Generator | int = 0,
) -> float:
    """Return the log likelihood of hidden pixels under a coupling, which `estimate` maximises.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture.
    noise : NoiseModel
        Its noise.
    coupling : float or Coupling
        How strongly neighbours pull.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing.
    rng : numpy.random.Generator or int, default 0
        Chooses hidden pixels, and windows of a large picture.

    Returns
    -------
    float
        In nats a hidden pixel.

    Raises
    ------
    ParameterError
        An argument is out of range, or its shape does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import FlipNoise
    >>> clean = np.zeros((32, 32), bool)
    >>> clean[8:24, 8:24] = True
    >>> noisy = FlipNoise(0.1).sample(clean, np.random.default_rng(0))
    >>> some, none = (held_out_score(noisy, FlipNoise(0.1), J) for J in (0.6, 0.0))
    >>> some > none
    True
    """
    x, known = check_picture(image, mask)
    generator, _ = as_generator(rng)
    strength = coupling if isinstance(coupling, Coupling) else Coupling.nearest(coupling)
    held_out = HeldOut(window_of(x, known, generator), noise, None)
    score = held_out.predict(strength).score + held_out.constant
    return score / max(held_out.x.size, 1)
