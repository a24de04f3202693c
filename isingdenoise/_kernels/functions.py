"""float32 tanh, exp, log and what is made of them as polynomials: loops around them vectorise.

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

# exp(r) = 1 + r + r^2 E(r) on |r| <= log(2) / 2
_E0, _E1, _E2, _E3, _E4 = (
    _f4(0.49999993451657604),
    _f4(0.1666652068910738),
    _f4(0.04166838736871051),
    _f4(0.008368709911035055),
    _f4(0.0013814613209365092),
)
_EXP_LIMIT = _f4(-87.0)
_LOG2_E = _f4(1.4426950408889634)
_EXPONENT_BIAS = _i4(127)
_SQRT_HALF_BITS = _i4(0x3F3504F3)
_LN2 = _f4(0.6931471805599453)
_ONE = _f4(1.0)
_HALF = _f4(0.5)
_MINUS_TWO = _f4(-2.0)


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
    """Return the natural logarithm of a float32 >= 0; log(0) = -88.

    Within 2e-7 relative in (0, 1], within 2e-7 in [1, 4].
    """
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


@formula
def exp_negative(x):
    """Return exp of a float32 <= 0, within 2e-7 + 6e-8 |x| relative; from -87 on that of -87."""
    x = max(x, _EXP_LIMIT)
    n = _i4(x * _LOG2_E - _HALF)  # cut off towards zero: the nearest, for x <= 0
    r = x - _f4(n) * _LN2  # in two parts it would be exact, but reassociation makes them one
    e = _E0 + r * (_E1 + r * (_E2 + r * (_E3 + r * _E4)))
    scale = _i4(_i4(n + _EXPONENT_BIAS) << _i4(23)).view(np.float32)
    return (_ONE + (r + r * r * e)) * scale


@formula
def log_2cosh(x):
    """Return log(2 cosh(x)) of a float32, within 2e-7 and the last place of |x|."""
    return abs(x) + log(_ONE + exp_negative(_MINUS_TWO * abs(x)))


@formula
def through(strength, a):
    """Return what a spin with field `a` gives on over an edge: atanh(tanh(strength) tanh(a)).

    It is min(|J|, |a|) and a correction of at most log(2) / 2, with the sign of J a: no large
    numbers are subtracted, so it is within 2e-7 for all finite float32, odd in both, and
    exactly 0 where one of them is.
    """
    J, f = abs(strength), abs(a)
    near, far = exp_negative(_MINUS_TWO * (J + f)), exp_negative(_MINUS_TWO * abs(J - f))
    size = min(J, f) + _HALF * log((_ONE + near) / (_ONE + far))
    return size if (strength >= 0) == (a >= 0) else -size
