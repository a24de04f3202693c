"""Pictures of one grey level, scales that end in floats, and grey pictures named flipped."""

import warnings

import numpy as np
import pytest
from noise_examples import as_8_bit, half_and_half
from PIL import Image

from isingdenoise import (
    NOISE_MODELS,
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    LaplaceNoise,
    SaltPepperNoise,
    denoise,
)
from isingdenoise.learning import choose_noise
from isingdenoise.messages import collected

GREY = ["gaussian", "gaussian-per-level", "laplace", "salt-pepper"]
ONE = "one grey level only"
CLIPPED = ["horse", "letter_a", "mask", "qr_code", "small_text", "text"]
FLOATS = {
    "f4": lambda x: (x.astype(np.float32), 1.0, 0.0),
    "over 255": lambda x: (x / 255, 1 / 255, 0.0),
    "3x - 7": lambda x: (3.0 * x - 7, 3.0, -7.0),
}


def page(shape, level, sigma, seed=0):
    return as_8_bit(level + sigma * np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.slow
@pytest.mark.parametrize("noise", [*GREY, "auto"])
@pytest.mark.parametrize(("level", "sigma"), [(240, 4), (20, 4), (254, 4), (128, 60), (240, 0.6)])
def test_a_blank_page_comes_out_in_one_colour(noise, level, sigma):
    """Of the side of the scale's middle where it lies."""
    with pytest.warns(EstimationWarning, match=ONE) as heard:
        found = denoise(page((300, 400), level, sigma), noise)
    assert len(heard) == 1
    assert np.all(found.image == (level >= 127.5))
    colour = "white" if level >= 127.5 else "black"
    assert f"comes out all {colour}" in str(heard[0].message)


@pytest.mark.slow
@pytest.mark.parametrize("noise", GREY)
def test_blank_pages_of_other_sizes_and_dtypes(noise):
    for seed, (shape, dtype) in enumerate(
        [((16, 16), "u1"), ((64, 64), "u2"), ((64, 64), "f4"), ((33, 20), "i4"), ((90, 70), "u1")]
    ):
        x = page(shape, 200, 10, seed).astype(dtype) * (200 if dtype == "u2" else 1)
        with collected() as heard:
            found = denoise(x, noise)
        assert len(heard) == 1
        assert ONE in heard[0]
        assert found.image.all()


@pytest.mark.slow
@pytest.mark.parametrize("noise", [*GREY, "auto"])
def test_specks_on_a_blank_page_stay(noise):
    """EM from broad parts does not see them."""
    x = page((300, 400), 240, 4)
    specks = np.zeros(x.shape, bool)
    for row, column, size in [(20, 30, 2), (100, 100, 3), (250, 50, 2)]:
        specks[row : row + size, column : column + size] = True
    x[specks] = 35
    found = denoise(x, noise)
    np.testing.assert_array_equal(found.image, ~specks)
    assert found.noise.levels == pytest.approx((35, 240), abs=1)


@pytest.mark.slow
def test_one_dot_on_a_large_page():
    x = page((800, 1000), 240, 4)
    x[400:404, 500:504] = 40
    found = denoise(x)
    assert np.count_nonzero(~found.image) == np.count_nonzero(x == 40) == 16


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("sigma", [2.0, 3.0])
@pytest.mark.parametrize("name", ["horse", "mask", "letter_a"])
def test_strong_noise_is_not_taken_for_a_blank_page(name, sigma, dtype, sample):
    """The control: sigma may be three times half the levels' distance."""
    z = sample(name, "clean")
    z = np.tile(z, (-(-128 // z.shape[0]), -(-128 // z.shape[1])))
    row, column = ((n - 128) // 2 for n in z.shape)
    z = z[row : row + 128, column : column + 128]
    assert 0.1 < z.mean() < 0.9
    for seed in range(3):
        x = GaussianNoise(sigma).sample(z, np.random.default_rng(seed))
        x = as_8_bit(127.5 + 63.5 * x) if dtype == "u1" else x
        found = GaussianNoise.from_image(x)  # without a warning
        assert found.levels[1] - found.levels[0] < (260 if dtype == "u1" else 4)


@pytest.mark.slow
def test_two_levels_that_only_their_places_show():
    """Levels a third of sigma apart are two where parts are wide, one where they are scattered."""
    rng = np.random.default_rng(3)
    z = half_and_half((240, 320))
    x = GaussianNoise(3.0).sample(z, rng)
    assert GaussianNoise.from_image(x).sigma == pytest.approx(3, rel=0.1)
    scattered = rng.permutation(x.reshape(-1)).reshape(x.shape)
    with pytest.warns(EstimationWarning, match=ONE):
        GaussianNoise.from_image(scattered)


@pytest.mark.parametrize("kind", [GaussianNoise, LaplaceNoise, SaltPepperNoise])
def test_levels_that_are_given_are_no_question(kind):
    found = kind.from_image(page((60, 80), 240, 4), levels=(40, 240))
    assert found.levels == (40, 240)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slope", [0.3, 0.5])
def test_a_blank_page_in_uneven_light_needs_its_background(slope, seed):
    light = 1 - slope * np.linspace(0, 1, 400)
    noise = 4 * np.random.default_rng(seed).standard_normal((300, 400))
    x = as_8_bit(235 * light + noise)
    with pytest.warns(EstimationWarning, match=ONE):
        assert denoise(x, background="auto").image.all()
    with collected():
        assert not denoise(x).image.all()  # control


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:what was taken for noise is alike")
@pytest.mark.parametrize("level", [128, 240])
def test_noise_that_hangs_together_is_warned_of(level):
    """It cannot be told from a faint picture."""
    rough = np.random.default_rng(1).standard_normal((302, 402))
    smooth = sum(rough[i : i + 300, j : j + 400] for i in range(3) for j in range(3)) / 3
    with pytest.warns(EstimationWarning, match="are close: the picture may be blank"):
        denoise(as_8_bit(level + 4 * smooth))


@pytest.mark.filterwarnings("ignore:.* of what was ")  # a third of the pixels are no labels
@pytest.mark.filterwarnings("ignore:the result is ")
def test_two_neighbouring_greys_are_warned_of_but_no_labels():
    dots = np.random.default_rng(2).random((40, 50)) < 0.3
    for noise in ("flip", "salt-pepper", "auto"):
        with pytest.warns(EstimationWarning, match="are close"):
            denoise((dots + 240).astype(np.uint8), noise)
        denoise(dots.astype(np.uint8), noise)  # control: 0 and 1 are labels


def test_faint_levels_of_a_camera_are_not_close():
    """Twelve bits fill the lower part of sixteen."""
    x = GaussianNoise(300.0, (600.0, 1500.0)).sample(half_and_half(), np.random.default_rng(4))
    GaussianNoise.from_image(np.clip(np.rint(x), 0, 4095).astype(np.uint16))


@pytest.mark.parametrize(("value", "colour"), [(128, "white"), (127, "black"), (0, "black")])
def test_equal_pixels_say_what_comes_out(value, colour):
    with pytest.warns(EstimationWarning, match=f"all pixels are equal: .*comes out all {colour}"):
        found = denoise(np.full((5, 6), value, np.uint8))
    assert np.all(found.image == (colour == "white"))


@pytest.mark.slow
@pytest.mark.parametrize("form", FLOATS)
@pytest.mark.parametrize("noise", ["auto", "gaussian"])
@pytest.mark.parametrize("name", ["horse", "letter_a", "mask"])
def test_floats_of_a_clipped_picture_are_as_good_as_integers(name, noise, form, sample):
    x = sample(name, "gaussian")
    y, scale, shift = FLOATS[form](x)
    one, other = denoise(x, noise), denoise(y, noise)
    assert type(other.noise) is type(one.noise)
    assert np.mean(one.image != other.image) <= 1e-3
    levels = [scale * level + shift for level in one.noise.levels]
    span = levels[1] - levels[0]
    # where steps are whole numbers all is exact; x / 255 rounds the neighbours' means
    tolerance = 1e-9 if form != "over 255" else 5e-4
    np.testing.assert_allclose(other.noise.levels, levels, atol=tolerance * span)
    assert other.noise.sigma == pytest.approx(scale * one.noise.sigma, rel=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("form", FLOATS)
@pytest.mark.parametrize("name", CLIPPED)
def test_the_same_model_is_chosen_for_floats(name, form, sample):
    for kind in ("gaussian", "flip"):
        x = sample(name, kind)
        x = x if x.dtype != bool else x.astype(np.uint8) * 255
        assert choose_noise(FLOATS[form](x)[0]).name == choose_noise(x).name


@pytest.mark.slow
@pytest.mark.parametrize("ends", [(-1.2, None), (None, 1.1), (-1.2, 1.1)])
@pytest.mark.parametrize("kind", [GaussianNoise, LaplaceNoise])
def test_continuous_floats_end_where_pixels_pile_up(kind, ends):
    whole = kind(0.6).sample(half_and_half((240, 320)), np.random.default_rng(5))
    x = np.clip(whole, *ends)
    found = kind.from_image(x)
    for end, limit, out in zip(ends, found.limits, (-1e30, 1e30), strict=True):
        assert limit == (out if end is None else pytest.approx(end, abs=1e-3))
    spread = getattr(found, "sigma", None) or found.scale
    assert spread == pytest.approx(0.6, rel=0.06)
    again = kind.from_image(whole)
    assert again.limits is None  # control: nothing piles up
    np.testing.assert_allclose(found.levels, again.levels, atol=0.05)


@pytest.mark.parametrize("name", ["gaussian", "gaussian-per-level", "laplace"])
@pytest.mark.parametrize("step", [0.0, 1 / 64])
def test_floats_without_clipping_have_no_ends(name, step):
    for seed in range(5):
        x = GaussianNoise(0.4).sample(half_and_half(), np.random.default_rng(seed))
        x = np.rint(x / step) * step if step else x
        assert NOISE_MODELS[name].from_image(x).limits is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flip", "flip-per-level"])
def test_flips_of_a_grey_picture_are_warned_of(name, sample):
    with pytest.warns(EstimationWarning, match=f"is grey: {name} thresholds it first"):
        denoise(sample("horse", "gaussian"), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flip", "flip-per-level"])
def test_ringing_about_two_levels_and_smooth_edges_are_no_grey(name, sample, tmp_path):
    flipped = FlipNoise(0.1, (0.0, 255.0)).sample(
        sample("horse", "clean"), np.random.default_rng(6)
    )
    Image.fromarray(as_8_bit(flipped)).save(tmp_path / "a.jpg", quality=90)
    clean = Image.fromarray(as_8_bit(sample("text", "clean") * 255.0))
    small = clean.resize([n // 2 for n in clean.size], Image.Resampling.BOX)
    with warnings.catch_warnings():
        warnings.simplefilter("error", EstimationWarning)
        denoise(np.array(Image.open(tmp_path / "a.jpg")), name)
        denoise(np.array(small), name)


@pytest.mark.slow
@pytest.mark.parametrize("side", [250, 70])
def test_a_stamp_between_the_parts_that_are_looked_at_is_found(side):
    clean = np.ones((2000, 2000), bool)
    clean[170 : 170 + side, 1400 : 1400 + side] = False
    x = np.where(clean, 190, 64) + np.random.default_rng(0).normal(0, 63, clean.shape)
    noise = GaussianNoise.from_image(np.clip(np.rint(x), 0, 255).astype(np.uint8))
    assert noise.levels == pytest.approx((64, 190), abs=1000 / side)  # about three standard errors
    assert noise.sigma == pytest.approx(63, rel=0.01)
