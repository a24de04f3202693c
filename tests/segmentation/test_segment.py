"""From a noisy label map, grey picture or class probabilities to the clean label map."""

import numpy as np
import pytest
from label_maps import cells, flipped, grey

from isingdenoise import Coupling, ParameterError, TimeLimitError
from isingdenoise.deadline import deadline
from isingdenoise.messages import EstimationWarning, collected
from isingdenoise.potts import POTTS_ENGINES, PottsGibbs, PottsICM
from isingdenoise.segmentation import (
    LABEL_NOISES,
    ClassProbabilities,
    FlippedLabels,
    GaussianLevels,
    fit_levels,
    segment,
)

SHAPE = (96, 112)
EVERY_ENGINE = pytest.mark.parametrize("engine", POTTS_ENGINES)


def errors(found, truth):
    return float(np.mean(found.labels != truth))


def probabilities(z, count, sharpness=1.5, seed=2):
    """Return what a classifier that is often wrong might say."""
    rng = np.random.default_rng(seed)
    l = rng.normal(size=(count, *z.shape)) + sharpness * (z == np.arange(count)[:, None, None])  # noqa: E741
    p = np.exp(sharpness * l)
    return (p / p.sum(axis=0)).astype(np.float32)


@pytest.mark.slow
@EVERY_ENGINE
@pytest.mark.parametrize("count", [2, 3, 6])
def test_wrong_labels_are_righted(engine, count):
    z = cells(SHAPE, count)
    found = segment(flipped(z, count, 0.15), engine=engine, rng=0)
    # a local minimum keeps specks of two pixels
    assert errors(found, z) < (0.02 if engine == "icm" else 0.012)
    assert found.noise.name == "flip"
    assert found.noise.probability == pytest.approx(0.15, abs=0.03)
    assert found.coupling.horizontal > 0.5
    assert found.coupling.neighbours == 4
    assert found.found.gain > 100
    assert found.changed == pytest.approx(0.15, abs=0.02)
    assert found.settings["engine"]["name"] == engine


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("whole", [False, True])
def test_grey_levels_are_found_and_restored(count, whole):
    z = cells(SHAPE, count)
    x = grey(z, 0.4)
    x = np.rint(x).astype(np.uint16) if whole else x
    found = segment(x, count, rng=0)
    assert errors(found, z) < 0.01
    np.testing.assert_allclose(found.values, 50 + 30 * np.arange(count), atol=1.5)
    assert found.noise.sigma == pytest.approx(12, rel=0.05)


@pytest.mark.slow
def test_levels_that_overlap_are_told_apart_by_their_neighbours():
    """A histogram alone gives levels several grey values off, and many errors."""
    z = cells((192, 192), 4)
    x = grey(z, 0.8)
    alone = fit_levels(x.reshape(-1), 4)
    far = np.abs(np.array(alone.levels) - [50, 80, 110, 140]).max()
    found = segment(x, 4, rng=0)
    near = np.abs(np.array(found.values) - [50, 80, 110, 140]).max()
    assert near < min(2.0, 0.7 * far)
    assert errors(found, z) < 0.015
    assert found.noise.sigma == pytest.approx(24, rel=0.04)


def test_class_probabilities_are_smoothed():
    z = cells(SHAPE, 4)
    p = probabilities(z, 4)
    found = segment(p, rng=0)
    assert np.mean(p.argmax(axis=0) != z) > 0.1
    assert errors(found, z) < 0.015
    assert found.values == (0, 1, 2, 3)
    assert found.probability.shape == p.shape


# ---- nothing is done where nothing is to be done


def thin():
    """Return a clean map with lines one pixel wide, a checkerboard, and few lone pixels."""
    z = cells(SHAPE, 3, seed=3)
    z[::8] = 2
    z[:, 5::16] = 0
    z[40:48, 40:48] = np.indices((8, 8)).sum(axis=0) % 2
    return z


@EVERY_ENGINE
def test_a_clean_label_map_comes_out_unchanged(engine):
    for z in (cells(SHAPE, 5), thin()):
        values = np.array([3, 40, 41, 200, 255], np.uint8)[z]
        found = segment(values, engine=engine, rng=0)
        np.testing.assert_array_equal(found.picture(), values)
        assert found.picture().dtype == np.uint8
        assert found.changed == 0
        assert "left alone" in found.notes[0]


def test_noise_that_no_neighbour_tells_of_stays():
    z = np.random.default_rng(0).integers(0, 4, SHAPE)
    found = segment(z)
    np.testing.assert_array_equal(found.labels, z)
    assert found.coupling.pull == 0
    assert found.notes


def test_a_picture_of_one_label_is_told_of():
    with collected() as messages:
        found = segment(np.full((5, 7), 9))
    assert "same label" in messages[0]
    np.testing.assert_array_equal(found.picture(), np.full((5, 7), 9))
    with pytest.warns(EstimationWarning, match="same label"):
        segment(np.full((5, 7), 9))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 5)])
