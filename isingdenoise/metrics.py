"""How close a restored picture, or a probability map, comes to the clean one.

Pictures are two-level: bool arrays of H x W (True is bright), or label arrays
of a signed integer dtype that hold -1 and +1 only. Every measure walks over
the picture in bands of rows, so that the scratch memory does not grow with the
picture: about 150 MB for `ssim`, at most 35 MB for the others. (Labels -1/+1
cost one bool copy.) No function changes its inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from isingdenoise.errors import ParameterError

__all__ = [
    "Confusion",
    "bit_error_rate",
    "brier",
    "calibration_error",
    "confusion",
    "f1",
    "psnr",
    "ssim",
]

_BAND_PIXELS = 1 << 20  # scratch arrays of 8 MB at float64
_SSIM_WINDOW = 7

BoolArray = npt.NDArray[np.bool_]


class Confusion(NamedTuple):
    """Counts of pixels: true or false, then the level in the restored picture.

    `false_dark` counts pixels restored as dark that are bright in the clean one.
    """

    true_dark: int
    false_dark: int
    true_bright: int
    false_bright: int


def confusion(image: npt.ArrayLike, clean: npt.ArrayLike) -> Confusion:
    """Count the pixels in each cell of the 2 x 2 confusion table.

    Parameters
    ----------
    image, clean : array_like, shape (H, W)
        Restored and true picture, bool or labels -1/+1.

    Returns
    -------
    Confusion
        Four counts that sum to H * W.

    Raises
    ------
    ParameterError
        If a picture is not two-level, is empty, or the sizes differ.

    Examples
    --------
    >>> confusion([[1, -1], [1, -1]], [[1, -1], [-1, -1]])
    Confusion(true_dark=2, false_dark=0, true_bright=1, false_bright=1)
    """
    restored, truth = _pair(image, clean)
    bright = int(np.count_nonzero(restored))
    truly_bright = int(np.count_nonzero(truth))
    both = sum(int(np.count_nonzero(restored[b] & truth[b])) for b in _bands(truth.shape))
    false_bright = bright - both
    false_dark = truly_bright - both
    return Confusion(
        true_dark=truth.size - both - false_bright - false_dark,
        false_dark=false_dark,
        true_bright=both,
        false_bright=false_bright,
    )


def bit_error_rate(image: npt.ArrayLike, clean: npt.ArrayLike) -> float:
    """Share of pixels whose level is wrong.

    ``BER = #{i : image_i != clean_i} / (H W)``

    Parameters
    ----------
    image, clean : array_like, shape (H, W)
        Restored and true picture, bool or labels -1/+1.

    Returns
    -------
    float
        Between 0 (equal) and 1 (every pixel inverted), without a unit.

    Raises
    ------
    ParameterError
        As `confusion`.

    Examples
    --------
    >>> bit_error_rate([[1, -1], [1, -1]], [[1, -1], [-1, -1]])
    0.25
    """
    counts = confusion(image, clean)
    return (counts.false_dark + counts.false_bright) / sum(counts)


def psnr(image: npt.ArrayLike, clean: npt.ArrayLike) -> float:
    """Peak signal-to-noise ratio of two-level pictures, in decibels.

    With levels 0 and 1 the data range is 1 and the mean squared error equals
    the bit error rate, so ``PSNR = -10 log10(BER)``.

    Parameters
    ----------
    image, clean : array_like, shape (H, W)
        Restored and true picture, bool or labels -1/+1.

    Returns
    -------
    float
        Decibels, at least 0; `inf` for equal pictures.

    Raises
    ------
    ParameterError
        As `confusion`.

    Examples
    --------
    >>> round(psnr([[1, -1], [1, -1]], [[1, -1], [-1, -1]]), 2)
    6.02
    """
    error = bit_error_rate(image, clean)
    return math.inf if error == 0.0 else abs(10.0 * math.log10(error))


def ssim(image: npt.ArrayLike, clean: npt.ArrayLike) -> float:
    """Mean structural similarity index of levels 0 and 1.

    The mean is over every uniform window that lies wholly in the picture: 7 x 7
    pixels, or the largest odd size of at least 3 that fits a smaller picture.

    Parameters
    ----------
    image, clean : array_like, shape (H, W)
        Restored and true picture, bool or labels -1/+1.

    Returns
    -------
    float
        Between -1 and 1 (equal); `nan` if a side is shorter than 3 pixels.

    Raises
    ------
    ParameterError
        As `confusion`.

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, IEEE Transactions on
    Image Processing 13 (2004) 600-612.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.eye(16) > 0
    >>> round(ssim(picture, picture), 6), ssim(~picture, picture) < 0
    (1.0, True)
    """
    restored, truth = _pair(image, clean)
    shortest = min(truth.shape)
    if shortest < 3:
        return math.nan
    from skimage import metrics

    structural_similarity: Any = metrics.structural_similarity
    window = min(_SSIM_WINDOW, shortest - 1 + shortest % 2)
    positions = truth.shape[0] - window + 1
    total = 0.0
    # Windows within the picture do not see its border: bands that overlap by
    # window - 1 rows give the mean of the whole.
    for band in _bands((positions, truth.shape[1])):
        rows = slice(band.start, band.stop + window - 1)
        a, b = restored[rows].astype(np.float64), truth[rows].astype(np.float64)
        mean = float(structural_similarity(a, b, win_size=window, data_range=1.0))
        total += (band.stop - band.start) * mean
    return float(total / positions)


def f1(
    image: npt.ArrayLike,
    clean: npt.ArrayLike,
    *,
    positive: Literal["dark", "bright"] = "dark",
) -> float:
    """F1 score (Dice coefficient) of one of the two levels.

    ``F1 = 2 TP / (2 TP + FP + FN)``, the harmonic mean of precision and recall.

    Parameters
    ----------
    image, clean : array_like, shape (H, W)
        Restored and true picture, bool or labels -1/+1.
    positive : {"dark", "bright"}
        The level to be found: ink is dark, objects of a mask are bright.

    Returns
    -------
    float
        Between 0 and 1; 1 where neither picture holds a positive pixel, because
        nothing was missed and nothing invented.

    Raises
    ------
    ParameterError
        As `confusion`, or if `positive` is another word.

    References
    ----------
    C. J. van Rijsbergen, "Information Retrieval", 2nd ed. (1979), chapter 7.

    Examples
    --------
    >>> round(f1([[1, -1], [1, -1]], [[1, -1], [-1, -1]], positive="bright"), 3)
    0.667
    """
    if positive not in ("dark", "bright"):
        raise ParameterError("positive", f'must be "dark" or "bright", got {positive!r}')
    counts = confusion(image, clean)
    hits = counts.true_dark if positive == "dark" else counts.true_bright
    wrong = counts.false_dark + counts.false_bright
    return 1.0 if hits + wrong == 0 else 2 * hits / (2 * hits + wrong)


def brier(probability: npt.ArrayLike, clean: npt.ArrayLike) -> float:
    """Brier score: mean squared error of the forecast "this pixel is bright".

    ``(1 / H W) sum_i (P_i - y_i)^2`` with ``y_i`` 1 for bright, 0 for dark:
    the two-class form with one squared term a pixel, half of Brier's own sum.

    Parameters
    ----------
    probability : array_like, shape (H, W), floating
        P(bright) of each pixel, in [0, 1].
    clean : array_like, shape (H, W)
        True picture, bool or labels -1/+1.

    Returns
    -------
    float
        Between 0 (certain and right) and 1 (certain and wrong).

    Raises
    ------
    ParameterError
        As `confusion`, or if a probability is NaN or outside [0, 1].

    References
    ----------
    G. W. Brier, Monthly Weather Review 78 (1950) 1-3.

    Examples
    --------
    >>> round(brier([[0.9, 0.2]], [[True, False]]), 3)
    0.025
    """
    forecast, truth = _forecast(probability, clean)
    total = 0.0
    for band in _bands(truth.shape):
        miss = forecast[band].astype(np.float64)
        miss -= truth[band]
        total += float(np.vdot(miss, miss))
    return total / truth.size


def calibration_error(probability: npt.ArrayLike, clean: npt.ArrayLike, *, bins: int = 15) -> float:
    """Return the expected calibration error of the forecast "this pixel is bright".

    ``ECE = sum_b (n_b / H W) |mean forecast in b - share of bright in b|`` over
    bins of equal width ``b / bins <= P < (b + 1) / bins``, the last with P = 1.
    Not the form that bins the confidence ``max(P, 1 - P)`` of the predicted
    label: there, errors of the dark and the bright side may cancel.

    Parameters
    ----------
    probability : array_like, shape (H, W), floating
        P(bright) of each pixel, in [0, 1].
    clean : array_like, shape (H, W)
        True picture, bool or labels -1/+1.
    bins : int
        Number of bins, at least 1.

    Returns
    -------
    float
        Between 0 (calibrated) and 1.

    Raises
    ------
    ParameterError
        As `brier`, or if `bins` is not a whole number of at least 1.

    References
    ----------
    M. P. Naeini, G. F. Cooper and M. Hauskrecht, AAAI (2015) 2901-2907.

    Examples
    --------
    >>> round(calibration_error([[0.9, 0.2]], [[True, False]]), 3)
    0.15
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ParameterError("bins", f"must be a whole number of at least 1, got {bins!r}")
    forecast, truth = _forecast(probability, clean)
    # |mean P - mean y| n_b is |sum (P - y)| over the bin: one sum will do.
    surplus = np.zeros(bins)
    for band in _bands(truth.shape):
        p = forecast[band].astype(np.float64).ravel()
        index = np.minimum((p * bins).astype(np.intp), bins - 1)
        p -= truth[band].ravel()
        surplus += np.bincount(index, weights=p, minlength=bins)
    return float(np.abs(surplus).sum()) / truth.size


