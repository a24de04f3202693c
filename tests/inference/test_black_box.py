"""The engine that follows noisy gradients: where it ends, and what it says of that."""

import numpy as np
import pytest
import reference
from reference import assert_same_solution, random_model

from isingdenoise import Coupling, GaussianNoise, IsingModel, MeanField, ParameterError, denoise
from isingdenoise.inference import BlackBox
from isingdenoise.inference.gradients import Overdispersed, Relaxed, Score

SHAPE = (8, 8)
MODELS = {
    "4 neighbours": random_model(1, SHAPE, size=0.3),
    "8 neighbours": random_model(2, SHAPE, neighbours=8, size=0.2, signs=(1, -1, 1, 1)),
    "per edge": IsingModel(
        np.random.default_rng(3).normal(size=SHAPE),
        Coupling.contrast(np.random.default_rng(4).normal(size=SHAPE), 0.4, 0.2),
    ),
}
# What it may miss of mean field's bound, in nats: a hundredth or so of what there is to climb.
SETTINGS = {
    "local": (BlackBox(), 0.02),
    "local, robbins-monro": (BlackBox(step="robbins-monro"), 0.02),
    "local, plain gradient": (BlackBox(natural=False), 0.02),
    "blanket": (BlackBox(estimator="blanket", samples=20, max_sweeps=20_000), 0.02),
    "blanket, robbins-monro": (
        BlackBox(estimator="blanket", samples=20, max_sweeps=20_000, step="robbins-monro"), 0.02,
    ),
    # without control the natural gradient's tails are too heavy
    "blanket, no control": (
        BlackBox("blanket", False, 20, False, "robbins-monro", max_sweeps=20_000), 0.05,
    ),
    "score": (BlackBox(estimator="score", samples=20, max_sweeps=20_000), 0.1),
    "overdispersed": (BlackBox(estimator="overdispersed", samples=20, max_sweeps=20_000), 0.02),
    "relaxed": (
        BlackBox(estimator="relaxed", temperature=0.1, samples=20, max_sweeps=20_000), 0.1,
    ),
}  # fmt: skip


def best(model):
    return MeanField(tol=1e-6, max_sweeps=10_000).solve(model)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("settings", SETTINGS)
def test_it_climbs_to_the_bound_of_mean_field(settings, name):
    model, (engine, miss) = MODELS[name], SETTINGS[settings]
    found, expected = engine.solve(model, rng=1), best(model)
    assert found.lower_bound == pytest.approx(model.elbo(found.mean), abs=1e-4)
    assert expected.lower_bound - miss < found.lower_bound < expected.lower_bound + 1e-4
    start = np.tanh(model.field)
    assert model.elbo(start) < found.lower_bound - 2 * miss


def test_what_is_biased_converges_elsewhere():
    """Relaxed spins at tau = 1 climb another bound: their rest is not mean field's."""
    model = MODELS["4 neighbours"]
    engine = BlackBox(estimator="relaxed", temperature=1.0, samples=20, max_sweeps=20_000)
    found = engine.solve(model, rng=1)
    assert found.status == "max_sweeps"
    assert found.lower_bound < best(model).lower_bound - 0.3
    assert found.diagnostics["rms_residual"] > 0.05


def test_the_whole_joint_gets_nowhere_on_a_grid_where_the_blanket_arrives():
    model = random_model(5, (16, 16), size=0.3)
    settings = {"samples": 20, "max_sweeps": 6000, "control": False, "natural": False}
    whole, blanket = (
        BlackBox(estimator=e, step="robbins-monro", **settings).solve(model, rng=1)
        for e in ("score", "blanket")
    )
    expected = best(model).lower_bound
    assert expected - blanket.lower_bound < 1
    assert expected - whole.lower_bound > 10


@pytest.mark.parametrize("settings", [{}, {"step": "robbins-monro"}, {"samples": 1}])
def test_without_coupling_one_gradient_is_enough(settings):
    """Whatever the start: the natural gradient leads there, and it has no noise."""
    field = np.array([[3.0, -0.2, 0.0, 1e8, -7.0]])
    model = IsingModel(field, 0.0)
    for init in (None, -np.sign(field), np.zeros_like(field)):
        found = BlackBox(**settings, look_every=1).solve(model, init=init, rng=0)
        assert len(found.trace) == 1
        np.testing.assert_allclose(found.mean, np.tanh(field), atol=1e-7)


