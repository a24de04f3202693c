"""What every engine of volumes promises: shapes, layouts, seeds, starts, errors, times."""

import numpy as np
import pytest
import reference_volume as ref

from isingdenoise import Coupling, ParameterError, TimeLimitError
from isingdenoise.deadline import deadline
from isingdenoise.inference import Status
from isingdenoise.volumes import (
    VOLUME_ENGINES,
    VolumeCoupling,
    VolumeGibbs,
    VolumeICM,
    VolumeMeanField,
    VolumeModel,
)

EVERY_ENGINE = pytest.mark.parametrize("name", VOLUME_ENGINES)


def quick(name, **settings):
    if name == "gibbs":
        settings |= {"burn_in": 3, "sweeps": 8}
    return VOLUME_ENGINES[name](**settings)


@EVERY_ENGINE
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 9), (8, 1, 1), (1, 6, 1), (2, 2, 2), (5, 7, 3)]
)
@pytest.mark.parametrize("neighbours", [4, 6, 26])
def test_every_shape_is_solved(name, shape, neighbours):
    model = ref.random_volume(2, shape, neighbours)
    found = quick(name).solve(model, rng=0)
    assert (found.labels.shape, found.labels.dtype, found.engine) == (shape, np.int8, name)
    assert set(np.unique(found.labels)) <= {-1, 1}
    assert found.energy == pytest.approx(ref.energy(model, found.labels), rel=1e-5, abs=1e-5)
    if VOLUME_ENGINES[name].traits.marginals:
        assert (found.mean.shape, found.mean.dtype) == (shape, np.float32)
        assert np.abs(found.mean).max() <= 1
        np.testing.assert_array_equal(found.labels, np.where(found.mean >= 0, 1, -1))
    else:
        assert found.mean is None
    assert (found.lower_bound is not None) == VOLUME_ENGINES[name].traits.lower_bound
    assert name in repr(found)
    assert " x ".join(map(str, shape)) in repr(found)


@EVERY_ENGINE
def test_input_of_any_layout_and_type_gives_the_same_and_stays_as_it_is(name):
    h = np.random.default_rng(0).normal(size=(4, 6, 8)).astype(np.float32)
    expected = quick(name).solve(VolumeModel(h, 0.5), rng=3)
    fixed = h.copy()
    fixed.flags.writeable = False
    for array in (
        np.asfortranarray(h),
        np.repeat(h, 2, axis=2)[..., ::2],
        h[::-1].copy()[::-1],
        h.astype(">f4"),
        h.astype(np.float64),
        fixed,
    ):
        before = array.copy()
        found = quick(name).solve(VolumeModel(array, 0.5), init=array, rng=3)
        np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(
            quick(name).solve(VolumeModel(array, 0.5), rng=3).labels, expected.labels
        )
        assert found.labels.shape == h.shape


def test_a_field_that_can_be_written_is_copied_and_one_that_cannot_is_kept():
    h = np.zeros((2, 3, 4), np.float32)
    model = VolumeModel(h, 0.5)
    h[...] = 7
    assert model.field.max() == 0
    h.flags.writeable = False
    assert VolumeModel(h, 0.5).field is h


@EVERY_ENGINE
def test_one_seed_gives_one_answer(name):
    model = ref.random_volume(3, (4, 9, 10), 6, size=0.2, spread=0.3)
    a, b, c = (quick(name).solve(model, rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.labels, b.labels)
    assert a.energy == b.energy
    assert (a.energy != c.energy) == VOLUME_ENGINES[name].traits.stochastic


@EVERY_ENGINE
def test_a_start_is_taken_as_bools_labels_and_means(name):
    model = ref.random_volume(4, (3, 6, 7), 6, size=1.5, spread=0.1)
    start = np.random.default_rng(1).random(model.shape) < 0.5
    forms = [start, np.where(start, 1, -1), np.where(start, 5.0, -5.0)]
    answers = [quick(name).solve(model, init=form, rng=0).labels for form in forms]
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])
    if name == "icm":  # with strong pulls it matters where it starts
        assert (quick(name).solve(model, init=np.ones(model.shape)).labels == 1).all()
        assert (quick(name).solve(model, init=-np.ones(model.shape)).labels == -1).all()


@EVERY_ENGINE
@pytest.mark.parametrize(
    "init", [np.zeros((2, 2, 2)), np.full((3, 4, 5), np.nan), np.full((3, 4, 5), "x")]
)
def test_a_start_that_does_not_fit_is_refused(name, init):
    with pytest.raises(ParameterError, match="init"):
        quick(name).solve(ref.random_volume(0, (3, 4, 5)), init=init)


