"""The Boltzmann machine with hidden spins, as PyTorch trains it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..prior.machine import BEFORE, FOLD, INNER, STEPS

__all__ = ["UnrolledMachine"]

_START = {"fine": 0.03, "coarse": 0.02}  # standard deviations


class Filters(nn.Module):
    """Couplings between spins and a layer of hidden ones, and the biases of the hidden ones."""

    def __init__(self, into: int, out: int, width: int, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(start * torch.randn(out, into, width, width))
        self.bias = nn.Parameter(torch.zeros(out))
        self.pad = width // 2

    def forward(self, below: Tensor) -> Tensor:
        """Return the field that spins give to the hidden ones."""
        return functional.conv2d(below, self.weight, self.bias, padding=self.pad)

    def back(self, above: Tensor) -> Tensor:
        """Return the field that hidden spins give back.

        As a convolution with turned filters, which on processors is seven times as fast as
        PyTorch's transposed one.
        """
        turned = self.weight.flip(2, 3).transpose(0, 1)
        return functional.conv2d(above, turned, padding=self.pad)


class UnrolledMachine(nn.Module):
    """Rounds of mean field in a Boltzmann machine: from the field h to half the log odds.

    Sides are multiples of 4. See `isingdenoise.prior.Machine` for the energy, the schedule, and
    the names of the weights.
    """

    def __init__(self, planes: tuple[int, ...]) -> None:
        super().__init__()
        fine, coarse = planes
        self.layers = nn.ModuleDict(
            {
                "fine": Filters(FOLD**2, fine, 5, _START["fine"]),
                "coarse": Filters(FOLD**2 * fine, coarse, 3, _START["coarse"]),
            }
        )
        self.visible = nn.ParameterDict(
            {"bias": nn.Parameter(torch.zeros(1)), "pull": nn.Parameter(torch.ones(1))}
        )

    def forward(self, field: Tensor, coupling: Tensor) -> Tensor:
        """Return a, (N, H, W), for fields (N, H, W) and couplings (N, 2), near and diagonal."""
        fine, coarse = self.layers["fine"], self.layers["coarse"]
        strengths = self.visible["pull"] * coupling
        own = field + self.visible["bias"]
        mean = self._before(field, coupling)
        back, a = None, field
        for _ in range(STEPS):
            seen = functional.pixel_unshuffle(mean[:, None], FOLD)
            hidden = fine(seen.contiguous(memory_format=torch.channels_last))
            hidden = torch.tanh(hidden if back is None else hidden + back)
            above = torch.tanh(coarse(functional.pixel_unshuffle(hidden, FOLD)))
            back = functional.pixel_shuffle(coarse.back(above), FOLD)
            given = own + functional.pixel_shuffle(fine.back(hidden), FOLD)[:, 0].float()
            for _ in range(INNER):
                mean = _damped(mean, given + pulled(mean, strengths))
            a = given + pulled(mean, strengths)
        return a

    @staticmethod
    @torch.no_grad()
    def _before(field: Tensor, coupling: Tensor) -> Tensor:
        """Return the means of the pixels alone, with which nothing trained has to do."""
        mean = torch.tanh(field)
        for _ in range(BEFORE):
            mean = _damped(mean, field + pulled(mean, coupling))
        return mean


def _damped(mean: Tensor, field: Tensor) -> Tensor:
    return 0.5 * (mean + torch.tanh(field))


def pulled(mean: Tensor, strengths: Tensor) -> Tensor:
    """Return what the eight neighbours give each pixel; those beyond the border give nothing."""
    padded = functional.pad(mean, (1, 1, 1, 1))
    beside = padded[:, :, :-2] + padded[:, :, 2:]  # left and right, of rows beyond as well
    middle = padded[:, :, 1:-1]
    near = beside[:, 1:-1] + middle[:, :-2] + middle[:, 2:]
    across = beside[:, :-2] + beside[:, 2:]
    return strengths[:, :1, None] * near + strengths[:, 1:, None] * across
