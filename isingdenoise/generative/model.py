"""The variational autoencoder: networks from pictures to beliefs and from latent numbers back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from ..errors import ParameterError
from ..validation import check_int, store
from ._torch import Tensor, load
from .beliefs import Belief, Flowed, Gaussian
from .flow import Coupling

__all__ = ["SIDE", "Architecture", "Vae"]

SIDE = 32  #: Pixels along each side of a patch.
_PIXELS = SIDE * SIDE
_MOST_LATENT, _MOST_FLOW, _WIDEST = 512, 32, 8192
_FLOW_WIDTH = 64
_LOG_STD = 8.0  # the width of q stays within exp(-8) and exp(8): no overflow early on
_LOG_SCALE = 2.0  # a step of the flow scales by at most exp(2)


@dataclass(frozen=True)
class Architecture:
    """Sizes of the networks.

    Attributes
    ----------
    latent : int
        Latent numbers, 1 to 512.
    hidden : tuple of int
        Widths of the encoder's hidden layers; the decoder has them the other way round.
    flow : int
        Coupling steps on q(z | x), 0 to 32; they need two latent numbers.

    Raises
    ------
    ParameterError
        A size is out of range.
    """

    latent: int = 16
    hidden: tuple[int, ...] = (512, 256)
    flow: int = 4

    def __post_init__(self) -> None:
        latent = check_int("latent", self.latent, low=1, high=_MOST_LATENT)
        flow = check_int("flow", self.flow, low=0, high=_MOST_FLOW)
        if not 1 <= len(self.hidden) <= 8:
            raise ParameterError("hidden", "must hold 1 to 8 widths")
        hidden = tuple(check_int("hidden", width, low=1, high=_WIDEST) for width in self.hidden)
        if flow and latent < 2:
            raise ParameterError("flow", "needs at least two latent numbers, not one")
        store(self, latent=latent, hidden=hidden, flow=flow)

    @property
    def split(self) -> int:
        """How many latent numbers a step of the flow leaves alone."""
        return self.latent // 2

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of parameters, by its name."""
        found: dict[str, tuple[int, ...]] = {}
        context = self.hidden[-1]
        networks = {
            "encoder": (_PIXELS, *self.hidden, 2 * self.latent),
            "decoder": (self.latent, *reversed(self.hidden), _PIXELS),
        }
        for step in range(self.flow):
            moved = self.latent - self.split
            networks[f"flow{step}"] = (self.split + context, _FLOW_WIDTH, 2 * moved)
        for name, widths in networks.items():
            for layer, (before, after) in enumerate(pairwise(widths)):
                found[f"{name}.{layer}.weight"] = (before, after)
                found[f"{name}.{layer}.bias"] = (after,)
        return found


class Vae:
    """Encoder q(z | x), decoder p(x | z) and prior p(z) = N(0, I) of two-level patches.

    Pictures arrive as rows of 1024 numbers, 1 where bright and 0 where black; the decoder
    gives the log odds of bright of each pixel, all independent given z.

    Parameters
    ----------
    architecture : Architecture
        The sizes.
    parameters : mapping of str to Tensor
        As `Architecture.shapes` has them.

    Attributes
    ----------
    architecture, parameters
        The same.
    """

    def __init__(self, architecture: Architecture, parameters: Mapping[str, Tensor]) -> None:
        self.architecture = architecture
        self.parameters = dict(parameters)
        self._torch = load()

    @classmethod
    def initial(cls, architecture: Architecture, generator: Tensor) -> Vae:
        """Return a model with random weights, which says nothing of any picture yet.

        Weights are normal with variance 2 / inputs, the last layers of encoder and
        decoder with 1 / inputs, and those of the flow 0: it starts as the identity.

        Parameters
        ----------
        architecture : Architecture
            The sizes.
        generator : torch.Generator
            Source of the weights.
        """
        torch = load()
        shapes = architecture.shapes()
        parameters = {}
        for name, shape in shapes.items():
            network, layer, kind = name.split(".")
            is_last = f"{network}.{int(layer) + 1}.weight" not in shapes
            if kind == "bias" or (is_last and network.startswith("flow")):
                parameters[name] = torch.zeros(shape)
            else:
                spread = math.sqrt((1 if is_last else 2) / shape[0])
                parameters[name] = spread * torch.randn(shape, generator=generator)
        return cls(architecture, parameters)

    def belief(self, x: Tensor) -> Belief:
        """Return q(z | x): shape (..., 1024) to a belief of the same pictures."""
        hidden = 2 * x - 1
        last = len(self.architecture.hidden)
        for layer in range(last):
            hidden = self._layer("encoder", layer, hidden).relu()
        mean, log_std = self._layer("encoder", last, hidden).chunk(2, -1)
        base = Gaussian(mean, _LOG_STD * (log_std / _LOG_STD).tanh())
        if not self.architecture.flow:
            return base
        steps = [
            Coupling(self.architecture.split, bool(k % 2), partial(self._conditioner, k, hidden))
            for k in range(self.architecture.flow)
        ]
        return Flowed(base, steps)

    def log_odds(self, z: Tensor) -> Tensor:
        """Return log p(bright) / p(black) of each pixel: shape (..., d) to (..., 1024)."""
        last = len(self.architecture.hidden)
        for layer in range(last):
            z = self._layer("decoder", layer, z).relu()
        return self._layer("decoder", last, z)

    def log_likelihood(self, x: Tensor, z: Tensor, known: Tensor | None = None) -> Tensor:
        """Return log p(x | z), of the known pixels alone, in nats.

        Parameters
        ----------
        x : Tensor, shape (..., 1024)
            Pictures.
        z : Tensor, shape (..., d)
            Latent numbers.
        known : Tensor of the shape of x, optional
            1 where a pixel counts, 0 where it is left out.

        Returns
        -------
        Tensor, shape (...)
        """
        odds = self.log_odds(z)
        each = x * odds - self._torch.nn.functional.softplus(odds)
        return (each if known is None else each * known).sum(-1)

    def draw_pixels(self, z: Tensor, source: Tensor) -> Tensor:
        """Return a draw from p(x | z), 0 or 1: shape (..., d) to (..., 1024)."""
        return self._torch.bernoulli(self.log_odds(z).sigmoid(), generator=source)

    def _layer(self, network: str, layer: int, values: Tensor) -> Tensor:
        name = f"{network}.{layer}"
        return values @ self.parameters[f"{name}.weight"] + self.parameters[f"{name}.bias"]

    def _conditioner(self, step: int, context: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        shape = (*kept.shape[:-1], context.shape[-1])
        joined = self._torch.cat((kept, context.expand(shape)), -1)
        hidden = self._layer(f"flow{step}", 0, joined).relu()
        scale, shift = self._layer(f"flow{step}", 1, hidden).chunk(2, -1)
        return _LOG_SCALE * (scale / _LOG_SCALE).tanh(), shift
