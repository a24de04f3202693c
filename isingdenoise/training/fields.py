"""Fields of noisy pictures: what an inference network sees of them.

Noise enters a posterior through the field alone, h = (l+ - l-) / 2. So noise is drawn here as
a field: of many kinds and levels, with parameters as wrong as estimated ones are, and with
missing pixels, where h = 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drawing import Picture

__all__ = ["Field", "flip_field", "gaussian_field", "laplace_field", "noisy_field"]

Field = NDArray[np.float32]

_LARGEST = 40.0  # of |h|: far beyond what can be wrong
_WRONG = 0.12  # of estimated levels of noise: standard deviation of their logarithm
_PATTERN = 5  # of pixels hidden for scores: one in five, no two beside each other


def gaussian_field(signs: Field, sigma: float, rng: np.random.Generator) -> Field:
    """Return x / sigma^2 of a picture of -1 and +1 after Gaussian noise that is known."""
    return _float32(signs + sigma * rng.standard_normal(signs.shape)) / np.float32(sigma**2)


def flip_field(signs: Field, share: float, rng: np.random.Generator) -> Field:
    """Return x log((1 - p) / p) / 2 after flips of a share p of the pixels."""
    wrong = rng.random(signs.shape) < share
    return _float32(np.where(wrong, -signs, signs) * 0.5 * np.log(1 / share - 1))


def laplace_field(signs: Field, scale: float, rng: np.random.Generator) -> Field:
    """Return (|x + 1| - |x - 1|) / 2b after Laplace noise of scale b."""
    x = signs + rng.laplace(scale=scale, size=signs.shape)
    return _float32((np.abs(x + 1) - np.abs(x - 1)) / (2 * scale))


def noisy_field(picture: Picture, rng: np.random.Generator) -> Field:
    """Return the field of a clean picture after noise of any kind and level."""
    signs = np.where(picture, np.float32(1), np.float32(-1))
    kind = rng.random()
    if kind < 0.42:
        field = gaussian_field(signs, 0.25 * 12 ** rng.random(), rng)
        field *= _float32(np.exp(2 * _WRONG * rng.standard_normal()))
        field += _float32(_WRONG * rng.standard_normal() * np.median(np.abs(field)))
    elif kind < 0.78:
        field = flip_field(signs, 0.002 * 190 ** rng.random(), rng)
        field = _mistaken(field, rng)
    elif kind < 0.84:
        field = _unequal(signs, rng)
    elif kind < 0.90:
        field = laplace_field(signs, 0.2 * 8 ** rng.random(), rng)
        field *= _float32(np.exp(_WRONG * rng.standard_normal()))
    elif kind < 0.96:
        field = _uneven(signs, rng)
    else:  # nothing is wrong
        field = signs * _float32(rng.uniform(2, 12))
    np.clip(field, -_LARGEST, _LARGEST, out=field)
    field[_missing(picture.shape, rng)] = 0
    return field


def _float32(value: object) -> NDArray[np.float32]:
    return np.asarray(value, np.float32)


def _mistaken(field: Field, rng: np.random.Generator) -> Field:
    """Return the field of flips as another share of them, and other shares by colour, give it."""
    size = np.abs(field)
    share = 1 / (1 + np.exp(2 * size))
    share *= np.exp(_WRONG * rng.standard_normal())
    out = 0.5 * np.log(1 / np.clip(share, 1e-6, 0.49) - 1)
    return _float32(np.copysign(out, field))


def _unequal(signs: Field, rng: np.random.Generator) -> Field:
    """Return the field where black and white turn at different rates: salt, pepper, faxes."""
    low, high = 0.002 * 150 ** rng.random(2)
    wrong = rng.random(signs.shape) < np.where(signs > 0, high, low)
    seen = signs > 0
    seen ^= wrong
    white, black = np.log((1 - high) / low) / 2, np.log(high / (1 - low)) / 2
    return _float32(np.where(seen, white, black))


def _uneven(signs: Field, rng: np.random.Generator) -> Field:
    """Return the field of flips of a share that each pixel has of its own, and knows."""
    rows, columns = (rng.uniform(-5, 5, 2) for _ in range(2))
    y, x = np.meshgrid(*(np.linspace(0, 1, n) for n in signs.shape), indexing="ij")
    level = rng.uniform(-6, -1) + rows[0] * y + columns[0] * x
    if rng.random() < 0.5:
        level += rng.normal(scale=1.5, size=signs.shape)
    share = 0.48 / (1 + np.exp(-level))
    wrong = rng.random(signs.shape) < share
    size = 0.5 * np.log(1 / np.maximum(share, 1e-6) - 1)
    return _float32(np.where(wrong, -signs, signs) * size)


def _missing(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.bool_]:
    out = np.zeros(shape, np.bool_)
    kind = rng.random()
    if kind < 0.2:
        y, x = np.indices(shape)
        out = (x + 2 * y + rng.integers(_PATTERN)) % _PATTERN == 0
    elif kind < 0.26:
        out = rng.random(shape) < rng.uniform(0, 0.7)
    elif kind < 0.32:  # a picture that ends here, or a hole
        top, left = (int(v) for v in rng.integers(0, shape[0], 2))
        if rng.random() < 0.5:
            out[top:] = out[:, left:] = True
        else:
            out[top : top + 24, left : left + 24] = True
    return np.asarray(out)
