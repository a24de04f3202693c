"""What estimates are worth: errors, probabilities and work on the sample pictures.

Noise is drawn with seeds of 900 and above, on which nothing was tuned.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from itertools import starmap

import numpy as np
import pytest
from conftest import SAMPLES
from PIL import Image
from test_background import light

from isingdenoise import (
    NOISE_MODELS,
    Calibration,
    Estimate,
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    MeanField,
    ParameterError,
    SaltPepperNoise,
    denoise,
    estimate,
)
from isingdenoise.learning._held_out import HeldOut, Window
from isingdenoise.metrics import bit_error_rate, calibration_error

pytestmark = [  # couplings that are far too strong, and light that is left, are warned of
    pytest.mark.filterwarnings("ignore:.* of what was "),
    pytest.mark.filterwarnings("ignore:what was taken for noise is alike"),
]

GREY, ENDS = (64.0, 191.0), (0.0, 255.0)
NAMES = ("text", "small_text", "horse", "qr_code", "mask", "letter_a")
NOISES = {
    "gaussian": GaussianNoise(63.5, GREY),
    "flip, a few": FlipNoise(0.05),
    "flip": FlipNoise(0.1),
    "salt-pepper": SaltPepperNoise(0.1, 0.1, 20.0, GREY, ENDS),
}
CELLS = [(name, noise) for name in NAMES for noise in NOISES]
GRID = (0.3, 0.38, 0.45, 0.52, 0.6, 0.75, 0.9, 1.1, 1.3, 1.6)
DEFAULT = 0.6  # what served every picture before there were estimates


@cache
def clean(name):
    with Image.open(SAMPLES / f"{name}_clean.png") as file:
        return np.array(file)


def seen(noise, z, seed):
    """Return what a scanner makes of noise: whole grey levels in 0..255, or bits."""
    x = noise.sample(z, np.random.default_rng(seed))
    if max(noise.levels) > 1:
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return x > 0


@dataclass
class Cell:
    """Errors of a picture, the mean of several draws of noise where it is small."""

    errors: float
    grid: dict[float, float]
    calibrated: float
    raw: float
    found: Estimate
    solve: int


@cache
def cell(name, kind):
    z, noise = clean(name), NOISES[kind]
    errors, calibrated, raw, grid = [], [], [], {J: [] for J in GRID}
    for seed in range(900, 904 if name == "letter_a" else 901):
        x = seen(noise, z, seed)
        found = estimate(x)
        result = denoise(x, found.noise, engine="mf", coupling=found)
        errors.append(bit_error_rate(result.image, z))
        calibrated.append(calibration_error(result.probability, z))
        raw.append(calibration_error((1 + result.solution.mean) / 2, z))
        with warnings.catch_warnings():  # some of these strengths wipe out the text, and say so
            warnings.simplefilter("ignore", EstimationWarning)
            for J, rates in grid.items():
                rates.append(bit_error_rate(denoise(x, found.noise, coupling=J).image, z))
    solve = int(result.solution.trace.site_updates[-1])
    means = {J: float(np.mean(rates)) for J, rates in grid.items()}
    return Cell(
        *(float(np.mean(errors)), means, float(np.mean(calibrated)), float(np.mean(raw))),
        *(found, solve),
    )


# ----------------------------------------------------------------------- errors


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CELLS)
def test_errors_are_near_those_of_the_best_coupling_in_hindsight(name, kind):
    """At most 1.2 times the errors of the best strength on four neighbours."""
    found = cell(name, kind)
    assert found.errors <= 1.2 * min(found.grid.values())


def ratios(errors):
    return np.array([errors(found) / min(found.grid.values()) for found in starmap(cell, CELLS)])


def test_on_average_they_are_as_good_as_in_hindsight():
    assert np.mean(ratios(lambda found: found.errors)) <= 1.05
    default = ratios(lambda found: found.grid[DEFAULT])  # the control
    assert np.mean(default) > 1.05
    assert np.max(default) > 1.2


LOST = pytest.mark.xfail(
    reason="keeping the geometric mean, the search for a direction overshoots and runs out of "
    "evaluations: 0.85 of the errors"
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaussian", pytest.param("flip", marks=LOST)])
@pytest.mark.parametrize("turned", [False, True])
def test_bars_are_followed_along_their_length(kind, turned):
    """At most 0.6 of the errors of the best strength that knows no direction."""
    rng = np.random.default_rng(5)
    row = np.repeat(np.arange(60) % 2 > 0, rng.integers(2, 7, 60))
    z = np.tile(row, (120, 1))
    z = z.T if turned else z
    errors, alike = 0.0, dict.fromkeys(GRID, 0.0)
    for seed in (900, 901, 902):
        x = seen(NOISES[kind], z, seed)
        found = estimate(x)
        pair = found.coupling.vertical, found.coupling.horizontal
        along, across = pair[::-1] if turned else pair
        assert along > 2 * across
        errors += bit_error_rate(denoise(x, found.noise, engine="mf", coupling=found).image, z)
        for J in GRID:
            alike[J] += bit_error_rate(denoise(x, found.noise, coupling=J).image, z)
    assert errors < 0.6 * min(alike.values())


# ------------------------------------------------------------------ probabilities


@pytest.mark.parametrize(("name", "kind"), CELLS)
def test_probabilities_are_calibrated(name, kind):
    assert cell(name, kind).calibrated <= 0.03


@pytest.mark.parametrize("name", ["text", "small_text"])
def test_probabilities_at_the_coupling_of_the_literature_are_not(name):
    """The control: J = 1, believed as mean field says."""
    for kind in ("gaussian", "flip"):
        result = denoise(seen(NOISES[kind], clean(name), 900), NOISES[kind], coupling=1.0)
        assert calibration_error(result.probability, clean(name)) > 0.03


def log_loss(p, z):
    p = np.clip(p.astype(np.float64), 1e-6, 1 - 1e-6)
    return -float(np.mean(np.log(np.where(z, p, 1 - p))))


@pytest.mark.slow
def test_the_calibration_holds_for_pixels_hidden_from_it():
    """Other pixels of other noise are hidden, and their labels predicted."""
    losses = []
    for name, kind in CELLS:
        z, noise, found = clean(name), NOISES[kind], cell(name, kind).found
        part = Window(seen(noise, z, 950), None, np.random.default_rng(77))
        pull = HeldOut(part, noise, None).predict(found.coupling).pull
        c = found.calibration
        tried = [c, Calibration(), Calibration(c.bias, 0.6 * c.slope), Calibration(c.bias, 1.6)]
        alone = np.zeros_like(pull)
        losses.append([log_loss(t.probability(pull, alone), z[part.hidden]) for t in tried])
    best, raw, flat, steep = np.mean(losses, axis=0)
    assert best < raw
    assert best < 0.9 * min(flat, steep)  # the controls


@pytest.mark.slow
def test_the_calibration_holds_for_pixels_that_are_seen():
    losses = []
    for name, kind in CELLS:
        z, noise = clean(name), NOISES[kind]
        result = denoise(seen(noise, z, 950), noise, engine="mf", coupling=cell(name, kind).found)
        raw = (1 + result.solution.mean) / 2
        losses.append([log_loss(p, z) for p in (result.probability, raw)])
    found, raw = np.mean(losses, axis=0)
    assert found < raw


# -------------------------------------------------------------------------- work


def test_the_search_is_short():
    found = [cell(*at) for at in CELLS]
    for one in found:
        assert len({coupling for coupling, _ in one.found.curve}) <= 12
        assert one.found.evaluations <= 15  # those, one to calibrate, six to choose the factor
    shares = [one.found.site_updates / one.solve for one in found]
    assert np.mean(shares) <= 12


@pytest.mark.slow
def test_of_a_large_picture_less_than_two_solves_are_made():
    z = np.tile(clean("text"), (6, 5))[:2240, :2240]
    noise = GaussianNoise(1.0)
    x = noise.sample(z, np.random.default_rng(900))
    assert x.size > 5_000_000
    found = estimate(x, noise)
    model = denoise(x, noise, coupling=found, engine=MeanField()).solution
    assert found.site_updates < 2 * model.trace.site_updates[-1]
    whole = estimate(x[: z.shape[0] // 4, : z.shape[1] // 4], noise)
    assert found.score == pytest.approx(whole.score, abs=0.02)


# ---------------------------------------------------------------- clean pictures


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::isingdenoise.EstimationWarning")
@pytest.mark.parametrize("grey", ["bits", "0 and 255", "50 and 200"])
@pytest.mark.parametrize("name", NAMES)
def test_a_clean_picture_stays_as_it_is(name, grey):
    """At most one pixel in 2000 changes, whatever noise is looked for."""
    z = clean(name)
    x = {
        "bits": z,
        "0 and 255": np.where(z, np.uint8(255), np.uint8(0)),
        "50 and 200": np.where(z, np.uint8(200), np.uint8(50)),
    }[grey]
    for noise in ("auto", *NOISE_MODELS):
        if noise == "poisson" and grey == "bits":
            continue  # refused: bits are no counts
        if noise == "probability" and grey == "50 and 200":
            continue  # every pixel says itself that it may be wrong
        found = denoise(x, noise, engine="mf")
        assert found.changed <= 5e-4, noise
        if noise == "auto":
            assert bit_error_rate(found.image, z) <= 5e-4


# ------------------------------------------------------------------ uneven light


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "qr_code"])
def test_uneven_light_costs_little(name):
    """Where light falls to 0.4 of its most; noise is 0.3 of half the levels' distance."""
    z = clean(name)[:256, :320]
    b = light("linear", z.shape)
    drawn = 22.5 * np.random.default_rng(900).standard_normal(z.shape)

    def errors(x, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimationWarning)  # the control is warned of
            return bit_error_rate(denoise(x, **options).image, z)

    even, uneven = np.where(z, 200.0, 50.0) + drawn, np.where(z, 200.0, 50.0) * b + drawn
    plain, found = errors(even), errors(uneven, background="auto")
    assert found < plain + 0.002
    assert found < 1.2 * errors(uneven, background=b) + 1e-4
    assert errors(even, background="auto") == plain
    # the control: light that nobody allows for
    assert errors(uneven, background=None) > 0.1


