"""The figure of a fit: what it draws are the picture's values and the model's densities."""

import numpy as np
import pytest
from command_line import scene
from matplotlib.figure import Figure

from isingdenoise import (
    NOISE_MODELS,
    FlipNoise,
    GaussianNoise,
    LaplaceNoise,
    denoise,
    estimate,
)
from isingdenoise.criticism import residual_map
from isingdenoise.messages import collected
from isingdenoise.plotting import draw_fit, draw_residual, fit_figure, render

SCENE = scene(128, 128)


@pytest.fixture
def axes():
    return Figure().subplots()


def drawn(axes):
    """Return {label: (x, y)} of the lines."""
    return {line.get_label(): np.asarray(line.get_data(), float) for line in axes.get_lines()}


@pytest.mark.parametrize("form", ["u1", "u2", "f4"])
@pytest.mark.parametrize("noise", [GaussianNoise(20, (70, 180)), LaplaceNoise(12, (70, 180))])
def test_densities_are_those_of_the_model_and_fit_what_it_drew(axes, noise, form):
    x = noise.sample(SCENE, np.random.default_rng(0))
    x = np.clip(np.rint(x), 0, 255).astype(form) if form != "f4" else x
    before = x.copy()
    assert draw_fit(axes, x, noise, SCENE, title="t") is axes
    np.testing.assert_array_equal(x, before)
    lines = drawn(axes)
    at, both = lines["both"]
    np.testing.assert_allclose(both, lines["black"][1] + lines["white"][1])
    share = SCENE.mean()
    low, high = (np.exp(part[0]) for part in noise.log_likelihood(at.astype(form)[None]))
    np.testing.assert_allclose(lines["white"][1], share * high, rtol=1e-3)
    np.testing.assert_allclose(lines["black"][1], (1 - share) * low, rtol=1e-3)
    (steps,) = axes.patches
    heights, edges, _ = steps.get_data()
    assert np.sum(heights * np.diff(edges)) == pytest.approx(1, rel=1e-6)
    inside = both > 1e-3
    expected = np.sqrt(np.maximum(both, 1e-6) / x.size / np.diff(edges))
    assert np.all(np.abs(heights - both)[inside] < 6 * expected[inside] + 0.05 * both[inside])
    assert lines["threshold"][0][0] == 125
    assert axes.get_yscale() == "log"
    assert axes.get_title() == "t"


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_every_model_can_be_drawn(axes, name):
    noise = NOISE_MODELS[name]()
    x = noise.sample(SCENE, np.random.default_rng(0))
    draw_fit(axes, x, noise, SCENE, log=False)
    assert axes.get_yscale() == "linear"
    assert np.all(np.isfinite(drawn(axes)["both"]))


def test_bits_have_two_bars_of_their_shares(axes):
    x = SCENE ^ (np.random.default_rng(0).random(SCENE.shape) < 0.1)
    draw_fit(axes, x, FlipNoise(0.1), SCENE)
    assert [bar.get_height() for bar in axes.patches] == [1 - x.mean(), x.mean()]
    at, both = drawn(axes)["both"]
    assert at.tolist() == [-1, 1]
    assert both == pytest.approx([1 - x.mean(), x.mean()], abs=0.02)


def test_missing_pixels_are_not_counted(axes):
    x = np.where(SCENE, 200.0, 50.0)
    x += np.random.default_rng(0).normal(size=x.shape)
    mask = np.ones(x.shape, bool)
    mask[:9], x[:9], x[20] = False, 1e6, np.nan
    draw_fit(axes, x, GaussianNoise(1, (50, 200)), SCENE, mask)
    assert axes.patches[0].get_data()[1].max() < 300


def test_the_residual_is_drawn_in_units_about_zero(axes):
    noise = GaussianNoise(20.0, (64, 191))
    x = noise.sample(SCENE, np.random.default_rng(0))
    x[3, 4] = np.nan
    result = denoise(x, noise, coupling=0.5)
    left = residual_map(result, x)
    np.testing.assert_allclose(left, (x - np.where(result.image, 191, 64)) / 20, rtol=1e-6)
    assert draw_residual(axes, left, 0.25) is axes
    (image,) = axes.images
    assert image.get_clim() == (-4, 4)
    assert np.isnan(np.ma.filled(image.get_array(), np.nan)[3, 4])
    assert axes.get_title().endswith("lag-1 correlation 0.25")


def test_a_large_residual_is_thinned_out_and_not_blurred():
    x = np.zeros((40, 3000))
    x[:, ::2] = 1
    result = denoise(x, GaussianNoise(0.5, (0, 1)), coupling=0.1)
    left = residual_map(result, x, most=1000)
    assert left.shape == (14, 1000)
    assert set(np.unique(left)) <= {0.0}


@pytest.mark.parametrize("noise", ["gaussian", "flip"])
def test_the_figure_has_fit_residual_and_scores(noise):
    model = NOISE_MODELS[noise]()
    x = model.sample(SCENE, np.random.default_rng(0))
    with collected():
        found = estimate(x, noise)
        result = denoise(x, found.noise, coupling=found)
    fit = {"image": x, "noise": found.noise, "labels": result.image}
    figure = fit_figure(fit, {"residual": residual_map(result, x)}, found, "in use")
    titles = [axes.get_title() or axes.get_title("right") for axes in figure.axes]
    assert "picture minus the level of its label" in titles
    assert "in use" in titles
    assert render(figure, "png").startswith(b"\x89PNG")
