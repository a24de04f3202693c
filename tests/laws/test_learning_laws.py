"""Hidden pixels, their score and the calibration, judged by slow versions and by exact answers."""

import numpy as np
import pytest
import reference
from reference import Exact
from scipy import optimize

from isingdenoise import Calibration, Coupling, FlipNoise, GaussianNoise, MeanField, ParameterError
from isingdenoise.learning._calibration import calibrate, fit_weights, log_evidence, sigmoid
from isingdenoise.learning._held_out import HeldOut, Window
from isingdenoise.learning._windows import window_of
from isingdenoise.model import IsingModel

BAND = 16  # rows within which the pattern of hidden pixels does not shift
SHAPES = [(1, 1), (1, 23), (31, 1), (2, 2), (16, 40), (50, 37)]
COUPLINGS = [Coupling.nearest(0.6), Coupling(0.2, 0.9, -0.1, 0.15)]


def picture(shape=(50, 37), seed=0):
    """Return normal noise about a dark and a bright half."""
    truth = np.where(np.arange(shape[1]) < shape[1] // 2, -1, 1) * np.ones((shape[0], 1), int)
    return GaussianNoise(0.8).sample(truth, np.random.default_rng(seed))


def window(x, mask=None, seed=3):
    return Window(x, mask, np.random.default_rng(seed))


# ---------------------------------------------------------------- hidden pixels


def hidden_map(part):
    found = np.zeros(part.x.shape, bool)
    found[part.hidden] = True
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES)
def test_every_fifth_pixel_is_hidden_and_none_beside_another(shape, seed):
    part = window(picture(shape), seed=seed)
    hidden = hidden_map(part)
    np.testing.assert_array_equal(part.known, ~hidden)
    for row in hidden:
        places = np.flatnonzero(row)
        assert abs(places.size - shape[1] / 5) < 1
        assert np.all(np.diff(places) == 5)
    for top in range(0, shape[0], BAND):
        band = np.pad(hidden[top : top + BAND], 1)
        for dy, dx in [(0, 1), (1, 0), (1, 1), (1, -1)]:
            assert not np.any(band & np.roll(band, (dy, dx), (0, 1)))


def test_each_pixel_is_hidden_in_a_fifth_of_the_draws():
    draws = 400
    count = sum(hidden_map(window(picture((40, 10)), seed=s)).astype(int) for s in range(draws))
    score = (count - draws / 5) / np.sqrt(draws * 0.2 * 0.8)
    assert np.abs(score).max() < 4.5  # 400 pixels; 15 of them (3 bands of 5) are independent


@pytest.mark.parametrize("how", ["nan", "mask"])
def test_a_missing_pixel_is_never_hidden_nor_known(how):
    x, missing = picture(), np.random.default_rng(1).random((50, 37)) < 0.4
    holes = np.where(missing, np.float32(np.nan), x)
    part = window(holes) if how == "nan" else window(x, ~missing)
    full = hidden_map(window(x))
    np.testing.assert_array_equal(hidden_map(part), full & ~missing)
    np.testing.assert_array_equal(part.known, ~full & ~missing)


@pytest.mark.parametrize("shape", SHAPES)
def test_sums_of_neighbours(shape):
    part = window(picture(shape))
    mean = np.random.default_rng(5).uniform(-1, 1, shape).astype(np.float32)
    for _ in range(2):  # the border stays zero
        expected = reference.neighbour_sums(mean, *part.hidden)
        np.testing.assert_allclose(part.sums(mean), expected, rtol=0, atol=1e-6)
        mean = mean[::-1].copy()


@pytest.mark.parametrize("noise", [GaussianNoise(0.8), FlipNoise(0.2)], ids=str)
@pytest.mark.parametrize("coupling", COUPLINGS, ids=str)
def test_a_prediction_does_not_see_what_it_predicts(noise, coupling):
    def sums(x):
        held_out = HeldOut(window(x), noise, None)
        return held_out.predict(coupling).sums, held_out.evidence

    x = picture()
    hidden = hidden_map(window(x))
    before, evidence = sums(x)
    after, other = sums(np.where(hidden, np.float32(-3) * x, x))
    np.testing.assert_array_equal(after, before)
    assert np.all(other != evidence)
    seen = x.copy()
    seen[tuple(np.argwhere(~hidden)[100])] *= -3
    assert np.any(sums(seen)[0] != before)  # the control: a pixel that may be seen


