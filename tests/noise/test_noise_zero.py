"""Shares and rates of zero: what never happens, and what may still happen beside it."""

import json

import numpy as np
import pytest
from command_line import load, save, scene, succeed

from isingdenoise import (
    FlipNoise,
    FlipPerLevelNoise,
    NoiseSpec,
    PoissonNoise,
    SaltPepperNoise,
    denoise,
)

SCENE = scene(64, 64)
RNG = np.random.default_rng(0)
SPOTS = RNG.random(SCENE.shape) < 0.03


def sky(levels, ends, sigma=0.0):
    """Return a scene with stars and with pepper at the ends, and where they lie."""
    x = np.where(SCENE, levels[1], levels[0]) + sigma * RNG.normal(size=SCENE.shape)
    stars, pepper = SPOTS & ~SCENE, SPOTS & SCENE
    x[stars], x[pepper] = ends[1], ends[0]
    return np.clip(np.rint(x), 0, 255).astype(np.uint8), stars, pepper


@pytest.mark.parametrize(
    ("levels", "ends", "sigma"),
    [((30, 200), (0, 250), 0), ((0, 255), (0, 255), 0), ((80, 170), (0, 255), 12)],
    ids=["four values", "two values", "grey"],
)
@pytest.mark.parametrize("coupling", [1.0, 5.0])
def test_without_salt_stars_stay_and_pepper_goes(levels, ends, sigma, coupling):
    x, stars, pepper = sky(levels, ends, sigma)
    for known, kept, gone in (("salt", stars, pepper), ("pepper", pepper, stars)):
        found = denoise(x, NoiseSpec("salt-pepper", **{known: 0}), coupling=coupling)
        assert getattr(found.noise, known) == 0
        bright = known == "salt"
        if sigma == 0 or coupling < 3:  # grey pixels say no more than their distance
            assert np.all(found.image[kept] == bright)
        assert np.mean(found.image[gone] == bright) > 0.9


def test_with_neither_all_known_pixels_stay():
    x, *_ = sky((30, 200), (0, 250))
    missing = np.zeros(x.shape, bool)
    missing[20:24, 20:24] = True
    spec = NoiseSpec("salt-pepper", salt=0, pepper=0, levels=(30, 200))
    found = denoise(x, spec, coupling=5.0, mask=~missing)
    np.testing.assert_array_equal(found.image[~missing], x[~missing] > 115)


def test_without_flips_only_missing_pixels_are_filled_in():
    x = SCENE ^ SPOTS
    known = RNG.random(x.shape) < 0.9
    for noise in (FlipNoise(0), FlipPerLevelNoise(0, 0), NoiseSpec("flip", probability=0)):
        found = denoise(x, noise, coupling=5.0, mask=known)
        np.testing.assert_array_equal(found.image[known], x[known])
        assert np.all(np.isfinite(found.model.field))
        assert np.isfinite(found.solution.lower_bound)
    one = denoise(x, FlipPerLevelNoise(black=0, white=0.1), coupling=1.0)
    assert np.all(one.image[x])  # what is white was white: black never flips
    assert not np.any(x[SPOTS & SCENE])
    assert np.mean(one.image[SPOTS & SCENE]) > 0.9


@pytest.mark.parametrize(
    ("noise", "x"),
    [
        (FlipNoise(0), np.array([[-1.0, 1.0]])),
        (SaltPepperNoise(salt=0, pepper=0.1), np.array([[-1.0, 1.0]])),
        (SaltPepperNoise(salt=0.1, pepper=0), np.array([[-1.0, 1.0]])),
        (PoissonNoise((0, 20)), np.array([[0.0, 3.0]])),
    ],
    ids=str,
)
def test_what_may_happen_has_its_probability_and_the_rest_none(noise, x):
    """The limit of ever smaller shares, and finite."""
    dark, bright = noise.log_likelihood(x)
    assert np.all(np.isfinite([dark, bright]))
    p = np.exp([dark[0], bright[0]])
    if isinstance(noise, PoissonNoise):
        np.testing.assert_allclose(p[:, 0], [1, np.exp(-20)])
        assert p[0, 1] < 1e-290
        return
    small = type(noise)(
        **{k: v or 1e-9 for k, v in vars(noise).items() if isinstance(v, (int, float))}
    )
    np.testing.assert_allclose(p, np.exp(np.concatenate(small.log_likelihood(x))), atol=1e-8)
    assert np.min(p) < 1e-290


def test_the_m_step_never_leaves_zero():
    x = RNG.random((16, 16)) * 2 - 1
    x[0] = 1.0
    found = SaltPepperNoise(salt=0, pepper=0.1, sigma=0.5).fit(x, np.sign(x))
    assert found.salt == 0
    assert found.pepper > 0


def test_counts_of_no_background(tmp_path):
    x = np.where(SCENE, RNG.poisson(3.0, SCENE.shape), 0).astype(np.uint8)
    found = denoise(x, PoissonNoise((0, 3.0)), coupling=1.0)
    assert np.all(found.image[x > 0])  # each count is of white
    assert np.mean(found.image != SCENE) < 0.02
    clean = save(tmp_path / "clean.png", SCENE)
    succeed("corrupt", clean, "-o", tmp_path / "n.png", "--noise", "poisson", "--levels", "0,9")
    assert not np.any(load(tmp_path / "n.png")[1][~SCENE])


@pytest.mark.parametrize("option", ["--salt", "--pepper"])
def test_the_command_takes_a_share_of_none(tmp_path, option):
    x, stars, pepper = sky((30, 200), (0, 250))
    noisy, out = save(tmp_path / "n.png", x), tmp_path / "o.png"
    done = succeed("run", noisy, "--noise", "salt-pepper", option, "0", "-o", out, "--json")
    assert json.loads(done.stdout)["noise"][option[2:]] == 0
    kept, bright = (stars, True) if option == "--salt" else (pepper, False)
    assert np.all(load(out)[1][kept] == bright)


def test_the_command_draws_no_flips(tmp_path):
    clean = save(tmp_path / "clean.png", SCENE)
    for noise in (["flip", "--flip-prob", "0"], ["salt-pepper", "--salt", "0", "--pepper", "0"]):
        succeed("corrupt", clean, "-o", tmp_path / "n.png", "--force", "--noise", *noise)
        np.testing.assert_array_equal(load(tmp_path / "n.png")[1], SCENE)
