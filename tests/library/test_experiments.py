"""`isingdenoise.experiments`: several engines on one model, measured alike."""

import dataclasses
import json
import math
from typing import ClassVar

import numpy as np
import pytest
from command_line import scene

from isingdenoise import (
    ENGINES,
    ICM,
    Coupling,
    GaussianNoise,
    Gibbs,
    MeanField,
    ParameterError,
    denoise,
)
from isingdenoise.experiments import Comparison, compare, compare_levels, sandwich
from isingdenoise.inference import Traits
from isingdenoise.inference.base import check_engine_can_solve
from isingdenoise.metrics import bit_error_rate, psnr

NOISE = GaussianNoise(0.8)


@pytest.fixture(scope="module")
def noisy():
    x = NOISE.sample(scene(), np.random.default_rng(7))
    x.flags.writeable = False
    return x


@pytest.fixture(scope="module")
def rows(noisy):
    """Return one row of each engine, measured against the clean scene."""
    return compare(noisy, NOISE, clean=scene(), rng=3)


@pytest.fixture(scope="module")
def solved(rows):
    """Return the rows of the engines that could solve the model."""
    return [row for row in rows if row.refusal is None]


def test_one_row_for_each_engine_in_order(rows):
    assert all(isinstance(row, Comparison) for row in rows)
    assert [row.engine for row in rows] == list(ENGINES)
    for row in rows:
        assert (row.result is None) == (row.refusal is not None)
        assert row.result is None or row.result.solution.engine == row.engine


def test_each_row_is_what_denoise_returns(solved, noisy):
    for row in solved:
        alone = denoise(noisy, NOISE, engine=row.engine, rng=3)
        np.testing.assert_array_equal(row.result.image, alone.image)
        assert row.result.solution.energy == alone.solution.energy


def test_the_measures_are_those_of_the_metrics(solved):
    for row in solved:
        assert row.bit_error_rate == bit_error_rate(row.result.image, scene())
        assert row.psnr == psnr(row.result.image, scene())
        assert 0 < row.bit_error_rate < 0.1


def test_all_engines_solve_the_same_model(solved):
    first = solved[0].result
    for row in solved[1:]:
        np.testing.assert_array_equal(row.result.model.field, first.model.field)
        assert row.result.model.offset == first.model.offset
        assert row.result.coupling == first.coupling
        assert row.result.noise is first.noise


def test_the_noise_is_estimated_once(noisy, monkeypatch):
    calls = []
    estimate = GaussianNoise.from_image.__func__

    def counted(cls, *args, **known):
        calls.append(args)
        return estimate(cls, *args, **known)

    monkeypatch.setattr(GaussianNoise, "from_image", classmethod(counted))
    rows = compare(noisy, "gaussian", engines=["mf", "icm"])
    assert len(calls) == 1
    assert rows[0].result.noise is rows[1].result.noise
    assert rows[0].result.noise.sigma == pytest.approx(0.8, rel=0.15)


def test_engines_by_name_or_with_settings_of_their_own(noisy):
    engines = [ICM(max_sweeps=1), "icm", MeanField(damping=0.5)]
    rows = compare(noisy, NOISE, engines=engines)
    assert [row.engine for row in rows] == ["icm", "icm", "mf"]
    assert rows[0].record()["sweeps"] == 1
    assert rows[2].result.settings["engine"]["damping"] == 0.5
    assert compare(noisy, NOISE, engines=[]) == []


def test_engines_may_come_from_a_stream(noisy):
    assert [row.engine for row in compare(noisy, NOISE, engines=iter(["icm", "mf"]))] == [
        "icm",
        "mf",
    ]


def test_without_a_clean_picture_nothing_is_measured(noisy):
    (row,) = compare(noisy, NOISE, engines=["icm"])
    assert row.bit_error_rate is None
    assert row.psnr is None


def test_a_perfect_result_has_an_infinite_psnr():
    x = NOISE.sample(scene(), np.random.default_rng(0)) * np.float32(0.01)
    x += np.where(scene(), np.float32(1), np.float32(-1))
    (row,) = compare(x, GaussianNoise(0.1), engines=["icm"], coupling=0.1, clean=scene())
    assert row.bit_error_rate == 0
    assert row.psnr == math.inf


def test_records_have_stable_keys_and_plain_values(rows):
    for row in rows:
        record = row.record()
        assert list(record) == [
            *("engine", "bit_error_rate", "psnr", "energy", "bound", "sweeps"),
            *("seconds", "effective_sample_size", "r_hat", "status", "upper_bound", "refusal"),
            *("label", "level", "seed"),
        ]
        assert json.loads(json.dumps(record)) == record
        assert {type(value) for value in record.values()} <= {str, float, int, type(None)}
        if row.refusal is None:
            assert (record["bound"] is not None) == ENGINES[row.engine].traits.lower_bound


