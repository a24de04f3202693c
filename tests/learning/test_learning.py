"""What `estimate` and `choose_noise` promise of any picture."""

import json
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from noise_examples import ANY_PICTURE

from isingdenoise import (
    NOISE_MODELS,
    Coupling,
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    ParameterError,
    SaltPepperNoise,
    denoise,
    estimate,
)
from isingdenoise.learning import AUTO, choose_noise, resolve_noise
from isingdenoise.metrics import bit_error_rate

GREY, ENDS = (64.0, 191.0), (0.0, 255.0)
NAMES = ("text", "small_text", "horse", "qr_code", "mask", "letter_a")
NOISES = [GaussianNoise(63.5, GREY), FlipNoise(0.1)]


def seen(noise, z, seed):
    """Return what a scanner makes of noise: whole grey levels in 0..255, or bits."""
    x = noise.sample(z, np.random.default_rng(seed))
    if max(noise.levels) > 1:
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return x > 0


def strength(coupling):
    """Return the pull of all neighbours together."""
    c = coupling
    return 2 * (c.horizontal + c.vertical + c.diagonal + c.antidiagonal)


def best_tried(found):
    return max(found.curve, key=lambda point: point[1])[0]


def plain(found):
    """Return everything of an estimate but the time it took."""
    record = {key: value for key, value in found.record().items() if key != "seconds"}
    return found.noise, record


# ----------------------------------------------------------------- reproducible


@pytest.fixture(scope="module")
def horse(sample):
    return seen(NOISES[1], sample("horse", "clean"), 900)


@pytest.fixture(scope="module")
def letter(sample):
    return seen(NOISES[0], sample("letter_a", "clean"), 900)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_estimate(letter):
    kept = letter.copy()
    letter.flags.writeable = False
    mask = np.ones(letter.shape, bool)
    mask.flags.writeable = False
    first = estimate(letter, mask=mask, rng=7)
    assert plain(first) == plain(estimate(letter, mask=mask, rng=7))
    assert plain(first) == plain(estimate(letter, mask=mask, rng=np.random.default_rng(7)))
    assert plain(first) != plain(estimate(letter, mask=mask, rng=8))
    assert plain(estimate(letter)) == plain(estimate(letter, rng=0))
    np.testing.assert_array_equal(letter, kept)


@pytest.mark.slow
def test_other_hidden_pixels_tell_nearly_the_same(horse, sample):
    """Whatever pixels are hidden, errors are at most 1.2 times the fewest."""
    found = [estimate(horse, rng=seed) for seed in range(4)]
    assert len({e.coupling for e in found}) == 4
    errors = [
        bit_error_rate(
            denoise(horse, e.noise, engine="mf", coupling=e).image, sample("horse", "clean")
        )
        for e in found
    ]
    assert max(errors) < 1.2 * min(errors)


