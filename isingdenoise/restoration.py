"""Denoising in the manner of `skimage.restoration`: an array in, an array of its kind out."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .api import denoise
from .coupling import Coupling
from .inference import AUTO_PRIOR, Engine
from .learning import AUTO, DETECT
from .names import AutoName, BackgroundName, EngineName, NoiseName, PriorName
from .noise import NoiseModel, NoiseSpec
from .validation import RandomSource

__all__ = ["denoise_ising"]


def denoise_ising(
    image: ArrayLike,
    noise: NoiseName | NoiseModel | NoiseSpec = AUTO,
    *,
    coupling: AutoName | float | Coupling = AUTO,
    engine: EngineName | Engine | None = None,
    prior: PriorName | str | os.PathLike[str] = AUTO_PRIOR,
    background: BackgroundName | ArrayLike | None = DETECT,
    rng: RandomSource = None,
) -> NDArray[Any]:
    r"""Denoise a two-level picture, as the functions of `skimage.restoration` do.

    It is `denoise` for chains of functions on arrays, and for `skimage.restoration`'s
    `calibrate_denoiser`, which tries parameters and keeps those that predict hidden pixels best.
    What comes out is the posterior mean of the clean picture, in the grey values of the picture,

    .. math:: b + (w - b) \, P(z_i = +1 \mid x)

    with the levels b of black and w of white of the noise model: the estimate of least squared
    error. Where the engine seeks only labels, it is b and w.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture: bool, integer or float. NaN marks a missing pixel, which is filled in.
    noise, coupling, engine, prior, background, rng
        As of `denoise`.

    Returns
    -------
    ndarray, shape (H, W)
        bool of a bool picture; float32 of a picture of float32 or less, else float64.

    Raises
    ------
    ParameterError
        An argument is out of range, or its shape does not fit.

    Warns
    -----
    EstimationWarning, ConvergenceWarning
        As `denoise`.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import denoise_ising
    >>> clean = np.kron(np.eye(4), np.ones((12, 12)))
    >>> noisy = clean + np.random.default_rng(0).normal(scale=0.3, size=clean.shape)
    >>> restored = denoise_ising(noisy)
    >>> restored.dtype, bool(np.abs(restored - clean).mean() < np.abs(noisy - clean).mean() / 5)
    (dtype('float64'), True)

    The coupling that scikit-image's calibration finds:

    >>> from skimage.restoration import calibrate_denoiser
    >>> tried = {"coupling": [0.1, 0.3, 0.6], "noise": ["gaussian"]}
    >>> calibrated = calibrate_denoiser(noisy, denoise_ising, tried)
    >>> calibrated(noisy).shape
    (48, 48)
    """
    result = denoise(
        image,
        noise,
        coupling=coupling,
        engine=engine,
        prior=prior,
        background=background,
        rng=rng,
    )
    given = np.asarray(image).dtype
    if given == np.bool_:
        return result.image
    black, white = result.noise.levels
    bright = result.image if result.probability is None else result.probability
    kind = np.result_type(given if given.kind == "f" else np.float64, np.float32)
    restored: NDArray[Any] = black + (white - black) * bright.astype(kind)
    return restored if result.background is None else restored * result.background.astype(kind)