@EVERY_ENGINE
def test_a_callback_sees_rounds_and_ends_them(name):
    model = ref.random_volume(5, (4, 8, 9), 6, size=0.1)
    seen = []

    def stop(step):
        seen.append((step.round, step.snapshot().shape[-3:]))
        raise StopIteration

    found = VOLUME_ENGINES[name](**({"max_sweeps": 1000} if name != "gibbs" else {})).solve(
        model, callback=stop, rng=0
    )
    assert seen == [(1, model.shape)]
    assert found.status in (Status.STOPPED, Status.CONVERGED)
    assert len(found.trace) == 1


@EVERY_ENGINE
def test_a_deadline_ends_a_solve(name):
    with pytest.raises(TimeLimitError), deadline(1e-9):
        quick(name).solve(ref.random_volume(6, (3, 4, 5)))


def test_sweeps_that_run_out_are_told():
    model = ref.random_volume(7, (6, 6, 6), 6, size=0.5, spread=0.2)
    found = VolumeMeanField(max_sweeps=2).solve(model)
    assert (found.status, found.work.sweeps) == (Status.MAX_SWEEPS, 2)
    assert "max_sweeps" in str(found.advice[0])
    assert VolumeICM(max_sweeps=1).solve(model).status is Status.MAX_SWEEPS


@pytest.mark.parametrize(
    "make",
    [
        lambda: VolumeMeanField(damping=0),
        lambda: VolumeMeanField(schedule="jacobi"),
        lambda: VolumeMeanField(schedule="spiral"),
        lambda: VolumeMeanField(tol=-1),
        lambda: VolumeICM(max_sweeps=0),
        lambda: VolumeGibbs(chains=0),
        lambda: VolumeModel(np.zeros((3, 4)), 0.5),
        lambda: VolumeModel(np.zeros((0, 3, 4)), 0.5),
        lambda: VolumeModel(np.full((1, 3, 4), np.nan), 0.5),
        lambda: VolumeModel(np.full((1, 3, 4), np.inf), 0.5),
        lambda: VolumeModel(np.full((1, 3, 4), 1j), 0.5),
        lambda: VolumeModel(np.ma.masked_all((1, 3, 4)), 0.5),
        lambda: VolumeModel(np.zeros((1, 3, 4)), np.nan),
        lambda: VolumeModel(np.zeros((1, 3, 4)), 0.5, np.inf),
        lambda: VolumeModel(np.zeros((1, 3, 4)), 0.5).energy(np.ones((3, 4))),
        lambda: VolumeModel(np.zeros((1, 3, 4)), 0.5).elbo(np.full((1, 3, 4), "x")),
        lambda: VolumeCoupling(0.5, [[1, 2], [3, 4]]),
        lambda: VolumeCoupling(0.5, [[1, 2, 3], [3, 4, 5], 6]),
        lambda: VolumeCoupling(0.5, np.inf),
        lambda: VolumeCoupling(0.5, "much"),
        lambda: VolumeCoupling(Coupling.contrast(np.eye(3), 1.0, 1.0)),
        lambda: VolumeCoupling.of(0.5, 8),
        lambda: VolumeCoupling.six(0.5, spacing=(1, 2)),
        lambda: VolumeCoupling.six(0.5, spacing=(0, 1, 1)),
        lambda: VolumeCoupling.six(0.5, spacing="1,1,1"),
        lambda: VolumeCoupling.six(2e6),
    ],
)
def test_what_is_out_of_range_is_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_strengths_fall_with_the_distance():
    c = VolumeCoupling.twentysix(0.6, spacing=(2.0, 1.0, 1.5))
    assert c.plane == Coupling(0.6 / 1.5, 0.6, 0.6 / np.hypot(1, 1.5), 0.6 / np.hypot(1, 1.5))
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            distance = np.sqrt(4 + dy**2 + 2.25 * dx**2)
            assert c.between[dy + 1][dx + 1] == pytest.approx(0.6 / distance)
    assert VolumeCoupling.eighteen(1.0).between[0] == (0.0, pytest.approx(0.5**0.5), 0.0)
    half = VolumeCoupling.six(1.0, between=0.5)
    assert half.between[1][1] == 0.5
    assert (half.neighbours, half.pull) == (6, 5.0)
    assert half.apart().neighbours == 4
    assert half.scaled(2.0) == VolumeCoupling.six(2.0, between=0.5)
    assert "none between planes" in str(half.apart())
    assert str(half) == "1 on 4 neighbours, 0.5 between planes"
    assert str(c).endswith("0.3 between planes and 8 oblique ones")


@EVERY_ENGINE
def test_memory_is_bounded_as_told(name):
    import tracemalloc

    model = ref.random_volume(8, (40, 64, 64), 6)
    engine = quick(name, parallel=False)
    engine.solve(model, rng=0)  # what is compiled is not the volume's
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    engine.solve(model, rng=0)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    told = engine.footprint(42 * 66 * 66)  # with its borders, which count in a small one
    assert 0.6 * told < peak < 1.15 * told
