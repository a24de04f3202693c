"""What is drawn to train on, and the fields of its noise."""

import numpy as np
import pytest

from isingdenoise import FlipNoise, GaussianNoise, LaplaceNoise
from isingdenoise.noise import field_and_offset

pytest.importorskip("torch")
pytest.importorskip("font_roboto")
pytest.importorskip("segno")

from isingdenoise.training.batches import batch, weights
from isingdenoise.training.coupled import coupled, suited
from isingdenoise.training.drawing import KINDS, draw
from isingdenoise.training.examples import of_folder, of_own_drawing
from isingdenoise.training.fields import (
    flip_field,
    gaussian_field,
    laplace_field,
    noisy_field,
)
from isingdenoise.training.plan import Plan


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_functions_of_their_generator(kind):
    for seed in range(6):
        one, other = (draw(np.random.default_rng(seed), 64, kind) for _ in range(2))
        assert one.shape == (64, 64)
        assert one.dtype == bool
        assert one.flags["C_CONTIGUOUS"]
        assert np.array_equal(one, other)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "blank"])
def test_pictures_hold_something_and_are_not_alike(kind):
    drawn = [draw(np.random.default_rng(seed), 96, kind) for seed in range(12)]
    both = sum(bool(p.any() and not p.all()) for p in drawn)
    assert both >= 8
    assert len({p.tobytes() for p in drawn}) >= 8


@pytest.mark.parametrize(
    ("noisy", "amount", "model"),
    [
        (gaussian_field, 0.7, GaussianNoise(0.7, (-1.0, 1.0))),
        (laplace_field, 0.5, LaplaceNoise(0.5, (-1.0, 1.0))),
        (flip_field, 0.1, FlipNoise(0.1, (-1.0, 1.0))),
    ],
)
def test_fields_are_those_of_the_noise_models(noisy, amount, model):
    signs = np.where(np.random.default_rng(0).random((40, 40)) < 0.3, 1, -1).astype(np.float32)
    field = noisy(signs, amount, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    if noisy is gaussian_field:
        x = signs + amount * rng.standard_normal(signs.shape)
    elif noisy is flip_field:
        x = np.where(rng.random(signs.shape) < amount, -signs, signs)
    else:
        x = signs + rng.laplace(scale=amount, size=signs.shape)
    assert field == pytest.approx(field_and_offset(model, x)[0], rel=1e-4, abs=1e-5)


def test_fields_are_finite_bounded_and_tell_the_picture():
    rng = np.random.default_rng(1)
    right, missing = [], 0
    for _ in range(200):
        picture = rng.random((32, 32)) < 0.5
        field = noisy_field(picture, rng)
        assert field.dtype == np.float32
        assert np.isfinite(field).all()
        assert np.abs(field).max() <= 40
        seen = field != 0
        missing += not seen.all()
        if seen.any():
            right.append(np.mean((field > 0)[seen] == picture[seen]))
    assert 40 <= missing <= 90
    assert min(right) > 0.4  # whatever the noise, never worse than chance by much
    assert np.mean(right) > 0.8


def test_small_parts_count_more():
    picture = np.ones((20, 20), bool)
    picture[3, 3:5] = False  # two pixels
    picture[10:14, 10:14] = False  # sixteen
    expected = np.ones((20, 20))
    expected[3, 3:5] = 3
    assert np.array_equal(weights(picture, 2), expected)
    assert np.array_equal(weights(~picture, 2), expected)


@pytest.mark.parametrize("kind", ["network", "machine"])
def test_batches_do_not_depend_on_what_was_drawn_before(kind):
    plan = Plan(side=32, seed=3, kind=kind)
    source = of_own_drawing(plan).training
    first = batch(7, 2, source, 2.0)
    batch(1, 2, source, 2.0)
    again = batch(7, 2, source, 2.0)
    for one, other in zip(first, again, strict=True):
        assert one.shape in ((2, 32, 32), (2, 2))
        assert np.array_equal(one, other)
    assert first.coupling.any() == (kind == "machine")
    assert not np.array_equal(first.field, batch(8, 2, source, 2.0).field)
    other = of_own_drawing(Plan(side=32, kind=kind)).training
    assert not np.array_equal(first.field, batch(7, 2, other, 2.0).field)


@pytest.mark.slow
def test_a_machine_has_each_example_turned_mirrored_and_as_a_negative():
    def page(rng):
        return rng.random((16, 16)) < 0.02 + 0.1 * np.arange(16) / 16

    source = coupled(page, seed=1, uses=1)
    again = [source(512 * use) for use in range(16)]
    fields = np.stack([np.sort(np.abs(sample.field), axis=None) for sample in again])
    assert (fields == fields[0]).all()  # one example
    assert len({sample.field.tobytes() for sample in again}) > 8
    shares = {round(float(sample.clean.mean()), 3) for sample in again}
    assert len(shares) == 2
    assert sum(shares) == pytest.approx(1, abs=0.002)
    strengths = np.array([sample.coupling for sample in again])
    assert 0.02 < np.log(strengths[:, 0]).std() < 0.3
    for sample in again:  # field and picture are turned alike
        assert np.mean((sample.field > 0) == sample.clean) > 0.5
    assert source(511).field.tobytes() != source(512).field.tobytes()


def test_the_coupling_that_suits_smooths_blots_and_leaves_dust():
    rng = np.random.default_rng(0)
    blot = np.zeros((64, 64), bool)
    blot[16:48, 16:48] = True
    dust = rng.random((64, 64)) < 0.5
    found = [
        suited(flip_field(np.where(picture, 1, -1).astype(np.float32), 0.2, rng), picture)
        for picture in (blot, dust)
    ]
    assert found[0][0] >= 0.5
    assert sum(found[1]) <= 0.1


def test_folders_keep_pictures_apart_for_the_validation():
    read = []

    def page(number):
        read.append(number)
        out = np.ones((10 * (number + 1), 200), bool)
        out[:, ::3] = False
        return out

    pictures = of_folder(Plan(side=48), 20, page)
    for number in range(200):
        sample = pictures.training(number)
        assert sample.clean.shape == sample.field.shape == (48, 48)
    assert set(read) == set(range(2, 20))
    read.clear()
    (_, cut), *rest = pictures.kinds
    assert not rest
    for seed in range(60):
        cut(np.random.default_rng(seed))
    assert set(read) == {0, 1}


def test_one_picture_is_trained_on_and_judged_by():
    pictures = of_folder(Plan(side=16), 1, lambda number: np.eye(40, dtype=bool))
    assert pictures.training(0)[0].shape == (16, 16)
    assert pictures.kinds[0][1](np.random.default_rng(0)).shape == (16, 16)
