"""How good a network is, on pictures that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..inference import MeanField
from ..metrics import bit_error_rate, calibration_error
from ..model import IsingModel
from .drawing import Picture
from .fields import Field, flip_field, gaussian_field
from .objectives import elbo

__all__ = ["NOISES", "Row", "elbo_gap", "half_log_odds", "validate"]

#: Noise on the scale of labels -1 and +1, by its name in the table.
NOISES = {
    "gaussian 0.5": (gaussian_field, 0.5),
    "gaussian 1": (gaussian_field, 1.0),
    "gaussian 2": (gaussian_field, 2.0),
    "flip 2 %": (flip_field, 0.02),
    "flip 10 %": (flip_field, 0.10),
    "flip 20 %": (flip_field, 0.20),
}
_COUPLINGS = (0.3, 0.45, 0.6, 0.8, 1.1)  # of mean field, the best for each row: in hindsight
_PICTURES = 4


@dataclass(frozen=True)
class Row:
    """Bit error rates on one kind of picture with one noise.

    Attributes
    ----------
    kind, noise : str
        Which.
    noisy, mean_field, network : float
        Bit error rates: thresholded, by mean field with the best of five couplings, by the
        network.
    ece : float
        Expected calibration error of the network's probabilities.
    """

    kind: str
    noise: str
    noisy: float
    mean_field: float
    network: float
    ece: float


def validate(
    network: nn.Module,
    kinds: Iterator[tuple[str, Callable[[np.random.Generator], Picture]]],
    seed: int,
) -> Iterator[Row]:
    """Yield a row for each kind of picture and noise.

    Parameters
    ----------
    network : Module
        From fields (n, H, W) to half the log odds.
    kinds : iterator
        Names, and what draws a clean picture.
    seed : int
        Of pictures and noise.
    """
    for k, (kind, make) in enumerate(kinds):
        for n, (name, (noisy, amount)) in enumerate(NOISES.items()):
            rng = np.random.default_rng([seed, k, n])
            clean = np.stack([make(rng) for _ in range(_PICTURES)])
            signs = np.where(clean, np.float32(1), np.float32(-1))
            fields = np.stack([noisy(z, amount, rng) for z in signs])
            mean_field, coupling = min((_mean_field(fields, clean, J), J) for J in _COUPLINGS)
            a = half_log_odds(network, fields, coupling)
            yield Row(
                kind,
                name,
                bit_error_rate(_flat(fields > 0), _flat(clean)),
                mean_field,
                bit_error_rate(_flat(a > 0), _flat(clean)),
                calibration_error(_flat(1 / (1 + np.exp(-2 * a))), _flat(clean)),
            )


@torch.no_grad()
def half_log_odds(network: nn.Module, fields: Field, coupling: float) -> Field:
    """Return what a network makes of fields, (n, H, W), and of a coupling of four neighbours."""
    strengths = torch.tensor([[coupling, 0.0]]).expand(len(fields), 2)
    out: Field = network(torch.from_numpy(fields), strengths).numpy()
    return out


def elbo_gap(
    network: nn.Module, coupling: float, draw_field: Callable[[int], Field], count: int = 16
) -> tuple[float, float]:
    """Return the mean evidence lower bound of converged mean field, and of the network.

    Parameters
    ----------
    network : Module
        Trained on this bound.
    coupling : float
        J on four neighbours.
    draw_field : callable
        Returns the field of a number.
    count : int
        Number of fields.

    Returns
    -------
    tuple of float
        Both in nats a pixel.
    """
    engine = MeanField(tol=1e-6, max_sweeps=2000)
    converged, found = [], []
    for number in range(count):
        field = draw_field(number)
        solution = engine.solve(IsingModel(field, coupling))
        assert solution.lower_bound is not None
        converged.append(solution.lower_bound / field.size)
        a = torch.from_numpy(half_log_odds(network, field[None], coupling))
        found.append(float(elbo(a, torch.from_numpy(field[None]), coupling)[0]))
    return float(np.mean(converged)), float(np.mean(found))


def _flat(stack: np.ndarray) -> np.ndarray:
    return stack.reshape(-1, stack.shape[-1])


def _mean_field(fields: Field, clean: np.ndarray, coupling: float) -> float:
    """Return the errors of mean field."""
    solutions = (MeanField().solve(IsingModel(field, coupling)) for field in fields)
    pairs = zip(solutions, clean, strict=True)
    return float(np.mean([np.mean((s.labels > 0) != z) for s, z in pairs]))
