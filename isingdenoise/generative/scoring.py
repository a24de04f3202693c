"""How likely a model finds patches: bounds on log p(x), and how many latent numbers it uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..validation import check_int, check_real
from ._torch import Tensor, load, on_one_thread
from .bounds import effective_samples, elbo_terms, importance_bound, log_weights
from .model import Vae
from .training import generator_of, rows_of

__all__ = ["Score", "Validation", "active_units", "bounds_by_samples", "score", "validate"]

_AT_ONCE = 4096  # patches times draws that are decoded together: 16 MB of log odds
_BATCH = 256


@dataclass(frozen=True, eq=False)
class Score:
    """Lower bounds on log p(x) of patches, in nats.

    Attributes
    ----------
    elbo : ndarray of float64, shape (n,)
        Of each patch: L_1, from all draws.
    bound : ndarray of float64, shape (n,)
        L_K: never below the ELBO but by chance.
    effective_samples : ndarray of float64, shape (n,)
        How many equal weights the K draws are worth: near 1, the bound is loose.
    samples : int
        K.
    pixels : int
        Observed pixels of all patches together.
    """

    elbo: NDArray[np.float64]
    bound: NDArray[np.float64]
    effective_samples: NDArray[np.float64]
    samples: int
    pixels: int

    @property
    def bits_per_pixel(self) -> float:
        """-L_K of all patches together, in bits for each observed pixel: at most so long a code."""
        return float(-self.bound.sum() / np.log(2) / self.pixels)


@dataclass(frozen=True)
class Validation:
    """What a model makes of patches that it has not seen: means in nats a patch.

    Attributes
    ----------
    elbo, reconstruction, divergence : float
        The ELBO and its two terms.
    bound : float
        L_K.
    samples : int
        K.
    active_units : int
        Latent numbers in use (`active_units`).
    latent : int
        Latent numbers that there are.
    patches : int
        How many patches these are means of.
    """

    elbo: float
    reconstruction: float
    divergence: float
    bound: float
    samples: int
    active_units: int
    latent: int
    patches: int

    def record(self) -> dict[str, Any]:
        """Return it as plain values with stable keys."""
        return asdict(self)


def score(
    model: Vae,
    patches: ArrayLike,
    known: ArrayLike | None = None,
    *,
    samples: int = 64,
    seed: int = 0,
) -> Score:
    """Bound log p(x) of patches from below by importance sampling.

    Parameters
    ----------
    model : Vae
        The model.
    patches : array_like of bool, shape (n, 32, 32)
        True is bright.
    known : array_like of bool, shape (n, 32, 32), optional
        False where a pixel is not observed: bounded is log p of the others. The encoder
        sees what stands there all the same, and the bound holds whatever it is.
    samples : int
        K, at least 1.
    seed : int
        Of the draws.

    Returns
    -------
    Score

    Raises
    ------
    ParameterError
        An argument is out of range or of the wrong shape.
    """
    count = check_int("samples", samples, low=1)
    rows = rows_of(patches)
    seen = None if known is None else rows_of(known)
    weights = weights_of(model, rows, seen, count, seed).double()
    return Score(
        elbo=weights.mean(0).numpy(),
        bound=importance_bound(weights).numpy(),
        effective_samples=effective_samples(weights).numpy(),
        samples=count,
        pixels=rows.numel() if seen is None else int(seen.sum()),
    )


def weights_of(model: Vae, rows: Tensor, known: Tensor | None, samples: int, seed: int) -> Tensor:
    """Return log weights of so many draws: shape (samples, n)."""
    torch = load()
    source = generator_of(seed)
    latent = model.architecture.latent
    found = []
    with torch.no_grad(), on_one_thread():
        for first in range(0, len(rows), _BATCH):
            x = rows[first : first + _BATCH].float()
            seen = None if known is None else known[first : first + _BATCH].float()
            belief = model.belief(x)
            most = max(1, _AT_ONCE // len(x))
            parts = []
            for done in range(0, samples, most):
                noise = torch.randn((min(most, samples - done), len(x), latent), generator=source)
                likelihood = _likelihood(model, x, seen)
                parts.append(log_weights(belief, likelihood, noise))
            found.append(torch.cat(parts))
    return torch.cat(found, 1)


def _likelihood(model: Vae, x: Tensor, known: Tensor | None) -> Any:
    return lambda z: model.log_likelihood(x, z, known)


def active_units(
    model: Vae, patches: ArrayLike, *, least: float = 0.01, samples: int = 16, seed: int = 0
) -> int:
    r"""Count the latent numbers that depend on the picture.

    A latent number is active if

    .. math:: \mathrm{Var}_x \, E_{q(z | x)} z_j > 0.01

    (Y. Burda, R. Grosse and R. Salakhutdinov, ICLR 2016). The variance is the covariance
    of two means over independent draws, so that the noise of the draws adds nothing.

    Parameters
    ----------
    model : Vae
        The model.
    patches : array_like of bool, shape (n, 32, 32)
        Pictures, at least two.
    least : float
        The variance above which a number is active, above 0.
    samples : int
        Draws of each of the two means, at least 1.
    seed : int
        Of the draws.

    Returns
    -------
    int
        0 to `model.architecture.latent`.
    """
    limit = check_real("least", least, low=0, low_open=True)
    count = check_int("samples", samples, low=1)
    rows = rows_of(patches)
    torch = load()
    source = generator_of(seed)
    means: list[list[Tensor]] = [[], []]
    with torch.no_grad(), on_one_thread():
        for first in range(0, len(rows), _BATCH):
            belief = model.belief(rows[first : first + _BATCH].float())
            size = (count, len(rows[first : first + _BATCH]), model.architecture.latent)
            for half in means:
                half.append(belief.draw(torch.randn(size, generator=source))[0].mean(0))
    one, two = (torch.cat(half) for half in means)
    variance = ((one - one.mean(0)) * (two - two.mean(0))).mean(0)
    return int((variance > limit).sum())


def validate(model: Vae, patches: ArrayLike, *, samples: int = 64, seed: int = 0) -> Validation:
    """Return the ELBO, its terms, L_K and the active units for patches.

    Parameters
    ----------
    model, patches, samples, seed
        As of `score`.

    Returns
    -------
    Validation

    Raises
    ------
    ParameterError
        As `score`.
    """
    found = score(model, patches, samples=samples, seed=seed)
    rows = rows_of(patches)
    divergence = _divergence(model, rows, seed)
    elbo = float(found.elbo.mean())
    return Validation(
        elbo=elbo,
        reconstruction=elbo + divergence,
        divergence=divergence,
        bound=float(found.bound.mean()),
        samples=found.samples,
        active_units=active_units(model, patches, seed=seed),
        latent=model.architecture.latent,
        patches=len(rows),
    )


def _divergence(model: Vae, rows: Tensor, seed: int, samples: int = 16) -> float:
    """Return the mean of KL(q || p) over the patches."""
    torch = load()
    source = generator_of(seed)
    total = 0.0
    with torch.no_grad(), on_one_thread():
        for x in rows.split(_BATCH):
            noise = torch.randn((samples, len(x), model.architecture.latent), generator=source)
            terms = elbo_terms(model.belief(x.float()), _nothing, noise)
            total += float(terms[1].sum())
    return total / len(rows)


def _nothing(z: Tensor) -> Tensor:
    return z[..., 0] * 0


def bounds_by_samples(
    model: Vae, patches: ArrayLike, sizes: Sequence[int], *, seed: int = 0
) -> dict[int, float]:
    """Return the mean of L_K over patches for each K, all from the same draws.

    Parameters
    ----------
    model, patches, seed
        As of `score`.
    sizes : sequence of int
        The K, each at least 1; as many draws are taken as the largest.

    Returns
    -------
    dict of int to float
        In nats a patch.
    """
    most = check_int("sizes", max(sizes), low=1)
    weights = weights_of(model, rows_of(patches), None, most, seed).double()
    return {size: float(importance_bound(weights, size).mean()) for size in sizes}
