"""Uneven light: the smooth surface that multiplies a two-level picture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import ArrayLike, NDArray

from ..validation import check_picture
from ._blocks import block_counts
from ._edges import edges_of, light_of
from ._surface import Fit, find_surface

__all__ = ["edges_of", "estimate_background", "light_of"]

#: Squares and sums of grey values up to this size stay finite.
_LARGEST_GREY = 1e30
_MEDIAN_SIDE = 512
_SLACK = 0.05


def estimate_background(image: ArrayLike, mask: ArrayLike | None = None) -> NDArray[np.float32]:
    r"""Return the slowly varying light on a noisy two-level picture; ones where it is even.

    .. math:: x(r) = b(r) \, m_{z(r)} + \varepsilon, \qquad 0 \le m_- < m_+

    `image / b` has two constant levels; its noise then varies as 1 / b.

    The picture is reduced to histograms of its blocks: of means over 2 x 2 or
    3 x 3 pixels, which take noise away. A mixture of the two levels is fitted
    to all of them at once by expectation-maximisation. Levels, noise and b
    are common, the share of each level is a block's own: a dark silhouette
    is told from a dark corner by its values, not by its shape. b is a
    polynomial of degree 0 to 11, the degree chosen by the Bayesian
    information criterion. b = 1 exactly when no degree beats even light by
    that criterion, or when b departs from its mean by less than 2 % (root
    mean square): strokes narrower than a pixel block can feign as much.

    Parameters
    ----------
    image : array_like, shape (H, W)
        The noisy picture on a scale where no light is 0. NaN marks a missing
        pixel. It is left as it is. Values below 0 are taken for noise.
    mask : array_like of bool, shape (H, W), optional
        False where a pixel is missing. The surface continues there.

    Returns
    -------
    ndarray, shape (H, W), float32
        Positive, of median 1 (over 512 x 512 pixels of it where it is larger).
        All ones for a bool or two-valued picture, for fewer than 256 known
        blocks of 2 x 2 pixels, where the grey values differ by less than 1 %,
        and where the black level comes out below 0 (a picture on the -1/+1
        scale, unless noise hides it): there the light is no factor.

    Raises
    ------
    ParameterError
        `image` is not a picture, or `mask` is not bool or of another shape.

    Notes
    -----
    Light that falls below a tenth of its maximum, or that varies within less
    than a quarter of the picture, is not looked for. Saturated pixels of an
    unsigned 8- or 16-bit picture are allowed for. On the sample pictures, with
    light that falls to 0.4 of its most, b is found to 3 % (root mean square)
    for noise up to sigma = 1, half the levels' distance, where the light is
    linear or quadratic, and up to sigma = 0.3 where it is a bump; small text
    with saturated pixels comes out at 3 to 5 % at sigma = 1.

    References
    ----------
    Wells, Grimson, Kikinis and Jolesz (1996), Adaptive segmentation of MRI
    data, IEEE Trans. Medical Imaging 15 (surface and classes by EM);
    Guillemaud and Brady (1997), IEEE Trans. Medical Imaging 16 (the class
    without a level); Schwarz (1978), Annals of Statistics 6 (the criterion).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> page = np.where(rng.random((128, 128)) < 0.3, 40.0, 200.0)
    >>> lamp = np.linspace(0.6, 1.4, 128)
    >>> light = estimate_background(page * lamp + rng.normal(0, 5, page.shape))
    >>> bool(np.abs(light / lamp - np.median(light / lamp)).max() < 0.1)
    True
    """
    x, known = check_picture(image, mask, high=_LARGEST_GREY)
    blocks = None if x.dtype == np.bool_ else block_counts(x, known)
    fit = None if blocks is None else find_surface(blocks)
    if fit is None:
        return np.ones(x.shape, np.float32)
    return _evaluate(fit, x.shape)


def _evaluate(fit: Fit, shape: tuple[Any, ...]) -> NDArray[np.float32]:
    """Return the surface at each pixel's centre, within 5 % of where blocks have seen it."""
    matrix = np.zeros((fit.degree + 1, fit.degree + 1))
    for (i, j), c in zip(fit.orders, fit.coefficients, strict=True):
        matrix[i, j] = c / fit.coefficients[0]
    rows, columns = (
        legvander((2 * np.arange(n) + 1) / n - 1, fit.degree).astype(np.float32) for n in shape
    )
    surface: NDArray[np.float32] = (rows @ matrix.astype(np.float32)) @ columns.T
    low, high = (end / fit.coefficients[0] for end in fit.span)
    np.clip(surface, low * (1 - _SLACK), high * (1 + _SLACK), out=surface)
    skip = [math.ceil(n / _MEDIAN_SIDE) for n in shape]
    sample = surface[skip[0] // 2 :: skip[0], skip[1] // 2 :: skip[1]]
    surface /= np.median(sample)
    return surface