@pytest.mark.parametrize("coupling", [0.3, Coupling.nearest(0.3), Coupling.eight(0.3)])
def test_the_coupling_is_used_as_given(noisy, coupling):
    (row,) = compare(noisy, NOISE, engines=["icm"], coupling=coupling)
    expected = coupling if isinstance(coupling, Coupling) else Coupling.nearest(coupling)
    assert row.result.coupling == expected
    assert row.result.settings["coupling"]["source"] == "given"
    (auto,) = compare(noisy, NOISE, engines=["icm"])
    assert auto.result.settings["coupling"]["source"] == "estimated"


def test_the_same_seed_gives_the_same_rows(noisy):
    def mean(seed):
        (row,) = compare(noisy, NOISE, engines=["gibbs"], coupling=0.2, rng=seed)
        return row.result.probability

    np.testing.assert_array_equal(mean(1), mean(1))
    assert np.any(mean(1) != mean(2))


def test_every_engine_is_compiled_before_its_clock_starts(noisy):
    solved = []

    @dataclasses.dataclass(frozen=True)
    class Watched:
        name: ClassVar[str] = "watched"
        summary: ClassVar[str] = "counts"
        traits: ClassVar[Traits] = Traits()
        parallel: bool | None = None

        def footprint(self, pixels):
            return 10 * pixels

        def quick(self):
            return self

        def solve(self, model, *, init=None, rng=None, callback=None):
            solved.append(model.field.shape)
            return ICM().solve(model, init=init, rng=rng)

    (row,) = compare(noisy, NOISE, engines=[Watched()])
    assert row.engine == "watched"
    assert solved[-1] == noisy.shape
    assert len(solved) == 3  # first tiny models with strong and with these strengths, to compile


def bounded(lower, upper, engine, refusal=None, shape=(2, 5)):
    """Return a row of an engine with the given bounds on the log evidence."""

    class Solution:
        lower_bound, upper_bound = lower, upper

    class Result:
        solution, image = Solution(), np.zeros(shape, bool)

    return Comparison(engine, None if refusal else Result(), refusal=refusal)


def test_the_sandwich_is_the_best_bounds_a_pixel():
    rows = [
        bounded(20.0, None, "a"),
        bounded(None, None, "labels"),
        bounded(None, None, "cannot", refusal="needs more"),
        bounded(23.0, None, "b"),
        bounded(None, 31.0, "c"),
        bounded(None, 28.0, "d"),
    ]
    found = sandwich(rows)
    assert (found.lower, found.lower_engine) == (2.3, "b")
    assert (found.upper, found.upper_engine) == (2.8, "d")
    assert (found.exact, found.total) == (None, 5.0)
    with_truth = sandwich([*rows, bounded(24.0, 24.0, "truth")])
    assert (with_truth.exact, with_truth.total) == (2.4, 1.0)
    assert (with_truth.lower_engine, with_truth.upper_engine) == ("b", "d")


def test_a_sandwich_needs_a_bound():
    assert sandwich([]) is None
    assert sandwich([bounded(None, None, "labels")]) is None
    half = sandwich([bounded(None, 30.0, "c")])
    assert (half.lower, half.upper, half.total) == (None, 3.0, None)


def test_an_engine_that_refuses_has_a_row_that_says_why(noisy, monkeypatch):
    monkeypatch.setattr(ENGINES["icm"], "objection", lambda *_: "needs a tree", raising=False)
    monkeypatch.setattr(
        ENGINES["icm"], "solve", lambda self, model, **_: check_engine_can_solve(self, model)
    )
    row, other = compare(noisy, NOISE, engines=["icm", "mf"], coupling=0.3, clean=scene())
    assert (row.result, row.bit_error_rate, row.refusal) == (None, None, "needs a tree")
    record = row.record()
    assert list(record) == list(other.record())
    told = {name: value for name, value in record.items() if value is not None}
    named = {"engine": "icm", "label": "icm"}
    assert told == {**named, "status": "refused", "refusal": "needs a tree"}


def test_the_picture_stays_as_it_is(noisy):
    before = noisy.copy()
    compare(noisy, NOISE, engines=["mf"], clean=scene())
    np.testing.assert_array_equal(noisy, before)


