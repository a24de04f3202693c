"""The field of pictures of few values is looked up: the same as pixel by pixel."""

import numpy as np
import pytest

from isingdenoise import NOISE_MODELS
from isingdenoise.messages import collected
from isingdenoise.noise import field_and_offset, unit_scale


def pictures(noise):
    """Yield pictures of a model as 8 bits, in several layouts, and as bits."""
    rng = np.random.default_rng(0)
    levels = noise.levels
    for low, high in ((60.0, 190.0), (0.0, 255.0)):
        model = noise.on_scale((low, high), (0.0, 255.0)) if noise.name != "poisson" else noise
        x = np.clip(np.rint(model.sample(rng.random((40, 31)) < 0.4, rng)), 0, 255).astype(np.uint8)
        yield model, x
        yield model, np.asfortranarray(x)
        yield model, x[::-2, 1::3]
    if noise.name not in ("poisson", "probability"):
        yield noise, rng.random((12, 9)) < 0.5
    assert noise.levels == levels


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", NOISE_MODELS)
def test_what_is_looked_up_is_what_each_pixel_has(name, masked):
    for model, x in pictures(NOISE_MODELS[name]()):
        mask = np.random.default_rng(1).random(x.shape) < 0.7 if masked else None
        with collected():
            field, offset = field_and_offset(model, x, mask)
        known = np.ones(x.shape, bool) if mask is None else mask
        minus, plus = model.log_likelihood(np.where(known, x, x[known][0]))
        expected = np.where(known, np.clip((plus - minus) / 2, -1e8, 1e8), 0)
        np.testing.assert_array_equal(field, expected.astype(np.float32))
        assert offset == pytest.approx(np.sum(((plus + minus) / 2)[known]), rel=1e-9)
        assert field.flags.c_contiguous
        grey = np.where(x, 1.0, -1.0) if x.dtype == bool else x.astype(float)
        low, high = model.levels
        unit = np.clip((2 * grey - low - high) / (high - low), -1, 1).astype(np.float32)
        np.testing.assert_array_equal(unit_scale(model, x), unit)


def test_large_pictures_are_counted_in_bands():
    noise = NOISE_MODELS["gaussian"](20.0, (60.0, 190.0))
    x = np.arange(1200 * 1100, dtype=np.int64).reshape(1200, 1100).astype(np.uint8)
    field, offset = field_and_offset(noise, x)
    minus, plus = noise.log_likelihood(x)
    np.testing.assert_array_equal(field, ((plus - minus) / 2).astype(np.float32))
    assert offset == pytest.approx(float(np.sum((plus + minus) / 2)), rel=1e-9)
