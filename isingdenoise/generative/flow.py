"""Affine coupling: an invertible step whose determinant is a sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ._torch import Tensor

__all__ = ["Coupling"]


@dataclass(frozen=True, eq=False)
class Coupling:
    r"""Scale and shift one half of the latent numbers by what the other half says.

    .. math:: z_a' = z_a, \qquad z_b' = e^{s(z_a)} z_b + t(z_a), \qquad
              \log|\det| = \sum_j s_j(z_a)

    Attributes
    ----------
    split : int
        How many numbers are left alone.
    swapped : bool
        Whether those are the last ones instead of the first.
    conditioner : callable
        z_a of shape (..., n, split) to (s, t), each of shape (..., n, d - split).

    Notes
    -----
    L. Dinh, J. Sohl-Dickstein and S. Bengio, "Density estimation using Real NVP",
    ICLR 2017; on q(z | x): D. Rezende and S. Mohamed, "Variational inference with
    normalizing flows", ICML 2015.
    """

    split: int
    swapped: bool
    conditioner: Callable[[Tensor], tuple[Tensor, Tensor]]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return z' and the log determinant: shape (..., n, d) to (..., n, d) and (..., n)."""
        kept, moved = self._parts(z)
        scale, shift = self.conditioner(kept)
        return self._joined(kept, scale.exp() * moved + shift), scale.sum(-1)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `forward` makes z of, and the log determinant of `forward` there."""
        kept, moved = self._parts(z)
        scale, shift = self.conditioner(kept)
        return self._joined(kept, (-scale).exp() * (moved - shift)), scale.sum(-1)

    def _parts(self, z: Tensor) -> tuple[Tensor, Tensor]:
        if self.swapped:
            return z[..., -self.split :], z[..., : -self.split]
        return z[..., : self.split], z[..., self.split :]

    def _joined(self, kept: Tensor, moved: Tensor) -> Tensor:
        from ._torch import load

        return load().cat((moved, kept) if self.swapped else (kept, moved), -1)
