"""Metrics against hand counts, slow direct formulae and scikit-image."""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from isingdenoise import metrics
from isingdenoise.errors import ParameterError

PICTURE_METRICS = (
    metrics.bit_error_rate,
    metrics.psnr,
    metrics.ssim,
    metrics.f1,
    metrics.confusion,
)
FORECAST_METRICS = (metrics.brier, metrics.calibration_error)


@pytest.fixture
def pair():
    rng = np.random.default_rng(3)
    clean = rng.random((37, 53)) < 0.7
    return clean ^ (rng.random(clean.shape) < 0.12), clean


@pytest.fixture(params=[1 << 20, 7, 1000], ids=["one band", "row by row", "some bands"])
def bands(request, monkeypatch):
    """The answers must not depend on how the picture is cut into bands."""
    monkeypatch.setattr(metrics, "_BAND_PIXELS", request.param)


def labels(picture):
    return np.where(picture, 1, -1).astype(np.int8)


def test_hand_counted_table():
    image = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)
    clean = np.array([[1, 0, 0], [1, 0, 1]], dtype=bool)
    counts = metrics.confusion(image, clean)
    assert counts == (2, 1, 2, 1)
    assert counts._fields == ("true_dark", "false_dark", "true_bright", "false_bright")
    assert metrics.bit_error_rate(image, clean) == pytest.approx(2 / 6)
    assert metrics.f1(image, clean) == pytest.approx(4 / 6)


@pytest.mark.usefixtures("bands")
def test_counts_equal_the_slow_count(pair):
    image, clean = pair
    cells = list(zip(image.ravel().tolist(), clean.ravel().tolist(), strict=True))
    expected = (
        cells.count((False, False)),
        cells.count((False, True)),
        cells.count((True, True)),
        cells.count((True, False)),
    )
    assert metrics.confusion(image, clean) == expected
    assert metrics.confusion(labels(image), labels(clean)) == expected


@pytest.mark.usefixtures("bands")
def test_psnr_and_ssim_equal_scikit_image(pair):
    image, clean = (picture.astype(float) for picture in pair)
    expected = peak_signal_noise_ratio(clean, image, data_range=1.0)
    assert metrics.psnr(*pair) == pytest.approx(expected, rel=1e-12)
    expected = structural_similarity(image, clean, data_range=1.0)
    assert metrics.ssim(*pair) == pytest.approx(expected, rel=1e-12)


def test_extreme_pictures(pair):
    _, clean = pair
    assert metrics.bit_error_rate(clean, clean) == 0.0
    assert metrics.psnr(clean, clean) == math.inf
    assert metrics.ssim(clean, clean) == pytest.approx(1.0)
    assert metrics.f1(clean, clean) == 1.0
    assert metrics.bit_error_rate(~clean, clean) == 1.0
    assert metrics.psnr(~clean, clean) == 0.0
    assert math.copysign(1.0, metrics.psnr(~clean, clean)) == 1.0  # not -0.0
    assert metrics.ssim(~clean, clean) < 0.0
    assert metrics.f1(~clean, clean) == 0.0


@pytest.mark.parametrize(("side", "window"), [(3, 3), (4, 3), (5, 5), (6, 5), (7, 7), (8, 7)])
def test_ssim_uses_the_largest_odd_window_that_fits(side, window):
    rng = np.random.default_rng(side)
    clean = rng.random((side, 11)) < 0.5
    image = clean ^ (rng.random(clean.shape) < 0.1)
    expected = structural_similarity(
        image.astype(float), clean.astype(float), win_size=window, data_range=1.0
    )
    assert metrics.ssim(image, clean) == pytest.approx(expected)
    assert metrics.ssim(image.T, clean.T) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 2)])
def test_ssim_of_a_strip_is_nan_and_the_rest_is_not(shape):
    clean = np.ones(shape, dtype=bool)
    assert math.isnan(metrics.ssim(clean, clean))
    assert metrics.bit_error_rate(clean, clean) == 0.0


def test_f1_of_each_level(pair):
    image, clean = pair
    hits, invented, missed = (
        np.sum(image & clean),
        np.sum(image & ~clean),
        np.sum(~image & clean),
    )
    precision, recall = hits / (hits + invented), hits / (hits + missed)
    expected = 2 * precision * recall / (precision + recall)
    assert metrics.f1(image, clean, positive="bright") == pytest.approx(expected)
    assert metrics.f1(~image, ~clean, positive="dark") == pytest.approx(expected)
    assert metrics.f1(image, clean) != pytest.approx(expected)


def test_f1_without_positives():
    paper = np.ones((4, 5), dtype=bool)
    speck = paper.copy()
    speck[1, 1] = False
    assert metrics.f1(paper, paper) == 1.0
    assert metrics.f1(speck, paper) == 0.0
    assert metrics.f1(paper, speck) == 0.0


