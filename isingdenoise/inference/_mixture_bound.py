r"""The evidence lower bound of a mixture of factorised distributions.

For Q = sum_m a_m Q_m, with independent spins of means mu_m in each Q_m, and any factorised
R_k(z) = exp(sum_i r_ki z_i)::

    F = sum_m a_m ELBO(mu_m) + sum_k a_k (sum_i r_ki mu_ki - log sum_m a_m G_km)
    log G_km = sum_i log(cosh r_ki + mu_mi sinh r_ki)

G_km is the mean of R_k under Q_m. The second sum is at most the mutual information of the
component and the spins (Jaakkola and Jordan, 1998), by which the entropy of the mixture is
above the average of its components'. So F <= log Z + c for every r and a, and both
may be sought by any means. The sum over k is concave in each r_k.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

#: So many sites at a time, so that temporaries stay small.
_SITES = 1 << 14
#: Beyond it tanh is 1 to more places than means have.
_LARGEST = 15.0
_STEPS = 30
_HALVINGS = 12


class Mixture:
    """Components, their weights and tilts r, and the bound F that they give.

    Parameters
    ----------
    means : list of ndarray, shape (H, W), float32
        Means of each component.
    elbos : list of float
        Their evidence lower bounds.
    """

    def __init__(self, means: list[Image], elbos: list[float]) -> None:
        self.means = [mean.reshape(-1) for mean in means]
        self.shape = means[0].shape
        self.elbos = np.array(elbos, np.float64)
        self.tilts = [np.zeros_like(mean) for mean in self.means]
        weight = np.exp(self.elbos - self.elbos.max())
        self.weights: Floats = np.maximum(weight / weight.sum(), 1e-6)
        self.weights /= self.weights.sum()
        size = len(means)
        self.along: Floats = np.zeros(size)  # sum_i r_ki mu_ki
        self.log_g: Floats = np.zeros((size, size))

    def bound(self, weights: Floats | None = None) -> float:
        """Return F, of other weights where given."""
        a = self.weights if weights is None else weights
        return float(a @ (self.elbos + self.along - self._log_d(a)))

    def mean(self) -> Image:
        """Return the means of the mixture, (H, W)."""
        total = np.zeros(self.means[0].shape, np.float32)
        for a, mean in zip(self.weights, self.means, strict=True):
            total += np.float32(a) * mean
        return np.clip(total, -1, 1).reshape(self.shape)

    def heaviest(self) -> int:
        """Return the number of the component with the largest weight."""
        return int(np.argmax(self.weights))

    def tilt(self, k: int, tilt: Image) -> None:
        """Set r_k, (H, W) or flat."""
        self.tilts[k] = np.clip(tilt.reshape(-1), -_LARGEST, _LARGEST)
        self.along[k] = _dot(self.tilts[k], self.means[k])
        self.log_g[k] = [_log_mean(self.tilts[k], mean) for mean in self.means]

    def seek_weights(self) -> None:
        """Raise F by multiplicative steps of the weights, each kept only if F rises.

        Where components do not overlap, the first step leads to exp(ELBO) over their sum.
        """
        for _ in range(_STEPS):
            a, before = self.weights, self.bound()
            log_d = self._log_d(a)
            slope = self.elbos + self.along - log_d - a @ np.exp(self.log_g - log_d[:, None])
            for halving in range(_HALVINGS):
                log_a = np.log(a) + 0.5**halving * slope
                other = np.maximum(np.exp(log_a - log_a.max()), 1e-30)
                other /= other.sum()
                if self.bound(other) > before:
                    self.weights = other
                    break
            if self.bound() < before + 1e-9:
                return

    def seek_tilts(self) -> None:
        """Raise F by Newton's method in each r_k, in which it is concave."""
        for k in range(len(self.means)):
            for _ in range(_STEPS):
                if not self._newton(k):
                    break

    def extra_field(self, m: int) -> Image:
        """Return what the terms of the mixture add to the field of component m, (H, W).

        g_i = r_mi - sum_k (a_k G_km / D_k) sinh r_ki / (cosh r_ki + mu_mi sinh r_ki), the
        slope of these terms by mu_mi over a_m, with D_k = sum_m a_m G_km.
        """
        share = self.weights * np.exp(self.log_g[:, m] - self._log_d(self.weights))
        out = self.tilts[m].copy()
        for part in _parts(out.size):
            for k, tilt in enumerate(self.tilts):
                t = np.tanh(tilt[part].astype(np.float64))
                out[part] -= (share[k] * t / (1 + self.means[m][part] * t)).astype(np.float32)
        return out.reshape(self.shape)

    def replace(self, m: int, mean: Image, elbo: float) -> bool:
        """Give component m other means, and tell whether F rises; else it stays as it is."""
        before = self.bound()
        old = self.means[m], self.elbos.copy(), self.along.copy(), self.log_g.copy()
        self.means[m], self.elbos[m] = mean.reshape(-1), elbo
        self.along[m] = _dot(self.tilts[m], self.means[m])
        self.log_g[:, m] = [_log_mean(tilt, self.means[m]) for tilt in self.tilts]
        if self.bound() > before:
            return True
        self.means[m], self.elbos, self.along, self.log_g = old
        return False

    def _log_d(self, weights: Floats) -> Floats:
        """Return log sum_m a_m G_km for each k."""
        terms = self.log_g + np.log(weights)
        top = terms.max(axis=1)
        return np.asarray(top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))

    def _newton(self, k: int) -> bool:
        """Do one Newton step in r_k; tell whether it was worth its while.

        With w_m = a_m G_km / D_k and t_m = tanh(r_k + atanh mu_m), the slope is
        mu_k - sum_m w_m t_m, and minus the curvature is a diagonal, sum_m w_m (1 - t_m^2),
        and sum_m w_m (t_m - t)(t_m - t)^T: of the rank of the components, so that the
        step takes sums of products (Sherman, Morrison and Woodbury).
        """
        w = self.weights * np.exp(self.log_g[k] - self._log_d(self.weights)[k])
        size = len(w)
        inner, along = np.eye(size), np.zeros(size)
        for part in _parts(self.means[0].size):
            slope, diagonal, spread = self._curvature(k, w, part)
            # einsum: what BLAS returns may depend on how many threads it has
            inner += np.einsum("ms,ns->mn", spread / diagonal, spread)
            along += np.einsum("ms,s->m", spread, slope / diagonal)
        solved = np.linalg.solve(inner, along)
        step = np.empty_like(self.tilts[k])
        for part in _parts(step.size):
            slope, diagonal, spread = self._curvature(k, w, part)
            step[part] = np.clip((slope - np.einsum("m,ms->s", solved, spread)) / diagonal, -2, 2)
        return self._line_search(k, step)

    def _curvature(self, k: int, w: Floats, part: slice) -> tuple[Floats, Floats, Floats]:
        """Return the slope by r_k, and the diagonal and the roots of its curvature."""
        tilt = np.tanh(self.tilts[k][part].astype(np.float64))
        mu = np.stack([mean[part].astype(np.float64) for mean in self.means])
        t = (tilt + mu) / (1 + mu * tilt)
        middle = np.einsum("m,ms->s", w, t)
        diagonal = np.maximum(np.einsum("m,ms->s", w, 1 - t * t), 1e-6)
        return mu[k] - middle, diagonal, np.sqrt(w)[:, None] * (t - middle)

    def _line_search(self, k: int, step: Image) -> bool:
        """Add as much of a step to r_k as raises F; tell whether it rose by more than rounding."""
        before = self.bound()
        old = self.tilts[k], self.along[k], self.log_g[k].copy()
        for halving in range(_HALVINGS):
            self.tilt(k, old[0] + np.float32(0.5**halving) * step)
            if (risen := self.bound() - before) > 0:
                return risen > 1e-5
        self.tilts[k], self.along[k], self.log_g[k] = old
        return False


def _parts(size: int) -> Iterator[slice]:
    for first in range(0, size, _SITES):
        yield slice(first, first + _SITES)


def _dot(a: Image, b: Image) -> float:
    """Return sum_i a_i b_i in float64."""
    return sum(float(np.sum(a[p].astype(np.float64) * b[p])) for p in _parts(a.size))


def _log_mean(tilt: Image, mean: Image) -> float:
    """Return log E exp(sum_i r_i z_i) over independent spins: sum_i log(cosh r + mu sinh r)."""
    total = 0.0
    for part in _parts(tilt.size):
        size = np.abs(tilt[part].astype(np.float64))
        mu = np.copysign(1.0, tilt[part]) * mean[part].astype(np.float64)
        # cosh r + mu sinh r = exp(|r|) (1 + m + (1 - m) exp(-2 |r|)) / 2, with m = mu sign(r)
        total += float(np.sum(size + np.log((1 + mu + (1 - mu) * np.exp(-2 * size)) / 2)))
    return total
