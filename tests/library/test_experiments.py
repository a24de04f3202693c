"""`isingdenoise.experiments`: several engines on one model, measured alike."""

import dataclasses
import json
import math
from typing import ClassVar

import numpy as np
import pytest
from command_line import scene

from isingdenoise import ENGINES, ICM, Coupling, GaussianNoise, MeanField, ParameterError, denoise
from isingdenoise.experiments import Comparison, compare
from isingdenoise.inference import Traits
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


def test_one_row_for_each_engine_in_order(rows):
    assert all(isinstance(row, Comparison) for row in rows)
    assert [row.engine for row in rows] == list(ENGINES)
    assert [row.result.solution.engine for row in rows] == list(ENGINES)


def test_each_row_is_what_denoise_returns(rows, noisy):
    for row in rows:
        alone = denoise(noisy, NOISE, engine=row.engine, rng=3)
        np.testing.assert_array_equal(row.result.image, alone.image)
        assert row.result.solution.energy == alone.solution.energy


def test_the_measures_are_those_of_the_metrics(rows):
    for row in rows:
        assert row.bit_error_rate == bit_error_rate(row.result.image, scene())
        assert row.psnr == psnr(row.result.image, scene())
        assert 0 < row.bit_error_rate < 0.1


def test_all_engines_solve_the_same_model(rows):
    first = rows[0].result
    for row in rows[1:]:
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
            *("seconds", "effective_sample_size", "r_hat", "status", "upper_bound"),
        ]
        assert json.loads(json.dumps(record)) == record
        assert {type(value) for value in record.values()} <= {str, float, int, type(None)}
        assert (record["bound"] is None) == (row.engine != "mf")


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
    assert len(solved) == 2  # first a tiny model, to compile


def test_the_picture_stays_as_it_is(noisy):
    before = noisy.copy()
    compare(noisy, NOISE, engines=["mf"], clean=scene())
    np.testing.assert_array_equal(noisy, before)


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
