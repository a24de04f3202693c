"""Which surface: starts for the mixture, and the choice of the degree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial.legendre import legvander

from ._blocks import Blocks, Floats
from ._mixture import State, fit_mixture, light

_HIGHEST = 11
_STEPS_UP = (6, 8, _HIGHEST)
_QUANTILES = (0.08, 0.5, 0.92, None)  # what a first surface follows; None is the mean
_FEW, _SOME, _MANY = 10, 20, 60  # rounds of EM
_LEAST = 0.02  # root mean square departure from even light that matters
_DARKEST = 0.1  # the least light believed in, of the most
_BLACKEST = -0.1  # the least m_- / m_+ that noise makes of a black level of 0
_PURE = -0.5  # the prior of the last fit: a block without dark patches has none

Orders = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Fit:
    """A surface, as coefficients of products of Legendre polynomials.

    Parameters
    ----------
    degree : int
        Highest total degree.
    orders : list of tuple of int
        (i, j) of each term P_i(row) P_j(column), rows and columns in -1 to 1.
    coefficients : ndarray, shape (p,)
        The first is the surface's constant.
    span : tuple of float
        Least and most light on a block with observed pixels.
    """

    degree: int
    orders: Orders
    coefficients: Floats
    span: tuple[float, float]


class _Fitter:
    """Fits surfaces of any degree to one picture's blocks."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        n = (blocks.rows.size, blocks.columns.size)
        # a wave needs two blocks; sorted, so that a lower degree is a shorter vector
        pairs = [
            (i, j)
            for i in range(_HIGHEST + 1)
            for j in range(_HIGHEST + 1 - i)
            if i <= n[0] // 2 and j <= n[1] // 2
        ]
        self.orders: Orders = sorted(pairs, key=lambda pair: (sum(pair), pair))
        self.totals = np.array([i + j for i, j in self.orders])
        rows, columns = (legvander(c, _HIGHEST) for c in (blocks.rows, blocks.columns))
        self.basis: Floats = np.stack(
            [np.outer(rows[:, i], columns[:, j]).reshape(-1) for i, j in self.orders], axis=1
        )
        # standard deviation 1 / (2 + 2 degree) of the mean light
        self.penalty: Floats = np.where(self.totals > 0, 4.0 * (1 + self.totals) ** 2, 0.0)
        self.observed = blocks.counts.sum(axis=1) > 0
        self.log_count = math.log(float(blocks.counts.sum()))

    def terms(self, degree: int) -> int:
        return int(np.count_nonzero(self.totals <= degree))

    def run(self, state: State, degree: int, rounds: int, prior: float = 1.0) -> State:
        """Return EM's result from `state`, its surface cut or filled up to `degree`."""
        p = self.terms(degree)
        coefficients = np.zeros(p)
        kept = min(p, state.coefficients.size)
        coefficients[:kept] = state.coefficients[:kept]
        start = replace(state, coefficients=coefficients, log_likelihood=-math.inf)
        basis, penalty = self.basis[:, :p], self.penalty[:p]
        return fit_mixture(self.blocks, basis, penalty, start, rounds=rounds, prior=prior)

    def surface(self, state: State) -> Floats:
        """Return b m_+ at the blocks with observed pixels."""
        surface = light(self.basis[:, : state.coefficients.size], state.coefficients)
        seen: Floats = surface[self.observed]
        return seen

    def score(self, state: State) -> float:
        """Return minus half the Bayesian information criterion; -inf for a surface too dark."""
        b = self.surface(state)
        if b.min() < _DARKEST * b.max():
            return -math.inf
        return state.log_likelihood - 0.5 * (state.coefficients.size - 1) * self.log_count

    def follow(self, degree: int, quantile: float | None) -> Floats:
        """Return the surface nearest to one quantile, or to the mean (None), of each block."""
        basis = self.basis[self.observed, : self.terms(degree)]
        counts = self.blocks.counts[self.observed]
        if quantile is None:
            seen = counts @ self.blocks.values / counts.sum(axis=1)
        else:
            below = np.cumsum(counts, axis=1)
            seen = self.blocks.values[(below >= quantile * below[:, -1:]).argmax(axis=1)]
        normal = basis.T @ basis + 1e-6 * np.eye(basis.shape[1])
        coefficients: Floats = np.linalg.solve(normal, basis.T @ seen)
        return coefficients

    def begin(self, coefficients: Floats) -> State | None:
        """Return a first state for a surface: Otsu's two classes of the values divided by it."""
        if coefficients[0] <= 0:
            return None
        basis = self.basis[:, : coefficients.size]
        b = np.maximum(basis @ coefficients, _DARKEST * coefficients[0])
        low, high, spread, share = _two_classes(self.blocks, b)
        if high <= 0:
            return None
        shares = np.array([0.9 * (1 - share), 0.9 * share, 0.1])[:, None]
        return State(
            coefficients=coefficients * high,
            ratio=float(np.clip(low / high, -2, 0.98)),
            sigma=self.blocks.side * spread * float(b.mean()),
            shares=np.repeat(shares, b.size, axis=1),
        )


