"""What is measured on one restored picture."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from quality.drawings import Picture
from scipy import ndimage

from isingdenoise.metrics import bit_error_rate, brier, calibration_error

SMALL = 6  # pixels: dots of an i, leaders, the eye of an e
FEWEST = 10  # small components below which their share says nothing
QUIET = 16  # pixels of white around a code


class Truth:
    """A clean picture, and what there is to find in it."""

    def __init__(self, clean: Picture, codes: tuple[str, ...] = ()) -> None:
        self.clean = clean
        self.codes = codes

    @cached_property
    def small(self) -> npt.NDArray[np.intp]:
        """Number the components of at most SMALL pixels from 1, of either level; 0 elsewhere.

        Pixels that touch by a corner are one component.
        """
        out = np.zeros(self.clean.shape, np.intp)
        count = 0
        for level in (False, True):
            parts, number = ndimage.label(self.clean == level, np.ones((3, 3)))
            sizes = np.bincount(parts.ravel(), minlength=number + 1)
            few = np.flatnonzero((sizes > 0) & (sizes <= SMALL))
            few = few[few > 0]  # 0 is the other level
            names = np.zeros(number + 1, np.intp)
            names[few] = count + 1 + np.arange(few.size)
            out += names[parts]
            count += few.size
        return out


def score(image: Picture, probability: npt.NDArray[Any] | None, truth: Truth) -> dict[str, float]:
    """Return the scores by name; what does not apply is left out.

    `ber` bit error rate, `small` share of small components that survive,
    `codes` share of the codes that decode, `ece` and `brier` of the probabilities.
    """
    scores = {"ber": bit_error_rate(image, truth.clean)}
    survivors = surviving(image, truth)
    if survivors is not None:
        scores["small"] = survivors
    found = decoded(image, truth.codes)
    if found is not None:
        scores["codes"] = found
    if probability is not None:
        scores["ece"] = calibration_error(probability, truth.clean)
        scores["brier"] = brier(probability, truth.clean)
    return scores


def surviving(image: Picture, truth: Truth) -> float | None:
    """Return the share of small components of which at least half the pixels are right.

    None where there are fewer than FEWEST.
    """
    names = truth.small.ravel()
    size = np.bincount(names)[1:]
    if size.size < FEWEST:
        return None
    right = np.bincount(names, weights=(image == truth.clean).ravel())[1:]
    return float(np.mean(2 * right >= size))


def decoded(image: Picture, codes: tuple[str, ...]) -> float | None:
    """Return the share of `codes` that zxing reads off the picture; None without codes or zxing."""
    if not codes:
        return None
    try:
        import zxingcpp
    except ImportError:
        return None
    grey = np.pad(np.where(image, 255, 0).astype(np.uint8), QUIET, constant_values=255)
    found = {code.text for code in zxingcpp.read_barcodes(grey)}
    return sum(code in found for code in codes) / len(codes)
