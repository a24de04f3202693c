"""The network of a learned prior, as PyTorch trains it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .plan import MIDDLE, PLANES

__all__ = ["Denoiser", "arrays_of", "load_arrays"]

_LAYERS = "layers."  # before the names of a file
_STEP = 2  # pixels a side that the first and the last layer fold into planes
_LARGEST = 8.0  # of a field, as the network sees it


class Block(nn.Module):
    """A residual block: x + conv(relu(conv(relu(x))))."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(planes, planes, 3, padding=1)
        self.b = nn.Conv2d(planes, planes, 3, padding=1)
        nn.init.normal_(self.b.weight, std=1e-3)
        nn.init.zeros_(self.b.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with what the block adds to it."""
        y: Tensor = self.b(functional.relu(self.a(functional.relu(x))))
        return x + y


class Denoiser(nn.Module):
    """From the field h to a, half the posterior log odds: a = h + f(h).

    Sides are multiples of 8. See `isingdenoise.prior` for the layers, and for the
    names under which their weights are kept.
    """

    def __init__(self, planes: tuple[int, ...] = PLANES["network"], middle: int = MIDDLE) -> None:
        super().__init__()
        fine, half, coarse = planes
        self.layers = nn.ModuleDict(
            {
                "in": nn.Conv2d(2 * _STEP**2, fine, 3, padding=1),
                "enc0": Block(fine),
                "down0": nn.Conv2d(fine, half, 2, stride=2),
                "enc1": Block(half),
                "down1": nn.Conv2d(half, coarse, 2, stride=2),
                **{f"mid{k}": Block(coarse) for k in range(middle)},
                "up1": nn.Conv2d(coarse, half, 1),
                "dec1": Block(half),
                "up0": nn.Conv2d(half, fine, 1),
                "dec0": Block(fine),
                "out": nn.Conv2d(fine, _STEP**2, 3, padding=1),
            }
        )
        self.middle = middle
        nn.init.normal_(self.layers["out"].weight, std=1e-2)
        nn.init.zeros_(self.layers["out"].bias)

    def forward(self, field: Tensor, coupling: Tensor | None = None) -> Tensor:
        """Return a, (N, H, W), for fields (N, H, W); couplings do not count."""
        del coupling
        layers = self.layers
        seen = torch.stack([torch.tanh(field), field.clamp(-_LARGEST, _LARGEST) / _LARGEST], 1)
        x = functional.pixel_unshuffle(seen, _STEP).contiguous(memory_format=torch.channels_last)
        first = layers["enc0"](layers["in"](x))
        second = layers["enc1"](layers["down0"](first))
        x = layers["down1"](second)
        for k in range(self.middle):
            x = layers[f"mid{k}"](x)
        x = layers["dec1"](second + _twice(layers["up1"](x)))
        x = layers["dec0"](first + _twice(layers["up0"](x)))
        out = functional.pixel_shuffle(layers["out"](x).float(), _STEP)[:, 0]
        return field + out


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def arrays_of(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return weights as float16 and biases as float32 under the names of the file."""
    out = {}
    for name, value in network.state_dict().items():
        array = value.detach().cpu().float().numpy()
        kind = np.float16 if name.endswith("weight") else np.float32
        out[name.removeprefix(_LAYERS)] = array.astype(kind)
    return out


def load_arrays(network: nn.Module, arrays: dict[str, NDArray[Any]]) -> None:
    """Take the weights of a file, the reverse of `arrays_of`."""
    names = {name.removeprefix(_LAYERS): name for name in network.state_dict()}
    state = {names[name]: torch.from_numpy(np.array(a, np.float32)) for name, a in arrays.items()}
    network.load_state_dict(state)
