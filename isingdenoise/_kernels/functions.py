"""float32 tanh and entropy as polynomials, so that the loops around them vectorise.

numba has no vector mathematics library any more: one `math.tanh` in a loop
makes it run pixel by pixel. `scripts/fit_functions.py` prints the coefficients.
"""

from __future__ import annotations

import numpy as np

from ._jit import formula

_f4 = np.float32
_i4 = np.int32

# tanh(x) = x P(x^2) / Q(x^2) on |x| <= 9; from there on it is 1 to the last place.
TANH_LIMIT = _f4(9.0)
_P0, _P1, _P2, _P3, _P4 = (
    _f4(0.9999999063604162),
    _f4(0.13373195973172344),
    _f4(0.0034865798375357778),
    _f4(2.0471796759371246e-05),
    _f4(1.3184177958438677e-08),
)
_Q1, _Q2, _Q3, _Q4 = (
    _f4(0.4670649283778129),
    _f4(0.025841971390701404),
    _f4(0.000327138202195496),
    _f4(7.702644472157965e-07),
)

# log(1 + t) = t + t^2 R(t) on sqrt(1/2) <= 1 + t <= sqrt(2)
_R0, _R1, _R2, _R3, _R4, _R5, _R6, _R7 = (
    _f4(-0.4999999160628057),
    _f4(0.333339502263285),
    _f4(-0.2500175527019232),
    _f4(0.19962071939917778),
    _f4(-0.1657050760727246),
    _f4(0.1491797525503542),
    _f4(-0.14307526965026976),
    _f4(0.08734844909016067),
)
_SQRT_HALF_BITS = _i4(0x3F3504F3)
_LN2 = _f4(0.6931471805599453)
_ONE = _f4(1.0)
_HALF = _f4(0.5)


@formula
def tanh_unbounded(x):
    """Return tanh of a float32, within 4e-7; rounding may take it that far beyond [-1, 1]."""
    x = min(max(x, -TANH_LIMIT), TANH_LIMIT)
    u = x * x
    p = x * (_P0 + u * (_P1 + u * (_P2 + u * (_P3 + u * _P4))))
    q = _ONE + u * (_Q1 + u * (_Q2 + u * (_Q3 + u * _Q4)))
    return p / q


@formula
def tanh(x):
    """Return tanh of a float32, within 4e-7 and never outside [-1, 1]."""
    return min(max(tanh_unbounded(x), -_ONE), _ONE)


@formula
def log(x):
    """Return the natural logarithm of a float32 in [0, 1], within 2e-7 relative; log(0) = -88."""
    bits = _f4(x).view(np.int32)
    exponent = _i4(_i4(bits - _SQRT_HALF_BITS) >> _i4(23))
    mantissa = _i4(bits - _i4(exponent << _i4(23)))
    t = mantissa.view(np.float32) - _ONE
    r = _R4 + t * (_R5 + t * (_R6 + t * _R7))
    r = _R0 + t * (_R1 + t * (_R2 + t * (_R3 + t * r)))
    return _f4(exponent) * _LN2 + (t + t * t * r)


@formula
def entropy(mean):
    """Return the entropy in nats of a spin with the given mean, 0 at -1 and +1."""
    p = _HALF + _HALF * mean
    q = _HALF - _HALF * mean
    return -(p * log(p) + q * log(q))
