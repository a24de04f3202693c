"""One pass of EM over a weighted sample: two normal densities, and masses at two ends."""

from __future__ import annotations

import math

from ._jit import kernel

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


@kernel
def normal_sums(x, weight, group, log_shares, levels, sigmas, bounds, at, inside, outside, bright):
    """Sum what the M-step needs of two normal components; return the log likelihood.

    Parameters
    ----------
    x, weight : array, shape (n,), float64
        Values, and how often each is met.
    group : array, shape (n,), int64
        The group that it is met in.
    log_shares : array, shape (groups, 2), float64
        Logs of the shares of the lower and of the upper component.
    levels, sigmas, bounds : array, shape (2,), float64
        Of the components; values at or beyond a bound are no densities but masses.
    at : array, shape (2, 2), float64
        Log mass at each bound (first index) under each component.
    inside : array, shape (2, 3), float64
        Is added to: of each component the weight between the bounds, and the
        weighted sums of x - level and of its square.
    outside : array, shape (2, 2), float64
        Is added to: the weight at each bound (first index) of each component.
    bright : array, shape (groups,), float64
        Is added to: the weight of the upper component.
    """
    low, high = bounds[0], bounds[1]
    first, second = levels[0], levels[1]
    inverse0, inverse1 = 1 / sigmas[0], 1 / sigmas[1]
    rest0, rest1 = -math.log(sigmas[0]) - _LOG_SQRT_2PI, -math.log(sigmas[1]) - _LOG_SQRT_2PI
    total = 0.0
    for i in range(x.size):
        g, w, end = group[i], weight[i], -1
        u0, u1 = x[i] - first, x[i] - second
        if x[i] <= low:
            end = 0
        elif x[i] >= high:
            end = 1
        if end >= 0:
            a, b = at[end, 0], at[end, 1]
        else:
            a = rest0 - 0.5 * (u0 * inverse0) * (u0 * inverse0)
            b = rest1 - 0.5 * (u1 * inverse1) * (u1 * inverse1)
        a += log_shares[g, 0]
        b += log_shares[g, 1]
        t = math.exp(-abs(b - a))
        larger = w / (1 + t)
        smaller = t * larger
        lower, upper = (smaller, larger) if b >= a else (larger, smaller)
        total += w * (max(a, b) + math.log1p(t))
        bright[g] += upper
        if end >= 0:
            outside[end, 0] += lower
            outside[end, 1] += upper
        else:
            inside[0, 0] += lower
            inside[0, 1] += lower * u0
            inside[0, 2] += lower * u0 * u0
            inside[1, 0] += upper
            inside[1, 1] += upper * u1
            inside[1, 2] += upper * u1 * u1
    return total