def test_labels_have_the_settings_that_are_no_defaults(noisy):
    engines = ["mf", MeanField(damping=0.5, schedule="jacobi", parallel=False), ICM(max_sweeps=9)]
    rows = compare(noisy, NOISE, engines=engines, coupling=0.3)
    told = ["mf", "mf:damping=0.5:schedule=jacobi:parallel=false", "icm:max_sweeps=9"]
    assert [row.label for row in rows] == [row.record()["label"] for row in rows] == told
    assert [row.engine for row in rows] == ["mf", "mf", "icm"]


def test_missing_pixels_are_filled_in_and_do_not_count(noisy):
    known = np.ones(noisy.shape, bool)
    known[10:20] = False
    (row,) = compare(noisy, NOISE, engines=["mf"], coupling=0.4, clean=scene(), mask=known)
    alone = denoise(noisy, NOISE, engine="mf", coupling=0.4, mask=known)
    np.testing.assert_array_equal(row.result.image, alone.image)
    wrong = alone.image != scene()
    assert row.bit_error_rate == np.mean(wrong[known])
    assert row.bit_error_rate != np.mean(wrong)


def test_a_course_tells_bound_energy_and_errors_of_each_round(noisy):
    engines = [MeanField(schedule="checkerboard"), "icm", Gibbs(burn_in=3, sweeps=5)]
    options = {"engines": engines, "coupling": 0.4, "clean": scene(), "rng": 1}
    rows = compare(noisy, NOISE, **options, courses=True)
    plain = compare(noisy, NOISE, **options)
    for row, other in zip(rows, plain, strict=True):
        assert other.course is None
        assert row.result.solution.energy == other.result.solution.energy
        trace = row.result.solution.trace
        np.testing.assert_array_equal(row.course.site_updates, trace.site_updates)
        assert row.course.error.shape == (len(trace),)
        assert row.course.error[-1] == row.bit_error_rate or row.engine == "gibbs"
    means, greedy, chains = (row.course for row in rows)
    solution = rows[0].result.solution
    assert means.lower_bound[-1] == pytest.approx(solution.lower_bound, rel=1e-5)
    assert np.all(np.diff(means.lower_bound) > -1e-3)
    assert means.energy[-1] == pytest.approx(solution.energy, rel=1e-5)
    assert np.isnan(greedy.lower_bound).all()
    assert greedy.energy[-1] == pytest.approx(rows[1].result.solution.energy, rel=1e-5)
    assert chains.energy.shape == (8, 2)
    assert abs(chains.error[-1] - rows[2].bit_error_rate) < 0.03
    (blind,) = compare(noisy, NOISE, engines=["mf"], coupling=0.4, courses=True)
    assert np.isnan(blind.course.error).all()


def test_a_clean_picture_is_given_noise_of_each_level_and_seed():
    levels = [(sigma, GaussianNoise(sigma)) for sigma in (0.5, 1.0)]
    found = list(compare_levels(scene(), levels, range(2, 4), engines=["icm"], coupling=0.4))
    assert [(row.level, row.seed) for (row,) in found] == [(0.5, 2), (0.5, 3), (1.0, 2), (1.0, 3)]
    x = GaussianNoise(0.5).sample(scene(), np.random.default_rng(3))
    alone = denoise(x, "gaussian", engine="icm", coupling=0.4)
    ((_,), (row,), *_) = found
    np.testing.assert_array_equal(row.result.image, alone.image)
    assert row.bit_error_rate == bit_error_rate(alone.image, scene())
    told = compare_levels(scene(), levels[:1], [2], engines=["icm"], noise=NOISE)
    assert next(told)[0].result.noise == NOISE
    with pytest.raises(ParameterError, match="must be of bool"):
        next(compare_levels(scene().astype(int), levels, [0]))


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"image": np.zeros((2, 2, 3))}, "image"),
        ({"image": np.zeros((0, 4))}, "image"),
        ({"noise": "pink"}, "noise"),
        ({"engines": ["magic"]}, "engine"),
        ({"coupling": "strong"}, "coupling"),
        ({"coupling": float("nan")}, "coupling"),
        ({"rng": -1}, "rng"),
    ],
)
def test_bad_arguments_are_named(noisy, arguments, parameter):
    given = {"image": noisy, "noise": NOISE, **arguments}
    with pytest.raises(ParameterError) as caught:
        compare(given.pop("image"), given.pop("noise"), **given)
    assert caught.value.parameter == parameter


def test_a_clean_picture_of_another_size_is_refused(noisy):
    with pytest.raises(ParameterError, match=r"32.*24|24.*32"):
        compare(noisy, NOISE, engines=["icm"], clean=scene(32, 24))