@pytest.mark.slow
def test_the_light_is_part_of_the_result():
    z = clean("letter_a")
    b = light("linear", z.shape)
    x = np.where(z, 200.0, 50.0) * b + 10 * np.random.default_rng(900).standard_normal(z.shape)
    kept, given = x.copy(), b.copy()
    found = denoise(x, background="auto")
    assert found.background.dtype == np.float32
    assert np.std(found.background / b) < 0.03
    assert found.settings["background"] == "auto"
    divided = denoise(x, background=b)
    np.testing.assert_array_equal(divided.background, b.astype(np.float32))
    assert divided.settings["background"] == "given"
    alone = denoise((x / b.astype(np.float32)).astype(np.float32), background=None)
    np.testing.assert_array_equal(divided.image, alone.image)
    np.testing.assert_array_equal((x, b), (kept, given))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)  # it does not fit, and says so
        undivided = denoise(x, background=None)
    for even, way in [(undivided, None), (denoise(z, background="auto"), "auto")]:
        assert even.background is None
        assert even.settings["background"] == way


@pytest.mark.parametrize(
    "wrong",
    [
        *("even", np.ones((3, 3)), 1.0, np.zeros((8, 8)), -np.eye(8)),
        *(np.full((8, 8), value) for value in (np.nan, np.inf, "a")),
    ],
    ids=["word", "shape", "number", "zero", "negative", "missing", "infinite", "text"],
)
def test_bad_backgrounds_are_refused(wrong):
    with pytest.raises(ParameterError) as caught:
        denoise(np.random.default_rng(1).normal(size=(8, 8)), background=wrong)
    assert caught.value.parameter == "background"
