"""Two levels under one smooth surface, fitted to the histograms of all blocks by EM."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._blocks import BINS, Blocks, Floats

_OUTLIERS = 0.01  # of the patches lie anywhere, whatever the block
_LOG_STEP = 0.5  # a round that changes the log likelihood by less is the last one
_DIMMEST = 0.02  # the least light allowed while fitting, of the mean


@dataclass(frozen=True, eq=False)
class State:
    """The mixture's parameters.

    Parameters
    ----------
    coefficients : ndarray, shape (p,)
        Of the surface b m_+ in the basis; the first is its constant.
    ratio : float
        m_- / m_+.
    sigma : float
        Standard deviation of a pixel's noise.
    shares : ndarray, shape (3, K)
        Of the dark, the bright and the mixed patches in each block.
    log_likelihood : float
        In nats, at the parameters before the last M-step.
    """

    coefficients: Floats
    ratio: float
    sigma: float
    shares: Floats
    log_likelihood: float = -math.inf


@dataclass(frozen=True, eq=False)
class _Clipped:
    """Of one level in each block: what is seen of it once pixels saturate, shape (K,) each.

    Parameters
    ----------
    mean : ndarray
        Of a pixel, before it saturates.
    seen : ndarray
        Its mean as saturated.
    slope : ndarray
        Of `seen` in `mean`: the share of pixels that do not saturate, 0.1 at least.
    narrowing : ndarray
        Variance of a saturated pixel over sigma^2.
    """

    mean: Floats
    seen: Floats
    slope: Floats
    narrowing: Floats


@dataclass(frozen=True, eq=False)
class _Moments:
    """Of one level in each block: expected patches, sums and squares of value less `seen`."""

    level: _Clipped
    count: Floats
    first: Floats
    second: Floats

    def target(self) -> tuple[Floats, Floats]:
        """Return weight, and weight times working value, of a least squares fit for the mean.

        Fisher's scoring: the seen value moves `slope` times as far as the mean does.
        """
        level = self.level
        gain = level.slope / level.narrowing
        weight = gain * level.slope * self.count
        return weight, weight * level.mean + gain * self.first

    def squares(self, mean: Floats) -> float:
        """Return the sum of squares about what is seen of a new mean."""
        move = self.level.slope * (mean - self.level.mean)
        return float((self.second - 2 * move * self.first + move**2 * self.count).sum())


def fit_mixture(
    blocks: Blocks,
    basis: Floats,
    penalty: Floats,
    start: State,
    *,
    rounds: int,
    prior: float = 1.0,
) -> State:
    r"""Return the state that EM reaches from `start`.

    A patch of block k has the density

    .. math:: w_{k-} N(b_k m_-, \sigma^2 / s^2) + w_{k+} N(b_k m_+, \sigma^2 / s^2) + w_{k0} U

    with U uniform over the bins (patches across an edge). The surface is
    linear in its coefficients, so its M-step is a weighted least squares.
    Stops when the log likelihood changes by less than 0.5, or after `rounds`.

    Parameters
    ----------
    blocks : Blocks
        The histograms.
    basis : ndarray, shape (K, p)
        Basis functions at the blocks' centres.
    penalty : ndarray, shape (p,)
        Inverse prior variance of each coefficient relative to the first.
    start : State
        Where to begin.
    rounds : int
        Most rounds.
    prior : float
        Patches added to each block in the picture's overall shares. A negative
        number is taken from each class instead: with -1/2 a class that too few patches
        support vanishes from the block (Figueiredo and Jain 2002).
    """
    state = start
    for _ in range(rounds):
        likelihood, levels = _expect(blocks, basis, state)
        change = abs(likelihood - state.log_likelihood)
        state = replace(state, log_likelihood=likelihood)
        if change < _LOG_STEP:
            break
        state = _maximise(blocks, basis, penalty, state, levels, prior)
    return state


def light(basis: Floats, coefficients: Floats) -> Floats:
    """Return the surface at the blocks, kept positive."""
    surface: Floats = np.maximum(basis @ coefficients, _DIMMEST * abs(coefficients[0]))
    return surface


def _expect(blocks: Blocks, basis: Floats, state: State) -> tuple[float, list[_Moments]]:
    """Return the log likelihood, and the expected moments of the dark and the bright level."""
    b = light(basis, state.coefficients)
    values, shares = blocks.values, (1 - _OUTLIERS) * state.shares
    levels = [_saturated(mean, state.sigma, blocks.limits) for mean in (state.ratio * b, b)]
    parts = []
    for share, level in zip(shares, levels, strict=False):
        deviation = np.sqrt(level.narrowing) * state.sigma / blocks.side
        deviation = np.maximum(deviation, 0.4 * blocks.step)  # no narrower than a bin
        part = values - level.seen[:, None].astype(np.float32)
        part *= part
        part *= (-0.5 / deviation**2).astype(np.float32)[:, None]
        np.exp(part, out=part)
        height = share * blocks.step / (math.sqrt(2 * math.pi) * deviation)
        part *= height.astype(np.float32)[:, None]
        parts.append(part)
    density = parts[0] + parts[1]
    density += ((shares[2] + _OUTLIERS) / BINS).astype(np.float32)[:, None]
    likelihood = float(np.einsum("ij,ij->", blocks.counts, np.log(density), dtype=np.float64))
    weight = blocks.counts / density
    powers = np.stack([np.ones_like(values), values, values * values], axis=1)
    moments = []
    for part, level in zip(parts, levels, strict=True):
        count, total, square = ((part * weight) @ powers).astype(np.float64).T
        second = square - 2 * level.seen * total + level.seen**2 * count
        moments.append(_Moments(level, count, total - level.seen * count, second))
    return likelihood, moments


def _maximise(
    blocks: Blocks,
    basis: Floats,
    penalty: Floats,
    state: State,
    levels: list[_Moments],
    prior: float,
) -> State:
    """Return the M-step: surface, then ratio, then sigma, each given those before it."""
    dark, bright = levels
    patch = blocks.side**2 / state.sigma**2
    (dark_weight, dark_target), (bright_weight, bright_target) = dark.target(), bright.target()
    weight = patch * (bright_weight + state.ratio**2 * dark_weight)
    target = patch * (bright_target + state.ratio * dark_target)
    normal = basis.T @ (basis * weight[:, None])
    normal[np.diag_indices_from(normal)] += penalty / state.coefficients[0] ** 2
    normal[np.diag_indices_from(normal)] += 1e-9 * weight.sum() + 1e-30
    coefficients: Floats = np.linalg.solve(normal, basis.T @ target).astype(np.float64)
    b = light(basis, coefficients)
    known = max(float(b * b @ dark_weight), 1e-30)
    ratio = float(np.clip(float(b @ dark_target) / known, -2, 0.98))
    squares = dark.squares(ratio * b) + bright.squares(b)
    freedom = sum(float(level.count @ level.level.narrowing) for level in levels) + 1e-9
    sigma = blocks.side * math.sqrt(max(squares, 0.0) / freedom)
    shares = _shares(blocks, dark.count, bright.count, prior)
    return replace(
        state,
        coefficients=coefficients,
        ratio=ratio,
        sigma=max(sigma, 0.4 * blocks.step),
        shares=shares,
    )


def _shares(blocks: Blocks, dark: Floats, bright: Floats, prior: float) -> Floats:
    """Return the shares of dark, bright and mixed patches in each block, shape (3, K)."""
    mixed = np.maximum(blocks.counts.sum(axis=1) - dark - bright, 0)
    counts = np.stack([dark, bright, mixed])
    overall = counts.sum(axis=1, keepdims=True) / counts.sum()
    counts = np.maximum(counts + (prior * overall if prior > 0 else prior), 1e-4)
    shares: Floats = counts / counts.sum(axis=0)
    return shares


def _saturated(mean: Floats, sigma: float, limits: tuple[float, float]) -> _Clipped:
    """Return what is seen of normal values about `mean` that are clipped to `limits`."""
    if not math.isfinite(limits[1]):
        return _Clipped(mean, mean, np.ones_like(mean), np.ones_like(mean))
    # beyond four sigma outside, all is clipped: the tail no longer matters
    low = np.clip((limits[0] - mean) / sigma, -8, 4)
    high = np.clip((limits[1] - mean) / sigma, -4, 8)
    below, above = _normal_mass(low), _normal_mass(-high)
    at_low, at_high = (np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi) for a in (low, high))
    first = at_low - at_high + low * below + high * above
    second = 1 - below - above + low * at_low - high * at_high + low**2 * below + high**2 * above
    narrowing = np.maximum(second - first**2, 0.05)
    return _Clipped(mean, mean + sigma * first, np.maximum(1 - below - above, 0.1), narrowing)


def _normal_mass(a: Floats) -> Floats:
    """Return Phi(a) to 1e-7 (Abramowitz and Stegun 7.1.26)."""
    u = np.abs(a) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * u)
    series = 0.254829592 + t * (
        -0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))
    )
    tail = 0.5 * t * series * np.exp(-u * u)
    mass: NDArray[np.float64] = np.where(a < 0, tail, 1 - tail)
    return mass