@pytest.mark.parametrize("noise", [GaussianNoise(0.8), FlipNoise(0.2)], ids=str)
@pytest.mark.parametrize("coupling", COUPLINGS, ids=str)
def test_the_score_is_the_likelihood_of_the_hidden_pixels(noise, coupling):
    part = window(picture((20, 30)), seed=1)
    held_out = HeldOut(part, noise, None)
    found = held_out.predict(coupling)
    c = coupling
    strengths = [c.horizontal, c.vertical, c.diagonal, c.antidiagonal]
    pull = sum(J * row for J, row in zip(strengths, found.sums, strict=True))
    np.testing.assert_allclose(found.pull, pull, rtol=1e-12, atol=1e-12)
    minus, plus = noise.log_likelihood(part.x[part.hidden])
    p = 1 / (1 + np.exp(-2 * pull))
    expected = float(np.sum(np.log(p * np.exp(plus) + (1 - p) * np.exp(minus))))
    assert found.score + held_out.constant == pytest.approx(expected, rel=1e-9)
    assert found.score == pytest.approx(reference.log_evidence(2 * pull, plus - minus), rel=1e-9)
    assert held_out.predict(coupling) is found
    assert held_out.evaluations == 1  # what has been solved is not solved again


# ------------------------------------------------------- against exact answers


def predicted(J, seed, engine=None):
    """Return hidden pixels' chances to be bright on a 3 x 4 picture: predicted, and exact."""
    x = np.random.default_rng(seed).normal(size=(3, 4)).astype(np.float32)
    noise, coupling, part = GaussianNoise(0.9), Coupling(J, 0.8 * J, 0.5 * J, -0.3 * J), window(x)
    held_out = HeldOut(part, noise, None)
    model = IsingModel(part.field, coupling)
    exact = (1 + Exact(model).mean[part.hidden]) / 2
    if engine is None:
        pull = held_out.predict(coupling).pull
    else:
        sums = part.sums(engine.solve(model, init=part.start).mean)
        pull = np.array([J, 0.8 * J, 0.5 * J, -0.3 * J]) @ sums
    return 1 / (1 + np.exp(-2 * pull)), exact


@pytest.mark.parametrize("seed", range(6))
def test_at_weak_coupling_the_prediction_is_the_exact_one(seed):
    """Mean field is exact to second order in J at a pixel without a field of its own.

    For J = 0.1 the third order is a few thousandths; solving to 0.03 adds
    less than 0.5 J sum 0.03 = 0.008 for 2 (1 + 0.8 + 0.5 + 0.3) neighbours: 0.01 in all.
    """
    found, exact = predicted(0.1, seed)
    assert np.abs(found - exact).max() < 0.01
    half = 1 / (1 + np.sqrt((1 - found) / found))
    assert np.abs(half - exact).max() > 0.01  # the control: an edge that counts half


def test_the_error_of_the_prediction_falls_with_the_third_power_of_the_coupling():
    tight = MeanField(tol=1e-7, max_sweeps=2000)

    def error(J):
        return max(np.abs(np.subtract(*predicted(J, seed, tight))).max() for seed in range(6))

    assert error(0.05) < error(0.1) / 5 < error(0.2) / 25
    assert error(1.0) > 0.05  # the control: at strong coupling mean field is not exact


# ------------------------------------------------------------------ calibration


def evidence_of(kind, z, rng):
    """Return log likelihood ratios of draws from a noise model."""
    noise = GaussianNoise(1.2) if kind == "gaussian" else FlipNoise(0.15)
    minus, plus = noise.log_likelihood(noise.sample(z, rng))
    return plus - minus


def drawn(kind, bias, slope, n, seed):
    """Return pulls, and the evidence of pixels whose prior log odds are b + 2 t u."""
    rng = np.random.default_rng(seed)
    pull = rng.normal(0, 1.5, n)
    z = np.where(rng.random(n) < 1 / (1 + np.exp(-(bias + 2 * slope * pull))), 1, -1)
    return pull, evidence_of(kind, z, rng)


@pytest.mark.parametrize("size", [0, 1, 7, 300])
def test_the_log_evidence(size):
    rng = np.random.default_rng(2)
    eta, e = 20 * rng.normal(size=size), 30 * rng.normal(size=size)
    e[:2] = [1e4, -1e4][:size]
    assert log_evidence(eta, e) == pytest.approx(reference.log_evidence(eta, e), rel=1e-12)
    assert log_evidence(-eta, -e) == pytest.approx(log_evidence(eta, e) - e.sum(), abs=1e-8)