def test_it_stops_by_the_rule_and_says_what_is_left():
    model, pictures = MODELS["4 neighbours"], []
    for tol, most in ((0.01, 3000), (1e-9, 50)):
        engine = BlackBox(tol=tol, max_sweeps=most)
        found = engine.solve(model, rng=2, callback=lambda s: pictures.append(s.snapshot()))
        local = reference.matrix(model) @ found.mean.reshape(-1) + reference.field(model)
        off = np.tanh(local) - found.mean.reshape(-1)
        rms = float(np.sqrt(np.mean(off**2)))
        assert found.diagnostics["residual"] == pytest.approx(np.abs(off).max(), abs=1e-6)
        assert found.diagnostics["rms_residual"] == pytest.approx(rms, abs=1e-6)
        assert found.status == ("converged" if rms <= tol else "max_sweeps")
        assert bool(found.advice) == (rms > tol)
        assert found.work.sweeps <= most
        for bound, picture in zip(found.trace.lower_bound, pictures, strict=True):
            assert bound == pytest.approx(reference.elbo(model, picture), abs=1e-4)
        pictures.clear()
    assert str(found.advice[0]) == "bbvi did not converge in 50 sweeps; raise max_sweeps or tol"
    assert found.work.sweeps == 50  # 12 gradients of 4 draws, and one of 2


def test_draws_are_counted_as_sweeps():
    found = BlackBox(samples=3, look_every=4, max_sweeps=30, tol=0).solve(MODELS["per edge"], rng=0)
    np.testing.assert_array_equal(found.trace.site_updates, np.array([12, 24, 30]) * 64)


def test_estimators_take_the_settings_that_they_have():
    assert BlackBox(estimator="score").gradient_estimator() == Score(control=True)
    assert BlackBox(estimator="relaxed").gradient_estimator() == Relaxed()
    wide = BlackBox(estimator="overdispersed", control=False, temperature=2)
    assert wide.gradient_estimator() == Overdispersed(control=False, temperature=2.0)


@pytest.mark.parametrize("kappa", [0.5, 1.01])
def test_steps_that_break_the_conditions_of_robbins_and_monro_are_refused(kappa):
    with pytest.raises(ParameterError, match=r"^kappa: must be in \(0.5, 1]"):
        BlackBox(kappa=kappa)
    with pytest.raises(ParameterError, match=r"^delay: must be in"):
        BlackBox(delay=0.5)


@pytest.mark.parametrize("estimator", ["local", "blanket", "score", "relaxed", "overdispersed"])
@pytest.mark.parametrize("step", ["adaptive", "robbins-monro"])
@pytest.mark.parametrize("natural", [True, False])
@pytest.mark.parametrize("J", [1e6, -1e6, 0.7], ids=str)
def test_extremes_end_and_are_finite(estimator, step, natural, J):
    field = np.random.default_rng(0).normal(size=(3, 4))
    for size in (1.0, 1e8):
        engine = BlackBox(estimator=estimator, step=step, natural=natural, max_sweeps=40, tol=0)
        found = engine.solve(IsingModel(size * field, J), init=-np.sign(field), rng=1)
        assert np.isfinite(found.mean).all()
        assert np.abs(found.mean).max() <= 1
        assert np.isfinite(found.trace.lower_bound).all()
        assert_same_solution(
            engine.solve(IsingModel(size * field, J), init=-np.sign(field), rng=1), found
        )


def test_the_calibration_of_mean_field_suits_it():
    """Calibrated probabilities predict clean pixels better than the means, as mean field's do."""
    rng = np.random.default_rng(6)
    clean = np.kron(rng.random((8, 8)) < 0.5, np.ones((12, 12), bool))
    x = GaussianNoise(1.4).sample(np.where(clean, 1, -1), rng)

    def loss(p):
        p = np.clip(np.where(clean, p, 1 - p), 1e-6, 1)
        return float(-np.log(p).mean())

    found = {name: denoise(x, "gaussian", engine=name, rng=0) for name in ("mf", "bbvi")}
    raw = {name: loss((1 + f.solution.mean) / 2) for name, f in found.items()}
    told = {name: loss(f.probability) for name, f in found.items()}
    assert told["mf"] < raw["mf"]
    assert told["bbvi"] < raw["bbvi"]
    assert told["bbvi"] < 1.05 * told["mf"]
