"""The experiment on gradients: its numbers against what is known of them, and its drawing."""

import numpy as np
import pytest

from isingdenoise import IsingModel, MeanField, ParameterError
from isingdenoise.gradient_experiment import EVERY_ESTIMATOR, gradients
from isingdenoise.inference.gradients import Belief, Local, Relaxed, Target, exact_gradient
from isingdenoise.plotting import gradient_figure, render

MODEL = IsingModel(np.random.default_rng(0).normal(size=(6, 7)), 0.4, 2.0)
AWAY = np.tanh(np.random.default_rng(1).normal(size=(6, 7)))
KEYS = (
    *("estimator", "samples", "repeats", "bias", "bias_error", "bias_rms", "bias_rms_noise"),
    *("variance", "variance_worst", "mse", "seconds"),
)


@pytest.fixture(scope="module")
def rows():
    return gradients(MODEL, AWAY, samples=(1, 4, 16), repeats=300, rng=0)


def test_one_row_for_each_estimator_and_number_of_samples(rows):
    assert len({row.estimator for row in rows}) == len(EVERY_ESTIMATOR)
    assert len(rows) == 3 * len(EVERY_ESTIMATOR)
    for row in rows:
        assert tuple(row.record()) == KEYS
        assert row.repeats == 300
        assert row.seconds > 0
        assert row.variance <= row.variance_worst
        assert row.mse == pytest.approx(row.variance * 299 / 300 + row.bias_rms**2, rel=0.02)


def test_bias_is_told_where_there_is_some_and_nowhere_else(rows):
    for row in rows:
        if not row.estimator.startswith("relaxed"):
            assert abs(row.bias) < 4 * row.bias_error
            assert 0.5 < row.bias_rms / row.bias_rms_noise < 2
    (soft,) = [row for row in rows if row.estimator == "relaxed 0.5" and row.samples == 16]
    assert soft.bias_rms > 5 * soft.bias_rms_noise
    assert soft.bias_rms > 0.02


def test_the_numbers_are_those_of_the_estimates():
    (row,) = gradients(MODEL, AWAY, estimators=[Relaxed(0.3)], samples=[2], repeats=50, rng=3)
    target, belief, rng = Target(MODEL), Belief.of_mean(AWAY), np.random.default_rng(3)
    exact = exact_gradient(target, belief)
    drawn = np.array([Relaxed(0.3).gradient(target, belief, rng, 2) for _ in range(50)])
    assert row.variance == pytest.approx(drawn.var(axis=0, ddof=1).mean())
    assert row.variance_worst == pytest.approx(drawn.var(axis=0, ddof=1).max())
    assert row.mse == pytest.approx(np.mean((drawn - exact) ** 2))
    assert row.bias == pytest.approx(np.mean(drawn - exact))
    means = (drawn - exact).mean(axis=(1, 2))
    assert row.bias_error == pytest.approx(means.std(ddof=1) / np.sqrt(50))


def test_variances_fall_with_samples_and_are_ordered(rows):
    found = {(row.estimator, row.samples): row.variance for row in rows}
    for name in ("score", "blanket", "local"):
        assert found[name, 1] > 2 * found[name, 4] > 4 * found[name, 16]
    assert found["score", 16] > 3 * found["blanket", 16] > 9 * found["local", 16]
    optimum = MeanField(tol=1e-6).solve(MODEL).mean
    kinds = [kind for kind in EVERY_ESTIMATOR if kind.name in ("score", "blanket")]
    near = gradients(MODEL, optimum, estimators=kinds, samples=[16], repeats=300, rng=1)
    for plain, controlled in (near[:2], near[2:]):
        assert controlled.estimator == f"{plain.estimator} + control"
        assert controlled.variance < plain.variance / 1.5


def test_without_coupling_local_has_neither_bias_nor_variance():
    model = IsingModel(MODEL.field, 0.0)
    (row,) = gradients(model, AWAY, estimators=["local"], samples=[1], repeats=5, rng=0)
    assert (row.variance, row.bias_rms) == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mean", {"mean": np.zeros((7, 6))}),
        ("mean", {"mean": np.full((6, 7), np.nan)}),
        ("mean", {"mean": np.full((6, 7), 1.1)}),
        ("estimators", {"estimators": ["pathwise"]}),
        ("samples", {"samples": [0]}),
        ("repeats", {"repeats": 1}),
    ],
)
def test_arguments_are_checked(name, options):
    with pytest.raises(ParameterError, match=f"^{name}: "):
        gradients(**{"model": MODEL, "mean": AWAY, **options})


@pytest.mark.slow
def test_a_line_for_each_estimator(rows):
    records = [row.record() for row in rows]
    figure = gradient_figure({"away": records, "nothing": []})
    drawn, empty = figure.axes
    assert [line.get_label() for line in drawn.lines] == list(
        dict.fromkeys(row.estimator for row in rows)
    )
    assert (drawn.get_xscale(), drawn.get_yscale()) == ("log", "log")
    np.testing.assert_array_equal(drawn.lines[0].get_xdata(), [1, 4, 16])
    np.testing.assert_array_equal(
        drawn.lines[0].get_ydata(), [record["variance"] for record in records[:3]]
    )
    assert not empty.lines
    assert render(figure, "svg").startswith(b"<?xml")
    from isingdenoise.plotting import draw_gradients

    with pytest.raises(ParameterError, match=r"^quantity: "):
        draw_gradients(drawn, records, "bias")


def test_estimators_with_settings_are_told_apart():
    rows = gradients(MODEL, AWAY, estimators=[Local(), Relaxed(2.0)], samples=[1], repeats=2, rng=0)
    assert [row.estimator for row in rows] == ["local", "relaxed 2"]
