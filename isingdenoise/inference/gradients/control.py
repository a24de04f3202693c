"""Averages of products, with or without a control variate that costs no bias."""

from __future__ import annotations

import numpy as np

from .target import Floats

__all__ = ["average", "controlled_average"]


def average(score: Floats, log_weight: Floats) -> Floats:
    """Return the mean of v_s l_s over the samples, the first axis."""
    return np.asarray(np.mean(score * log_weight, axis=0))


def controlled_average(score: Floats, log_weight: Floats) -> Floats:
    r"""Return the mean of v_s (l_s - a_s), each a_s found from the other samples.

    v has mean 0, so that for any number a the mean of v (l - a) is that of v l. Its
    variance is least at a* = Cov(v l, v) / Var(v) = E[v^2 l] / E[v^2]. From the samples
    other than s,

    .. math:: a_s = \sum_{r \ne s} v_r^2 l_r \Big/ \sum_{r \ne s} v_r^2,

    which does not depend on v_s: there is no bias, not even of order 1 / S, as there
    is where one a is found from all samples. With one sample there are no others, and
    nothing is controlled.

    Parameters
    ----------
    score : ndarray, shape (S, H, W)
        v, of mean 0.
    log_weight : ndarray, shape (S, H, W) or (S, 1, 1)
        l.

    Returns
    -------
    ndarray, shape (H, W)
    """
    if len(score) == 1:
        return average(score, log_weight)
    squares = score * score
    numerator, denominator = _others(squares * log_weight), _others(squares)
    scale = np.zeros_like(numerator)  # where spins are certain nothing is left to control
    np.divide(numerator, denominator, out=scale, where=denominator > 0)
    return average(score, log_weight - scale)


def _others(x: Floats) -> Floats:
    """Return for each sample the sum over the others, without the cancellation of a difference."""
    total = np.zeros_like(x)
    np.cumsum(x[:-1], axis=0, out=total[1:])
    total[:-1] += np.cumsum(x[:0:-1], axis=0)[::-1]
    return total
