"""What a result makes of labels, means and a calibration, against slow sums over neighbours."""

from dataclasses import replace

import numpy as np
import pytest

from isingdenoise import Coupling, FlipNoise, IsingModel, denoise, result
from isingdenoise.learning import Calibration

SHAPE = (7, 9)  # 63 pixels: the last byte of the bits is not full
COUPLING = Coupling(0.3, 0.5, 0.1, -0.2)
AROUND = {(0, 1): 0.3, (1, 0): 0.5, (1, 1): 0.1, (1, -1): -0.2}


@pytest.fixture(scope="module")
def solved():
    noisy = np.random.default_rng(0).random(SHAPE) < 0.5
    return denoise(noisy, FlipNoise(0.1), coupling=COUPLING)


@pytest.fixture
def found(solved):
    """Return a result with means, fields and labels of any kind, the labels not of the means."""
    rng = np.random.default_rng(1)
    mean = rng.uniform(-0.99, 0.99, SHAPE).astype(np.float32)
    field = rng.normal(0, 0.7, SHAPE).astype(np.float32)
    labels = rng.choice(np.array([-1, 1], np.int8), SHAPE)
    solution = replace(solved.solution, labels=labels, mean=mean)
    return replace(
        solved,
        image=labels > 0,
        solution=solution,
        model=IsingModel(field, COUPLING),
        calibration=Calibration(0.2, 0.7),
    )


def neighbours(values, strength):
    """Return sum_j f(J_ij) v_j for each pixel, `strength` being f."""
    total = np.zeros(SHAPE)
    for i in np.ndindex(SHAPE):
        for (down, right), j in AROUND.items():
            for sign in (1, -1):
                row, column = i[0] + sign * down, i[1] + sign * right
                if 0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]:
                    total[i] += strength(j) * values[row, column]
    return total


def expected(found):
    """Return the mean of both probabilities, which may contradict the picture."""
    mean, field = (a.astype(np.float64) for a in (found.solution.mean, found.model.field))
    pull = neighbours(mean, lambda j: j)
    echo = mean * neighbours(1 - mean**2, lambda j: j**2)
    bias, slope = found.calibration.bias, found.calibration.slope
    odds = (bias + 2 * slope * pull + 2 * field, 2 * (pull - echo) + 2 * field)
    return sum(1 / (1 + np.exp(-a)) for a in odds) / 2


def test_probabilities_are_the_mean_of_two_and_never_contradict_the_picture(found):
    free, bright = expected(found), found.solution.labels > 0
    assert np.any(free[bright] < 0.5)  # what there is to be kept from contradicting
    assert np.any(free[~bright] > 0.5)
    p = found.probability
    assert p.dtype == np.float32
    agree = bright == (free > 0.5)
    np.testing.assert_allclose(p[agree], free[agree], atol=2e-6)
    assert np.all(p[bright & ~agree] == 0.5)
    assert np.all(p[~bright & ~agree] == np.nextafter(np.float32(0.5), np.float32(0)))
    np.testing.assert_array_equal(p >= 0.5, bright)


@pytest.mark.parametrize("at_once", [1, 9, 18, 27, 62])
def test_bands_leave_no_seam(found, at_once, monkeypatch):
    whole = found.probability.copy()
    again = replace(found)  # what was worked out is kept in the old one
    monkeypatch.setattr(result, "_PIXELS_AT_ONCE", at_once)
    np.testing.assert_array_equal(again.probability, whole)


@pytest.mark.parametrize(
    ("at_once", "rows"), [(2 * SHAPE[1] + 1, [2, 2, 2, 1]), (SHAPE[1] - 1, [1] * 7)]
)
def test_temporaries_are_bands_of_a_few_rows(found, monkeypatch, at_once, rows):
    bands = []

    def seen(band, *args):
        bands.append(len(range(SHAPE[0])[band]))
        calibrate(band, *args)

    calibrate = result._calibrate
    monkeypatch.setattr(result, "_calibrate", seen)
    monkeypatch.setattr(result, "_PIXELS_AT_ONCE", at_once)
    assert replace(found).probability is not None
    assert bands == rows


def test_a_large_picture_is_done_in_bands_of_a_megabyte_or_two():
    assert 1 << 16 <= result._PIXELS_AT_ONCE <= 1 << 19


def test_without_a_calibration_they_are_as_solved(found):
    plain = replace(found, calibration=None)
    mean = found.solution.mean.astype(np.float64)
    np.testing.assert_allclose(plain.probability, (1 + mean) / 2, atol=1e-7)
    assert plain.probability.dtype == np.float32
    blind = replace(found, solution=replace(found.solution, mean=None))
    assert blind.probability is None


def test_changes_are_counted_by_what_they_became(found):
    rng = np.random.default_rng(2)
    differs, white = rng.random(SHAPE) < 0.3, found.solution.labels > 0
    differs[-1, -1] = True
    changed = replace(found, differs=np.packbits(differs))
    counts = np.count_nonzero(differs & white), np.count_nonzero(differs & ~white)
    assert counts[0] != counts[1]
    assert changed.changes == counts
    assert all(type(count) is int for count in changed.changes)
    expected = np.where(differs, np.where(white, 1, -1), 0)
    assert changed.change_map.dtype == np.int8
    np.testing.assert_array_equal(changed.change_map, expected)
    assert changed.change_map is not changed.change_map


def test_a_result_is_equal_to_itself_alone(solved):
    assert solved == solved  # noqa: PLR0124
    assert solved != replace(solved)
    assert len({solved, replace(solved)}) == 2


def test_it_prints_its_shape_noise_and_coupling_and_no_arrays(solved):
    text = repr(solved)
    assert text.startswith(f"DenoiseResult(7 x 9, {solved.noise}, coupling {COUPLING} (given)")
    assert "array" not in text
