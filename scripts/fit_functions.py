"""Print the polynomial coefficients of isingdenoise/_kernels/functions.py.

The fits minimise the largest error by Lawson's algorithm: weighted linear
least squares whose weights grow where the error is large; a rational function
is made linear by multiplying with the denominator of the round before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 400


def lawson(
    design: Callable[[Floats], tuple[Floats, Floats]],
    error: Callable[[Floats], Floats],
    points: int,
) -> tuple[float, Floats]:
    """Return the smallest largest error met, and its coefficients."""
    weight = np.ones(points)
    best, coefficients = np.inf, np.empty(0)
    found = np.empty(0)
    for _ in range(ROUNDS):
        matrix, target = design(found)
        scaled = matrix * weight[:, None]
        norm = np.linalg.norm(scaled, axis=0)
        found = np.linalg.lstsq(scaled / norm, target * weight, rcond=None)[0] / norm
        wrong = np.abs(error(found))
        if wrong.max() < best:
            best, coefficients = float(wrong.max()), found
        weight = np.sqrt(weight**2 * (wrong / wrong.max() + 1e-3))
        weight /= weight.max()
    return best, coefficients


def fit_tanh(top: int = 4, bottom: int = 4, limit: float = 9.0) -> None:
    """Fit tanh(x) = x P(x^2) / Q(x^2) on (0, limit], Q(0) = 1."""
    x = limit * (1 - np.cos(np.linspace(0, np.pi, 4001)))[1:] / 2
    y = np.tanh(x)
    t = x / limit  # scaled, so that the columns are of one size
    u = t**2

    def denominator(c: Floats) -> Floats:
        return np.asarray(1 + (u[:, None] ** np.arange(1, bottom + 1)) @ c[top + 1 :])

    def design(c: Floats) -> tuple[Floats, Floats]:
        q = denominator(c) if c.size else np.ones_like(x)
        numerator = t[:, None] * u[:, None] ** np.arange(top + 1)
        rest = -y[:, None] * u[:, None] ** np.arange(1, bottom + 1)
        return np.hstack([numerator, rest]) / q[:, None], y / q

    def error(c: Floats) -> Floats:
        p = t * (u[:, None] ** np.arange(top + 1) @ c[: top + 1])
        return np.asarray(p / denominator(c) - y)

    worst, c = lawson(design, error, x.size)
    p = c[: top + 1] / limit ** (2 * np.arange(top + 1) + 1)
    q = c[top + 1 :] / limit ** (2 * np.arange(1, bottom + 1))
    print(f"tanh: largest error {worst:.2g}\n  P {p.tolist()}\n  Q {q.tolist()}")


def fit_log(degree: int = 7) -> None:
    """Fit log(1 + t) = t + t^2 R(t) on [sqrt(1/2) - 1, sqrt(2) - 1], relative error."""
    low, high = np.sqrt(0.5) - 1, np.sqrt(2) - 1
    t = (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, 4001))
    t = t[np.abs(t) > 1e-9]
    y = np.log1p(t)
    matrix = (t**2)[:, None] * t[:, None] ** np.arange(degree + 1) / y[:, None]
    target = (y - t) / y
    worst, c = lawson(lambda _: (matrix, target), lambda c: matrix @ c - target, t.size)
    print(f"log: largest relative error {worst:.2g}\n  R {c.tolist()}")


def fit_exp(degree: int = 4) -> None:
    """Fit exp(r) = 1 + r + r^2 Q(r) on |r| <= log(2) / 2, relative error."""
    half = np.log(2) / 2
    r = half * np.cos(np.linspace(0, np.pi, 4001))
    y = np.exp(r)
    matrix = (r**2)[:, None] * r[:, None] ** np.arange(degree + 1) / y[:, None]
    target = (y - 1 - r) / y
    worst, c = lawson(lambda _: (matrix, target), lambda c: matrix @ c - target, r.size)
    print(f"exp: largest relative error {worst:.2g}\n  E {c.tolist()}")


if __name__ == "__main__":
    fit_tanh()
    fit_log()
    fit_exp()