@pytest.mark.usefixtures("bands")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bins", [1, 2, 15])
def test_forecast_scores_equal_the_slow_sums(pair, dtype, bins):
    _, clean = pair
    p = np.random.default_rng(8).random(clean.shape).astype(dtype)
    p[0, :3] = 0.0, 1.0, 0.5
    squares = [(float(a) - b) ** 2 for a, b in zip(p.flat, clean.flat, strict=True)]
    assert metrics.brier(p, clean) == pytest.approx(sum(squares) / clean.size)
    expected = 0.0
    for b in range(bins):
        inside = [
            (float(a), bool(y))
            for a, y in zip(p.flat, clean.flat, strict=True)
            if min(int(float(a) * bins), bins - 1) == b
        ]
        if inside:
            forecast = sum(a for a, _ in inside) / len(inside)
            share = sum(y for _, y in inside) / len(inside)
            expected += len(inside) / clean.size * abs(forecast - share)
    assert metrics.calibration_error(p, clean, bins=bins) == pytest.approx(expected)


def test_certain_forecasts():
    clean = np.array([[True, False, True]])
    right = clean.astype(np.float32)
    assert metrics.brier(right, clean) == metrics.calibration_error(right, clean) == 0.0
    assert metrics.brier(1 - right, clean) == metrics.calibration_error(1 - right, clean) == 1.0
    assert metrics.brier(np.full_like(right, 0.5), clean) == 0.25


def test_calibration_tells_an_honest_forecast_from_an_overconfident_one():
    rng = np.random.default_rng(5)
    p = rng.random((300, 400))
    clean = rng.random(p.shape) < p
    overconfident = np.clip(0.5 + 2 * (p - 0.5), 0, 1)
    assert metrics.calibration_error(p, clean) < 0.01
    assert metrics.calibration_error(overconfident, clean) > 0.05


def test_calibration_does_not_fold_the_two_sides():
    # In one bin of confidence 0.8, too little trust in the bright pixels would
    # hide most of the too much trust in the dark ones, and leave 0.1.
    p = np.repeat(np.array([[0.8, 0.2]]), 10, axis=0)
    clean = np.ones((10, 2), dtype=bool)
    clean[6:, 1] = False
    assert metrics.calibration_error(p, clean) == pytest.approx((0.2 + 0.4) / 2)


@pytest.mark.parametrize("metric", [*PICTURE_METRICS, *FORECAST_METRICS])
def test_sizes_are_named_width_first(metric):
    dtype = float if metric in FORECAST_METRICS else bool
    with pytest.raises(ParameterError, match=r"is 6 x 4 pixels .*clean is 5 x 4"):
        metric(np.ones((4, 6), dtype), np.ones((4, 5), bool))


@pytest.mark.parametrize("metric", PICTURE_METRICS)
@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5), np.int8),
        np.full((4, 5), 2, np.int8),
        np.full((4, 5), -128, np.int8),
        np.ones((4, 5)),
        np.ones(20, bool),
        np.ones((4, 5, 1), bool),
        np.ones((0, 5), bool),
        np.array([["a"] * 5] * 4),
    ],
)
def test_pictures_that_are_not_two_level(metric, bad):
    good = np.ones((4, 5), bool)
    with pytest.raises(ParameterError, match=r"^image: "):
        metric(bad, good)
    with pytest.raises(ParameterError, match=r"^clean: "):
        metric(good, bad)


@pytest.mark.parametrize("metric", FORECAST_METRICS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_probabilities_outside_their_range(metric, value):
    p = np.full((4, 5), 0.5)
    p[2, 2] = value
    with pytest.raises(ParameterError, match=r"^probability: must lie in \[0, 1\]"):
        metric(p, np.ones((4, 5), bool))


def test_wrong_arguments():
    clean = np.ones((4, 5), bool)
    with pytest.raises(ParameterError, match=r"^positive: "):
        metrics.f1(clean, clean, positive="ink")
    with pytest.raises(ParameterError, match=r"^probability: must be floating"):
        metrics.brier(clean, clean)
    for bins in (0, -1, 2.0, True, None):
        with pytest.raises(ParameterError, match=r"^bins: "):
            metrics.calibration_error(clean.astype(float), clean, bins=bins)


def test_views_and_read_only_inputs_are_left_alone(pair):
    image, clean = (np.repeat(picture, 2, axis=1)[:, ::2] for picture in pair)
    before = image.copy(), clean.copy()
    for picture in (image, clean):
        picture.flags.writeable = False
    for metric in PICTURE_METRICS:
        assert metric(image, clean) == metric(*pair)
    p = np.asfortranarray(image * 0.5 + 0.25)
    kept = p.copy()
    for metric in FORECAST_METRICS:
        assert metric(p, clean) == pytest.approx(metric(p.copy("C"), pair[1]))
    assert np.array_equal(p, kept)
    assert np.array_equal(image, before[0])
    assert np.array_equal(clean, before[1])