@pytest.mark.slow
def test_estimates_at_once_are_those_one_after_the_other(sample):
    pictures = [seen(noise, sample("letter_a", "clean"), s) for noise in NOISES for s in (1, 2)]
    alone = [plain(estimate(x)) for x in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = [plain(found) for found in pool.map(estimate, pictures)]
    assert together == alone


@pytest.mark.slow
def test_the_record_is_plain_json(letter):
    found = estimate(letter)
    record = found.record()
    assert json.loads(json.dumps(record)) == record
    assert {"coupling", "calibration", "score", "curve", "hidden", "evaluations"} <= set(record)
    assert {"site_updates", "seconds"} <= set(record)
    assert Coupling(**record["coupling"]) == found.coupling
    assert len(record["curve"]) == len(found.curve)
    assert found.hidden == pytest.approx(letter.size / 5, rel=0.02)
    assert found.score in [score for _, score in found.curve]
    assert found.seconds > 0
    assert found.site_updates > letter.size


@pytest.mark.slow
def test_a_noise_model_that_is_given_is_kept(letter):
    noise = GaussianNoise(50.0, GREY)
    assert estimate(letter, noise).noise is noise
    assert resolve_noise(noise, letter) is noise
    assert estimate(letter, "laplace").noise == NOISE_MODELS["laplace"].from_image(letter)
    assert estimate(letter).noise == choose_noise(letter)
    assert resolve_noise(AUTO, letter) == choose_noise(letter)


@pytest.mark.slow
def test_the_score_prefers_the_noise_that_made_the_picture(horse, letter):
    scores = [estimate(horse, FlipNoise(p)).score for p in (0.1, 0.03, 0.25)]
    assert scores[0] > max(scores[1:]) + 0.01
    scores = [estimate(letter, GaussianNoise(s, GREY)).score for s in (63.5, 40, 90)]
    assert scores[0] > max(scores[1:]) + 0.01


# -------------------------------------------------------------------- symmetry


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_a_transposed_picture_has_its_strengths_exchanged(noise, sample):
    """Text three times as tall holds together downwards more than along its lines."""
    z = np.repeat(sample("text", "clean")[:100], 3, axis=0)
    found, turned = [], []
    for seed in (900, 901):
        x = seen(noise, z, seed)
        found.append(estimate(x, rng=seed).coupling)
        turned.append(estimate(np.ascontiguousarray(x.T), rng=seed).coupling)

    def mean(couplings, name):
        return float(np.mean([getattr(c, name) for c in couplings]))

    for name, other in [("horizontal", "vertical"), ("vertical", "horizontal")]:
        assert mean(turned, name) == pytest.approx(mean(found, other), rel=0.2)
    assert mean(found, "vertical") > 1.5 * mean(found, "horizontal")  # the control


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "horse", "letter_a"])
def test_an_inverted_picture_has_the_same_coupling_and_the_opposite_bias(name, sample):
    x = seen(NOISES[1], sample(name, "clean"), 900)
    found, inverted = estimate(x), estimate(~x)
    assert inverted.noise == found.noise
    assert strength(inverted.coupling) == pytest.approx(strength(found.coupling), rel=0.02)
    assert inverted.calibration.slope == pytest.approx(found.calibration.slope, rel=0.02)
    assert inverted.calibration.bias == pytest.approx(-found.calibration.bias, abs=0.02)
    grey = GaussianNoise(1.0).sample(sample(name, "clean"), np.random.default_rng(900))
    found, inverted = estimate(grey, GaussianNoise(1.0)), estimate(-grey, GaussianNoise(1.0))
    expected = strength(best_tried(found))
    assert strength(best_tried(inverted)) == pytest.approx(expected, rel=0.03)
    assert inverted.score == pytest.approx(found.score, abs=1e-4)


# ------------------------------------------------------------------ missing pixels


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("name", ["horse", "text", "letter_a"])
def test_half_of_the_pixels_tell_nearly_as_much(name, noise, sample):
    """The pull within a factor of 1.5; it cleans the whole picture with 1.2 times the errors."""
    z = sample(name, "clean")
    x = seen(noise, z, 901)
    mask = np.random.default_rng(4).random(x.shape) < 0.5
    whole, half = estimate(x), estimate(x, mask=mask)
    assert type(half.noise) is type(whole.noise)
    assert half.hidden == pytest.approx(whole.hidden / 2, rel=0.1)
    assert 1 / 1.5 < strength(half.coupling) / strength(whole.coupling) < 1.5
    a, b = (
        bit_error_rate(denoise(x, whole.noise, engine="mf", coupling=found).image, z)
        for found in (half, whole)
    )
    assert a < 1.2 * b + 4 * np.sqrt(b / x.size)


@pytest.mark.slow
def test_both_ways_to_say_missing_are_one(letter):
    mask = np.random.default_rng(4).random(letter.shape) < 0.5
    x = letter.astype(np.float32)
    garbage = np.where(mask, x, np.float32(77.0))
    expected = plain(estimate(np.where(mask, x, np.float32(np.nan))))
    assert plain(estimate(x, mask=mask)) == expected
    assert plain(estimate(garbage, mask=mask)) == expected


# --------------------------------------------------------------- choice of noise