def _pair(image: npt.ArrayLike, clean: npt.ArrayLike) -> tuple[BoolArray, BoolArray]:
    """Return both pictures as bool arrays of one shape, or raise."""
    restored, truth = _two_level("image", image), _two_level("clean", clean)
    _require_same_size("image", restored, truth)
    return restored, truth


def _forecast(
    probability: npt.ArrayLike, clean: npt.ArrayLike
) -> tuple[npt.NDArray[np.floating[Any]], BoolArray]:
    """Return the probabilities, checked, and the true picture as bool."""
    forecast, truth = np.asarray(probability), _two_level("clean", clean)
    if forecast.dtype.kind != "f":
        raise ParameterError("probability", f"must be floating, got dtype {forecast.dtype}")
    _require_same_size("probability", forecast, truth)
    low, high = float(forecast.min()), float(forecast.max())
    if not (low >= 0.0 and high <= 1.0):  # NaN fails both comparisons
        raise ParameterError("probability", f"must lie in [0, 1], found {low:g} to {high:g}")
    return forecast, truth


def _two_level(name: str, picture: npt.ArrayLike) -> BoolArray:
    """Read bool pixels, or labels -1/+1, as bool; a bool array is not copied."""
    array = np.asarray(picture)
    if array.ndim != 2 or array.size == 0:
        raise ParameterError(name, f"must be a picture of H x W pixels, got shape {array.shape}")
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind != "i":
        raise ParameterError(name, f"must be bool or labels -1/+1, got dtype {array.dtype}")
    bright: BoolArray = array == 1
    if not all(np.all(bright[b] | (array[b] == -1)) for b in _bands(array.shape)):
        raise ParameterError(name, "must hold the labels -1 and +1 only")
    return bright


def _require_same_size(name: str, array: npt.NDArray[Any], clean: npt.NDArray[np.bool_]) -> None:
    """Raise unless `array` has the shape of the clean picture."""
    if array.shape != clean.shape:
        raise ParameterError(
            name, f"is {_size(array)} pixels (width x height), but clean is {_size(clean)}"
        )


def _size(array: npt.NDArray[Any]) -> str:
    """Return the shape as people say it, width first; all axes if not two."""
    return " x ".join(str(n) for n in reversed(array.shape))


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield bands of rows of about `_BAND_PIXELS` pixels that cover the picture."""
    rows = max(1, _BAND_PIXELS // max(1, shape[1]))
    for start in range(0, shape[0], rows):
        yield slice(start, min(start + rows, shape[0]))
