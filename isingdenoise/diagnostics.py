"""How far Markov chain Monte Carlo averages can be trusted.

The input is one scalar quantity (a magnetisation, an energy, one pixel's
spin) followed along several chains: an array of shape (chains, draws). The
estimators are the classical ones on the values themselves; there is no rank
normalisation, so a quantity without a finite variance is out of their reach.
The spins and energies of an Ising model are bounded, and need none.

Chains are split in halves first, which turns a drift within one chain into a
difference between two. An odd draw in the middle is left out.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from isingdenoise.errors import ParameterError

__all__ = ["autocorrelation", "effective_sample_size", "r_hat", "standard_error"]

_MIN_DRAWS = 4  # two per half: the fewest that have a variance

FloatArray = npt.NDArray[np.float64]


class _Variances(NamedTuple):
    """Variances of split chains, in units of the largest squared value."""

    centred: FloatArray  # (split chains, n): draws less their chain's mean
    within: float  # W, mean of the sample variances
    total: float  # var+ = (n - 1) / n W + B / n


def effective_sample_size(chains: npt.ArrayLike) -> float:
    """Return the number of independent draws that would give as precise a mean.

    With M split chains of n draws, W the mean of their variances s_m^2, B / n
    the variance of their means and rho_m their autocorrelations::

        var+  = (n - 1) / n W + B / n
        rho_t = 1 - (W - mean_m(s_m^2 rho_{m,t})) / var+
        tau   = -1 + 2 sum_{k=0}^{K} P_k,   P_k = rho_{2k} + rho_{2k+1}
        ESS   = M n / tau

    K is the last pair before the first with ``P_k <= 0``, and each P_k is cut
    to the smallest before it (Geyer's initial monotone positive sequence).
    ESS is at most ``M n log10(M n)``: antithetic chains may beat independent
    draws, but not without limit on the word of a noisy estimate.

    Parameters
    ----------
    chains : array_like, shape (chains, draws)
        Real and finite; a 1-D array is one chain.

    Returns
    -------
    float
        Effective number of draws; `nan` for fewer than 4 draws a chain, and
        where all draws are equal, because a quantity that never moved says
        nothing about how fast it mixes.

    Raises
    ------
    ParameterError
        If the array is empty of chains, has more than 2 axes, is not real, or
        holds NaN or infinity.

    References
    ----------
    A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Buerkner,
    "Rank-normalization, folding, and localization: an improved R-hat",
    Bayesian Analysis 16 (2021), section 3.2. A. Gelman et al., "Bayesian Data
    Analysis", 3rd ed., 2013, section 11.5. C. J. Geyer, "Practical Markov
    chain Monte Carlo", Statistical Science 7 (1992), section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> chains = np.random.default_rng(0).standard_normal((4, 500))
    >>> 1000 < effective_sample_size(chains) < 4000
    True
    """
    variances = _split_variances(_as_chains("chains", chains))
    if variances is None or variances.total == 0.0:
        return math.nan
    splits, n = variances.centred.shape
    covariance = _autocovariance(variances.centred).mean(axis=0) * (n / (n - 1))
    rho = 1.0 - (variances.within - covariance) / variances.total
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    falls = np.flatnonzero(pairs <= 0.0)
    kept = pairs[: falls[0]] if falls.size else pairs
    tau = -1.0 + 2.0 * float(np.minimum.accumulate(kept).sum())
    draws = splits * n
    return float(draws / max(tau, 1.0 / math.log10(draws)))


def r_hat(chains: npt.ArrayLike) -> float:
    """Split R-hat: how much wider the chains are together than each alone.

    ``R-hat = sqrt(var+ / W)`` with var+ and W as in `effective_sample_size`.

    Parameters
    ----------
    chains : array_like, shape (chains, draws)
        Real and finite; a 1-D array is one chain, whose halves are compared.

    Returns
    -------
    float
        Near 1 for chains that agree; above about 1.01 they should run longer.
        `nan` for fewer than 4 draws a chain or where all draws are equal;
        `inf` for chains that stand still at different values.

    Raises
    ------
    ParameterError
        As `effective_sample_size`.

    References
    ----------
    As `effective_sample_size`, and A. Gelman and D. B. Rubin, "Inference from
    iterative simulation using multiple sequences", Statistical Science 7
    (1992).

    Examples
    --------
    >>> import numpy as np
    >>> chains = np.random.default_rng(0).standard_normal((4, 500))
    >>> r_hat(chains) < 1.01, r_hat(chains + np.arange(4)[:, None]) > 1.1
    (True, True)
    """
    variances = _split_variances(_as_chains("chains", chains))
    if variances is None or variances.total == 0.0:
        return math.nan
    if variances.within == 0.0:
        return math.inf
    return math.sqrt(variances.total / variances.within)


def standard_error(chains: npt.ArrayLike) -> float:
    """Monte Carlo standard error of the mean of all draws.

    ``SE = sd / sqrt(ESS)`` with sd the sample standard deviation of all draws
    together (divisor: their number less 1).

    Parameters
    ----------
    chains : array_like, shape (chains, draws)
        Real and finite; a 1-D array is one chain.

    Returns
    -------
    float
        In the unit of the draws; `nan` wherever `effective_sample_size` is.

    Raises
    ------
    ParameterError
        As `effective_sample_size`.

    Examples
    --------
    >>> import numpy as np
    >>> chains = np.random.default_rng(0).standard_normal((4, 500))
    >>> 0.01 < standard_error(chains) < 0.04
    True
    """
    array = _as_chains("chains", chains)
    size = effective_sample_size(array)
    if math.isnan(size):
        return math.nan
    scale = float(np.abs(array).max())
    return scale * float((array / scale).std(ddof=1)) / math.sqrt(size)


def autocorrelation(chain: npt.ArrayLike) -> FloatArray:
    """Autocorrelation of one chain at every lag, by FFT.

    ``rho_t = sum_{i=1}^{N-t} (x_i - m)(x_{i+t} - m) / sum_i (x_i - m)^2``
    with m the mean of the chain: the biased estimator, one divisor for every
    lag, which keeps the noise of the long lags small. O(N log N).

    Parameters
    ----------
    chain : array_like, shape (draws,)
        Real and finite, at least one draw.

    Returns
    -------
    ndarray of float64, shape (draws,)
        rho_0 = 1 first; all `nan` for a constant chain.

    Raises
    ------
    ParameterError
        If the array is empty, has not 1 axis, is not real, or holds NaN or
        infinity.

    Examples
    --------
    >>> import numpy as np
    >>> autocorrelation(np.tile([1.0, -1.0], 50))[:3].round(2).tolist()
    [1.0, -0.99, 0.98]
    """
    array = np.asarray(chain)
    if array.ndim != 1 or array.size == 0:
        raise ParameterError("chain", f"must have shape (draws,), got {array.shape}")
    centred = _centre(_unit(_as_chains("chain", array)))[0]
    covariance = _autocovariance(centred)[0]
    if covariance[0] == 0.0:
        return np.full(array.shape, np.nan)
    return np.asarray(covariance / covariance[0])


def _as_chains(name: str, chains: npt.ArrayLike) -> FloatArray:
    """Return `chains` as float64 of shape (chains, draws), or raise."""
    array: npt.NDArray[Any] = np.asarray(chains)
    if array.dtype.kind not in "biuf":
        raise ParameterError(name, f"must be real numbers, got dtype {array.dtype}")
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[0] == 0):
        raise ParameterError(name, f"must have shape (chains, draws), got {array.shape}")
    result = np.atleast_2d(array).astype(np.float64)
    if not np.isfinite(result).all():
        raise ParameterError(name, "must be finite, found NaN or infinity")
    return result


def _split_variances(array: FloatArray) -> _Variances | None:
    """Split each chain in halves and measure them; None below 4 draws."""
    draws = array.shape[1]
    if draws < _MIN_DRAWS:
        return None
    n = draws // 2
    scaled = _unit(array)
    centred, means = _centre(np.concatenate([scaled[:, :n], scaled[:, draws - n :]]))
    within = float(np.square(centred).sum(axis=1).mean()) / (n - 1)
    # Means relative to the first: equal ones give a variance of exactly 0.
    between = float(np.var(means - means[0], ddof=1))
    return _Variances(centred, within, (n - 1) / n * within + between)


def _unit(array: FloatArray) -> FloatArray:
    """Divide by the largest absolute value, so that no square overflows."""
    scale = float(np.abs(array).max(initial=0.0))
    return array / scale if scale > 0.0 else array


def _centre(array: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the chains less their means, and the means.

    Through differences to the first draw: a constant chain becomes exactly
    zero, whatever its value, and not rounding noise that looks like a signal.
    """
    first = array[:, :1]
    shifted = array - first
    offset = shifted.mean(axis=1, keepdims=True)
    return shifted - offset, (first + offset)[:, 0]


def _autocovariance(centred: FloatArray) -> FloatArray:
    """Autocovariance (divisor n) of each centred row at lags 0 to n - 1."""
    n = centred.shape[1]
    # Zeros behind the draws keep the circular correlation from wrapping.
    length = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, n=length, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(np.fft.irfft(power, n=length, axis=1)[:, :n] / n)