RECOGNISED = [
    GaussianNoise(63.5, GREY),
    FlipNoise(0.05),
    FlipNoise(0.2),
    SaltPepperNoise(0.05, 0.05, 20.0, GREY, ENDS),
    SaltPepperNoise(0.1, 0.2, 40.0, GREY, ENDS),
    SaltPepperNoise(0.1, 0.1, 0.0, GREY, ENDS),
]


@pytest.mark.slow
@pytest.mark.parametrize("noise", RECOGNISED, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_recognised(name, noise, sample):
    z = sample(name, "clean")[:140, :140]
    assert {choose_noise(seen(noise, z, seed)).name for seed in range(900, 905)} == {noise.name}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["horse", "qr_code", "mask", "letter_a"])
def test_salt_without_pepper_is_told_from_flips_where_parts_are_wide(name, sample):
    z = sample(name, "clean")
    found = [choose_noise(seen(SaltPepperNoise(0.15, 0.02), z, s)) for s in range(900, 905)]
    assert {noise.name for noise in found} == {"salt-pepper"}
    salt, pepper = (np.mean([getattr(n, key) for n in found]) for key in ("salt", "pepper"))
    assert salt == pytest.approx(0.15, abs=0.02)
    assert pepper == pytest.approx(0.02, abs=0.01)


def test_warnings_are_those_of_the_model_that_is_taken():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        choose_noise(np.full((9, 9), 90, np.uint8))
    assert len(heard) == 1
    assert heard[0].category is EstimationWarning


# ---------------------------------------------------------------- odd pictures

SHAPES = [(1, 1), (1, 2), (1, 40), (40, 1), (2, 2), (3, 3)]
PICTURES = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "8 bit": lambda rng, shape: rng.integers(0, 256, shape).astype(np.uint8),
    "bool": lambda rng, shape: rng.random(shape) < 0.5,
    "two values": lambda rng, shape: np.where(rng.random(shape) < 0.5, 3, 9),
    "0 and 1": lambda rng, shape: np.where(rng.random(shape) < 0.5, 0.0, 1.0),
    "constant": lambda rng, shape: np.full(shape, 7, np.uint8),
    "constant float": lambda rng, shape: np.full(shape, 0.5),
    "huge": lambda rng, shape: 1e29 * rng.normal(size=shape),
    "tiny": lambda rng, shape: 1e-24 * rng.normal(size=shape),
    "missing": lambda rng, shape: np.full(shape, np.nan),
    "one known": lambda rng, shape: np.where(np.arange(np.prod(shape)) > 0, np.nan, 1.0).reshape(
        shape
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", PICTURES)
def test_odd_pictures_give_finite_numbers_and_no_warning_but_our_own(kind, shape):
    x = PICTURES[kind](np.random.default_rng(3), shape)
    for noise in (AUTO, *ANY_PICTURE):
        for mask in (None, np.zeros(shape, bool)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EstimationWarning)
                found = estimate(x, noise, mask=mask)
                # of no known pixel nothing is made
                probability = np.zeros(1)
                if mask is None and not np.isnan(x).all():
                    probability = denoise(x, found.noise, engine="mf", coupling=found).probability
            c = found.calibration
            numbers = [found.score, strength(found.coupling), c.bias, c.slope]
            assert np.isfinite([*numbers, *(score for _, score in found.curve)]).all()
            assert np.isfinite(probability).all()
            assert found.coupling.horizontal >= 0  # 0 where the picture is left alone
            json.dumps(found.record(), allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"image": np.zeros((2, 2, 3))}, "image"),
        ({"image": np.zeros((0, 4))}, "image"),
        ({"noise": "pink"}, "noise"),
        ({"noise": None}, "noise"),
        ({"noise": FlipNoise}, "noise"),
        ({"mask": np.ones((2, 2), bool)}, "mask"),
        ({"mask": np.ones((8, 8))}, "mask"),
        ({"rng": -1}, "rng"),
        ({"parallel": "yes"}, "parallel"),
    ],
)
def test_bad_arguments_are_named(arguments, parameter):
    given = {"image": np.eye(8), **arguments}
    with pytest.raises(ParameterError) as caught:
        estimate(given.pop("image"), **given)
    assert caught.value.parameter == parameter