def test_the_true_log_odds_have_the_best_expected_score():
    """A proper score: no tilt or shift of the truth is better, beyond chance."""
    pull, e = drawn("gaussian", 0.3, 0.8, 40_000, 1)
    truth = 0.3 + 1.6 * pull
    for other in (0.7 * truth, 1.4 * truth, truth + 0.4, -truth):
        assert log_evidence(truth, e) > log_evidence(other, e) + 10
    assert np.allclose(sigmoid(truth), 1 / (1 + np.exp(-truth)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", "flip"])
@pytest.mark.parametrize("n", [2, 30, 800])
@pytest.mark.parametrize(("bias", "slope"), [(0, 1), (0.8, 0.4), (-2, 2.5)])
def test_calibrate_climbs_to_the_top(kind, n, bias, slope):
    """Where the last step gains less than 0.001, the top is less than 0.02 nats away."""
    pull, e = drawn(kind, bias, slope, n, 3)

    def objective(w):
        return -reference.calibration_objective(*w, pull, e)

    top = optimize.minimize(objective, [0.0, 1.0], method="Nelder-Mead", tol=1e-6)
    found = calibrate(pull, e)
    assert objective((found.bias, found.slope)) < top.fun + 0.02
    assert objective((found.bias + 0.5, found.slope)) > top.fun + 0.5  # the control


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", "flip"])
def test_calibrate_finds_what_the_pixels_were_drawn_with(kind):
    found = [calibrate(*drawn(kind, 0.5, 0.6, 20_000, seed)) for seed in range(8)]
    for values, truth in [([c.bias for c in found], 0.5), ([c.slope for c in found], 0.6)]:
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        assert abs(np.mean(values) - truth) < 4 * error + 0.005  # 0.005: the prior
        assert 0 < error < 0.02


def test_what_neighbours_say_is_never_turned_round():
    pull, e = drawn("gaussian", 0, 1, 5000, 1)
    assert calibrate(-pull, e).slope == 0.05
    assert fit_weights(np.stack([np.ones_like(pull), -2 * pull]), e, np.array([0.0, 1.0]))[1] < 0


def test_without_pixels_mean_field_is_believed():
    assert calibrate(np.empty(0), np.empty(0)) == Calibration(0.0, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_calibration_turns_pulls_into_probabilities(dtype):
    rng = np.random.default_rng(1)
    pull, field = (rng.normal(size=(4, 5)).astype(dtype) for _ in range(2))
    kept = pull.copy(), field.copy()
    p = Calibration(0.7, 0.6).probability(pull, field)
    assert p.dtype == dtype
    expected = 1 / (1 + np.exp(-(0.7 + 1.2 * pull + 2 * field)))
    np.testing.assert_allclose(p, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal((pull, field), kept)
    far = Calibration().probability(np.array([-1e4, 1e4], dtype), np.zeros(2, dtype))
    np.testing.assert_array_equal(far, [0, 1])


@pytest.mark.parametrize(
    ("numbers", "parameter"),
    [((np.nan, 1), "bias"), ((0, -0.1), "slope"), ((0, np.inf), "slope"), (("a", 1), "bias")],
)
def test_bad_calibrations(numbers, parameter):
    with pytest.raises(ParameterError) as caught:
        Calibration(*numbers)
    assert caught.value.parameter == parameter


# ---------------------------------------------------------------------- windows


@pytest.mark.parametrize("shape", [(1, 1), (400, 480), (1, 196_608)])
def test_a_picture_that_is_not_large_is_the_window(shape):
    x, mask = np.zeros(shape, np.uint8), np.ones(shape, bool)
    assert window_of(x, mask, np.random.default_rng(0)).x is x


LARGE = [(1000, 1000), (900, 3000), (3000, 900), (40, 90_000), (1, 10**6), (70, 5000)]


@pytest.mark.parametrize("shape", LARGE)
def test_the_window_of_a_large_picture_holds_parts_from_all_of_it(shape):
    height, width = shape
    x = np.arange(height * width, dtype=np.uint32).reshape(shape) + 1
    mask = x % 7 > 0
    found = window_of(x, mask, np.random.default_rng(0))
    assert 2**17 * 0.7 < np.count_nonzero(found.x) <= 2**17
    there = np.nonzero(found.x)
    rows, columns = np.divmod(found.x[there].astype(np.int64) - 1, width)
    # what lies side by side in a part lies side by side in the picture, and is known as there
    np.testing.assert_array_equal(found.mask[there], mask[rows, columns])
    assert not found.mask[found.x == 0].any()
    beside = (found.x[:, 1:] > 0) & (found.x[:, :-1] > 0)
    np.testing.assert_array_equal(
        found.x[:, 1:][beside].astype(np.int64) - found.x[:, :-1][beside], 1
    )
    # no pixel twice, and some from each quarter of either side
    assert np.unique(found.x[there]).size == found.x[there].size
    for places, length in ((rows, height), (columns, width)):
        assert np.unique(4 * places // length).size == min(4, length)
    again = window_of(x, mask, np.random.default_rng(0))
    np.testing.assert_array_equal(again.x, found.x)
