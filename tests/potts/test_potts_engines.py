"""What every engine of label maps promises: shapes, seeds, threads, errors, times."""

import numpy as np
import pytest
import reference_potts as ref

from isingdenoise import Coupling, EngineRefusalError, ParameterError, TimeLimitError
from isingdenoise.deadline import deadline
from isingdenoise.inference import Status
from isingdenoise.potts import (
    MOST_LABELS,
    POTTS_ENGINES,
    AlphaExpansion,
    PottsGibbs,
    PottsICM,
    PottsMeanField,
    PottsModel,
)

EVERY_ENGINE = pytest.mark.parametrize("name", POTTS_ENGINES)


def quick(name, **settings):
    if name == "gibbs":
        settings |= {"burn_in": 3, "sweeps": 8}
    return POTTS_ENGINES[name](**settings)


@EVERY_ENGINE
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1), (2, 2), (7, 13)])
@pytest.mark.parametrize("neighbours", [4, 8])
def test_every_shape_is_solved(name, shape, neighbours):
    model = ref.random_potts(2, shape, 3, neighbours=neighbours)
    found = quick(name).solve(model, rng=0)
    assert (found.labels.shape, found.labels.dtype, found.engine) == (shape, np.int8, name)
    assert found.energy == pytest.approx(ref.energy(model, found.labels), rel=1e-5)
    assert found.labels.min() >= 0
    assert found.labels.max() <= 2
    if POTTS_ENGINES[name].traits.marginals:
        assert found.probability.shape == (3, *shape)
        assert found.probability.dtype == np.float32
        np.testing.assert_allclose(found.probability.sum(axis=0), 1, atol=1e-6)
        np.testing.assert_array_equal(found.probability.argmax(axis=0), found.labels)
    else:
        assert found.probability is None
    assert (found.lower_bound is not None) == POTTS_ENGINES[name].traits.lower_bound
    assert name in repr(found)


@EVERY_ENGINE
def test_input_of_any_layout_and_type_gives_the_same_and_stays_as_it_is(name):
    l = np.random.default_rng(0).normal(size=(3, 6, 8)).round(2)  # noqa: E741
    expected = quick(name).solve(PottsModel(l.astype(np.float32), 0.5), rng=3)
    turned = np.asfortranarray(l.astype(np.float32))
    strided = np.repeat(l.astype(np.float32), 2, axis=2)[..., ::2]
    foreign = l.astype(np.float32).astype(">f4")
    fixed = l.astype(np.float32)
    fixed.flags.writeable = False
    for array in (turned, strided, foreign, fixed):
        before = array.copy()
        found = quick(name).solve(PottsModel(array, 0.5), rng=3)
        np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(found.labels, expected.labels)
        assert found.energy == expected.energy


@EVERY_ENGINE
def test_a_start_is_taken_in_both_forms_and_left_as_it_is(name):
    model = ref.random_potts(4, (6, 7), 3, size=0.3)
    labels = np.random.default_rng(1).integers(0, 3, model.shape)
    labels.flags.writeable = False
    one_hot = (labels == np.arange(3)[:, None, None]).astype(np.float32)
    a = quick(name).solve(model, init=labels, rng=0)
    b = quick(name).solve(model, init=one_hot, rng=0)
    np.testing.assert_array_equal(a.labels, b.labels)


@EVERY_ENGINE
@pytest.mark.parametrize(
    "init",
    [np.zeros((3, 3), int), np.full((4, 5), 3), np.full((4, 5), -1), np.zeros((4, 5))],
    ids=["shape", "above", "below", "float"],
)
def test_a_start_that_does_not_fit_is_refused(name, init):
    with pytest.raises(ParameterError, match="init"):
        quick(name).solve(ref.random_potts(0, (4, 5), 3), init=init)


@pytest.mark.parametrize("bad", [np.nan, -1.0, 0.0], ids=["nan", "negative", "nothing"])
def test_a_start_that_is_no_probability_is_refused(bad):
    init = np.full((3, 4, 5), 1 / 3)
    init[:, 1, 1] = bad
    with pytest.raises(ParameterError, match="init"):
        PottsMeanField().solve(ref.random_potts(0, (4, 5), 3), init=init)


@pytest.mark.parametrize("name", ["mf", "icm", "gibbs"])
@pytest.mark.parametrize(("neighbours", "sign"), [(4, 1), (8, 1), (8, -1)])
def test_one_seed_gives_the_same_on_threads_and_without(name, neighbours, sign):
    model = ref.random_potts(5, (45, 67), 4, neighbours=neighbours, sign=sign)
    a, b = (quick(name, parallel=parallel).solve(model, rng=9) for parallel in (False, True))
    np.testing.assert_array_equal(a.labels, b.labels)
    if a.probability is not None:
        np.testing.assert_array_equal(a.probability, b.probability)


@pytest.mark.parametrize("neighbours", [4, 8])
def test_sweeps_of_a_large_picture_are_done_several_at_once(neighbours):
    model = ref.random_potts(5, (330, 300), 4, neighbours=neighbours)
    settings = {"max_sweeps": 9, "tol": 0.0}
    several = PottsMeanField(**settings).solve(model)
    single = PottsMeanField(bound_every=1, **settings).solve(model)
    assert len(several.trace) < len(single.trace) == 9
    assert several.work == single.work
    assert several.trace.residual[-1] == single.trace.residual[-1]
    np.testing.assert_array_equal(several.probability, single.probability)