@pytest.mark.parametrize("kind", ["flip", "gaussian", "probability"])
def test_strange_shapes_are_segmented(shape, kind):
    z = np.arange(shape[0] * shape[1]).reshape(shape) // 8 % 3
    with collected():
        if kind == "flip":
            found = segment(z)
            np.testing.assert_array_equal(found.picture(), z)
        elif kind == "gaussian" and z.size > 20:
            found = segment(grey(z, 0.1), 3, noise=kind)
            assert errors(found, z) < 0.1
        elif kind == "probability":
            found = segment(probabilities(z, 3, 8))
            assert errors(found, z) < 0.1
        else:
            return
    assert found.labels.shape == shape


# ---- missing pixels, types and layouts


@pytest.mark.parametrize("way", ["mask", "nan", "masked array"])
def test_missing_pixels_are_filled_in_and_others_stay(way):
    z = cells(SHAPE, 4)
    known = np.random.default_rng(0).random(SHAPE) > 0.2
    x = z.astype(float)
    if way == "nan":
        found = segment(np.where(known, x, np.nan))
    elif way == "masked array":
        found = segment(np.ma.masked_array(x, ~known))
    else:
        found = segment(np.where(known, x, 77), 4, mask=known)
    np.testing.assert_array_equal(found.labels[known], z[known])
    assert errors(found, z) < 0.01


def test_masked_class_probabilities_and_huge_values_under_a_mask_are_missing():
    z = cells(SHAPE, 3)
    known = np.random.default_rng(0).random(SHAPE) > 0.1
    p = np.ma.masked_array(probabilities(z, 3, 2.5), np.broadcast_to(~known, (3, *SHAPE)))
    assert errors(segment(p), z) < 0.03
    assert errors(segment(np.where(known, grey(z, 0.2), 1e25), 3, mask=known), z) < 0.03


@pytest.mark.parametrize("kind", ["flip", "gaussian", "probability"])
def test_missing_pixels_are_filled_in_with_noise_around(kind):
    z = cells(SHAPE, 3)
    known = np.random.default_rng(0).random(SHAPE) > 0.1
    x = {"flip": flipped(z, 3, 0.1).astype(float), "gaussian": grey(z, 0.3),
         "probability": probabilities(z, 3)}[kind]  # fmt: skip
    x = np.where(known, x, np.nan)
    assert errors(segment(x, 3, noise=kind), z) < 0.03


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.float32, ">f8"])
def test_every_type_and_layout_gives_the_same_and_stays_as_it_is(dtype):
    z = flipped(cells(SHAPE, 2), 2, 0.1)
    expected = segment(z, rng=0)
    for x in (z.astype(dtype), np.asfortranarray(z.astype(dtype)), z.astype(dtype)[::-1][::-1]):
        x.flags.writeable = False
        before = x.copy()
        found = segment(x, rng=0)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(found.labels, expected.labels)


def test_the_picture_takes_the_smallest_type_that_holds_its_values():
    z = cells((20, 20), 3)
    for values, kind in [
        ((0, 1, 2), np.uint8), ((5, 300, 400), np.uint16), ((-1, 0, 1), np.float32),
        ((0.5, 1, 2), np.float32), ((0.1, 1, 2), np.float64)
    ]:  # fmt: skip
        found = segment(np.array(values)[z])
        assert found.picture().dtype == kind
        np.testing.assert_array_equal(found.picture(), np.array(values)[z])
    levels = segment(grey(z, 0.2), 3)
    np.testing.assert_array_equal(np.rint(levels.picture()), levels.picture(np.uint8))


# ---- what is given is taken


def test_numbers_that_are_given_are_taken():
    z = cells(SHAPE, 3)
    found = segment(grey(z, 0.4), 3, sigma=20.0)
    assert (found.noise.name, found.noise.sigma) == ("gaussian", 20)
    found = segment(flipped(z, 3, 0.1), flip_probability=0.3, coupling=0.9)
    assert (found.noise.probability, found.coupling) == (0.3, Coupling.nearest(0.9))
    assert found.found is None
    assert found.settings["coupling"]["source"] == "given"
    noise = FlippedLabels((0, 1, 2), 0.1)
    assert segment(flipped(z, 3, 0.1), noise=noise, engine=PottsICM()).noise is noise


def test_the_most_frequent_values_are_the_labels():
    """What has another value says nothing, and is filled in."""
    z = cells(SHAPE, 3)
    dirty = np.where(np.random.default_rng(1).random(SHAPE) < 0.05, 99, flipped(z, 3, 0.05))
    found = segment(dirty, 3, noise="flip")
    assert found.values == (0, 1, 2)
    assert errors(found, z) < 0.01