def find_surface(blocks: Blocks) -> Fit | None:
    """Return the light on a picture, or None where it is even or cannot be told.

    EM finds the nearest optimum only, so it starts from the even light and
    from surfaces that follow the bright, the middling, the dark and the mean
    of the blocks; the likeliest goes on. Degrees fall from 4 to 1, then rise
    as long as the criterion does.
    """
    fitter = _Fitter(blocks)
    first = fitter.begin(np.ones(1))
    if first is None:
        return None
    even = fitter.run(first, 0, 2 * _MANY)
    best = _best_of_degrees(fitter, _likeliest(fitter, even))
    if fitter.score(best) <= fitter.score(even):
        return None
    degree = int(fitter.totals[best.coefficients.size - 1])
    best = fitter.run(best, degree, _MANY, _PURE)
    b = fitter.surface(best)
    if b.std() < _LEAST * b.mean() or b.min() < _DARKEST * b.max() or _is_signed(blocks, best):
        return None
    orders = fitter.orders[: best.coefficients.size]
    return Fit(degree, orders, best.coefficients, (float(b.min()), float(b.max())))


def _is_signed(blocks: Blocks, state: State) -> bool:
    """Tell whether the black level is below 0, so that the light is no factor.

    Of noise about 0, less than one pixel in a hundred lies below -2.33 sigma;
    this shows dark parts too thin to fill a patch as well.
    """
    return state.ratio < _BLACKEST or blocks.darkest < -1.2 * 2.33 * state.sigma


def _likeliest(fitter: _Fitter, even: State) -> State:
    """Return a state of degree 4 from the best of several starts."""
    states = [fitter.run(even, 2, _FEW)]
    for degree in (2, 4):
        for quantile in _QUANTILES:
            start = fitter.begin(fitter.follow(degree, quantile))
            if start is not None:
                states.append(fitter.run(start, degree, _FEW))
    states.sort(key=lambda state: -state.log_likelihood)
    states = [fitter.run(state, 4, _SOME) for state in states[:3]]
    return fitter.run(max(states, key=lambda state: state.log_likelihood), 4, _MANY)


def _best_of_degrees(fitter: _Fitter, four: State) -> State:
    """Return the state of the degree with the best score."""
    best = now = four
    for degree in (3, 2, 1):
        now = fitter.run(now, degree, _MANY)
        best = max(best, now, key=fitter.score)
    now = four
    for degree in _STEPS_UP:
        higher = fitter.run(now, degree, _MANY)
        if fitter.score(higher) <= fitter.score(now):
            break
        now = higher
    return max(best, now, key=fitter.score)


def _two_classes(blocks: Blocks, b: Floats) -> tuple[float, float, float, float]:
    """Return (low, high, spread, share of high) of the values over `b`, split by Otsu (1979)."""
    scaled = blocks.values / b[:, None]
    met = scaled[blocks.counts > 0]
    counts, edges = np.histogram(
        scaled, 200, range=(float(met.min()), float(met.max())), weights=blocks.counts
    )
    middle = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middle)
    with np.errstate(invalid="ignore", divide="ignore"):
        lows, highs = sums[:-1] / below, (sums[-1] - sums[:-1]) / above
        k = int(np.nan_to_num(below * above * (highs - lows) ** 2).argmax())
    low, high, share = float(lows[k]), float(highs[k]), float(above[k] / counts.sum())
    square = float(counts @ middle**2 / counts.sum())
    variance = square - share * high**2 - (1 - share) * low**2
    return low, high, math.sqrt(max(variance, 1e-9)), share