def test_another_seed_gives_other_samples():
    model = ref.random_potts(5, (20, 20), 4)
    a, b, c = (quick("gibbs").solve(model, rng=seed).probability for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.01


def test_long_runs_are_summed_without_loss():
    """Beyond the sums that float32 holds they are folded: two runs of one length agree."""
    model = ref.random_potts(5, (3, 4), 3)
    long = PottsGibbs(burn_in=10, sweeps=600, chains=1).solve(model, rng=1)
    np.testing.assert_allclose(long.probability.sum(axis=0), 1, atol=1e-6)
    exact = PottsGibbs(burn_in=10, sweeps=100, chains=1).solve(model, rng=1)
    assert np.abs(long.probability - exact.probability).max() < 0.2


@EVERY_ENGINE
def test_a_deadline_ends_it_and_a_callback_hears_each_round(name):
    model = ref.random_potts(6, (30, 30), 4)
    steps = []
    found = quick(name).solve(model, rng=0, callback=steps.append)
    assert [step.round for step in steps] == list(range(1, len(found.trace) + 1))
    assert steps[-1].site_updates == found.work.site_updates

    with pytest.raises(TimeLimitError), deadline(1e-9):
        quick(name).solve(model, rng=0)


@EVERY_ENGINE
def test_what_runs_out_is_a_status_and_advice(name):
    model = ref.random_potts(7, (40, 40), 4, size=1.0, spread=0.2)
    engine = {
        "mf": PottsMeanField(max_sweeps=1),
        "icm": PottsICM(max_sweeps=1),
        "gibbs": PottsGibbs(burn_in=0, sweeps=4),
        "expansion": AlphaExpansion(max_rounds=1),
    }[name]
    found = engine.solve(model, rng=0)
    if name == "gibbs":
        assert found.status is Status.SAMPLED
        assert set(found.diagnostics) == {"r_hat", "effective_sample_size"}
        return
    assert found.status is Status.MAX_SWEEPS
    assert name in found.advice[0].message
    assert len(found.trace) == 1


@pytest.mark.parametrize("settings", [{"damping": 0}, {"tol": -1}, {"max_sweeps": 0},
                                      {"schedule": "random"}, {"parallel": 1},
                                      {"schedule": "jacobi"}], ids=str)  # fmt: skip
def test_mean_field_refuses_settings_out_of_range(settings):
    with pytest.raises(ParameterError):
        PottsMeanField(**settings)


def test_jacobi_ends_at_a_fixed_point():
    model = ref.random_potts(8, (9, 9), 3, size=0.4)
    found = PottsMeanField(schedule="jacobi", damping=0.5, tol=1e-6).solve(model)
    again, step = ref.mean_field_sweep(model, found.probability)
    assert found.status is Status.CONVERGED
    assert step < 1e-4
    np.testing.assert_allclose(again, found.probability, atol=1e-4)


def test_expansion_refuses_negative_strengths():
    with pytest.raises(EngineRefusalError, match="negative"):
        AlphaExpansion().solve(ref.random_potts(0, (3, 3), 3, sign=-1))


def test_127_labels_are_the_most():
    l = np.random.default_rng(0).normal(size=(MOST_LABELS, 3, 4))  # noqa: E741
    for name in POTTS_ENGINES:
        assert quick(name).solve(PottsModel(l, 0.3), rng=0).labels.shape == (3, 4)
    with pytest.raises(ParameterError, match="127"):
        PottsModel(np.zeros((128, 3, 4)), 0.3)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 4)),
        np.zeros((0, 3, 4)),
        np.zeros((2, 0, 4)),
        np.full((2, 3, 4), np.nan),
        np.full((2, 3, 4), np.inf),
        np.full((2, 3, 4), -np.inf),
        np.zeros((2, 3, 4), complex),
    ],
    ids=["plane", "none", "empty", "nan", "inf", "impossible", "complex"],
)
def test_log_likelihoods_that_make_no_model_are_refused(bad):
    with pytest.raises(ParameterError, match="log_likelihood"):
        PottsModel(bad, 1.0)


def test_a_strength_for_each_edge_is_refused():
    edges = Coupling.per_edge(np.ones((3, 3)), np.ones((2, 4)))
    with pytest.raises(ParameterError, match="coupling"):
        PottsModel(np.zeros((2, 3, 4)), edges)


@pytest.mark.parametrize("bad", [np.zeros((2, 2), int), np.full((3, 4), 2), np.full((3, 4), -1)])
def test_the_energy_of_other_labels_is_refused(bad):
    with pytest.raises(ParameterError, match="labels"):
        PottsModel(np.zeros((2, 3, 4)), 1.0).energy(bad)


def test_the_bound_of_another_shape_is_refused():
    with pytest.raises(ParameterError, match="probability"):
        PottsModel(np.zeros((2, 3, 4)), 1.0).elbo(np.zeros((2, 3, 3)))