def test_one_seed_gives_one_result():
    x = flipped(cells((40, 40), 3), 3, 0.2)
    engine = PottsGibbs(burn_in=5, sweeps=10)
    a, b, c = (segment(x, engine=engine, rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.probability, b.probability)
    assert not np.array_equal(a.probability, c.probability)
    again = segment(x, engine=engine, rng=segment(x, engine=engine).settings["seed"])
    assert again.labels.shape == x.shape


@pytest.mark.slow
def test_parts_stand_for_a_large_picture():
    z = cells((600, 700), 3, count=40)
    found = segment(flipped(z, 3, 0.2))
    small = segment(flipped(z, 3, 0.2)[:400, :400])
    assert errors(found, z) < 0.006
    assert found.found.hidden < 0.2 * z.size
    assert found.coupling.horizontal == pytest.approx(small.coupling.horizontal, rel=0.4)


def test_a_deadline_is_heard_and_so_is_a_callback():
    x = flipped(cells(SHAPE, 3), 3, 0.2)
    steps = []
    found = segment(x, callback=steps.append)
    assert len(steps) == len(found.solution.trace)
    with pytest.raises(TimeLimitError), deadline(1e-9):
        segment(x)


GREY = grey(cells((30, 30), 3), 0.3)
MAP = cells((30, 30), 3)
SURE = probabilities(MAP, 3)


@pytest.mark.parametrize(
    ("image", "options", "named"),
    [
        (GREY, {}, "labels"),
        ("map.png", {}, "not a file's name"),
        (GREY, {"labels": 1}, "labels"),
        (GREY, {"labels": 128}, "labels"),
        (GREY, {"noise": "flip"}, "different values"),
        (GREY, {"noise": "flip", "labels": 3}, "different values"),
        (GREY, {"noise": "pink"}, "noise"),
        (GREY, {"labels": 3, "sigma": 0}, "sigma"),
        (GREY, {"labels": 3, "engine": "exact"}, "engine"),
        (GREY, {"labels": 3, "engine": PottsICM}, "engine"),
        (GREY, {"labels": 3, "coupling": "much"}, "coupling"),
        (GREY, {"labels": 3, "mask": np.zeros((30, 30), bool)}, "mask"),
        (GREY, {"labels": 3, "mask": np.ones((3, 3), bool)}, "mask"),
        (GREY, {"labels": 3, "noise": "probability"}, "noise"),
        (GREY, {"labels": 3, "noise": "gaussian", "flip_probability": 0.1}, "flip_probability"),
        (np.full((30, 30), np.nan), {"labels": 3}, "image"),
        (MAP, {"flip_probability": 0.7}, "probability"),
        (MAP, {"labels": 4, "noise": "gaussian"}, "3 different values"),
        (MAP, {"noise": "flip", "sigma": 1.0}, "sigma"),
        (MAP, {"noise": FlippedLabels}, "noise"),
        (MAP, {"noise": ClassProbabilities(3)}, "noise"),
        (MAP, {"noise": FlippedLabels((0, 1, 2), 0.1), "labels": 4}, "labels"),
        (MAP, {"noise": FlippedLabels((0, 1, 2), 0.1), "sigma": 1}, "sigma"),
        (SURE, {"labels": 4}, "labels"),
        (SURE, {"noise": "flip"}, "noise"),
        (SURE, {"sigma": 1.0}, "noise"),
        (SURE.transpose(1, 2, 0), {}, "first axis"),
        (2 * SURE, {}, "first axis"),
        (SURE - 0.5, {}, "first axis"),
        (SURE[:1], {}, "2 to 127"),
        ((255 * SURE).astype(np.uint8), {}, "real numbers"),
        (np.zeros((2, 3, 4, 5)), {}, "two-dimensional"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(image, options, named):
    with pytest.raises(ParameterError) as error:
        segment(image, **options)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (GaussianLevels, ((1, 1), 2.0)),
        (GaussianLevels, ((), 2.0)),
        (GaussianLevels, ((1, 2), 0.0)),
        (FlippedLabels, ((2, 1), 0.1)),
        (FlippedLabels, ((1, 2), 0.5)),
        (FlippedLabels, (range(128), 0.5)),
        (ClassProbabilities, (128,)),
    ],
)
def test_noise_out_of_range_is_refused(kind, arguments):
    with pytest.raises(ParameterError):
        kind(*arguments)


def test_likelihoods_are_those_of_the_formulas():
    x = np.array([[0.0, 3.0, 9.0]])
    p = np.exp(FlippedLabels((0, 3, 5), 0.2).log_likelihood(x))
    np.testing.assert_allclose(p[:, 0], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.1]])
    density = np.exp(GaussianLevels((0, 3), 2.0).log_likelihood(np.linspace(-20, 23, 4001)[None]))
    np.testing.assert_allclose(density.sum(axis=(1, 2)) * 43 / 4000, 1, rtol=1e-4)
    assert set(LABEL_NOISES) == {"gaussian", "flip", "probability"}


def test_a_mixture_is_found_in_any_number_of_values():
    z = np.repeat(np.arange(3), [4000, 1000, 300])
    for x in (grey(z, 0.15), np.rint(grey(z, 0.15)).astype(np.uint8)):
        found = fit_levels(x, 3)
        np.testing.assert_allclose(found.levels, [50, 80, 110], atol=1)
        assert found.sigma == pytest.approx(4.5, rel=0.05)
    assert fit_levels(np.array([1, 1, 7, 7]), 2).levels == (1, 7)
