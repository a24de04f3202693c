"""`denoise_volume`: what it finds, when it leaves planes alone, what it refuses."""

import numpy as np
import pytest
import reference_volume as ref

from isingdenoise import Coupling, FlipNoise, GaussianNoise, NoiseSpec, ParameterError, denoise
from isingdenoise.volumes import (
    VOLUME_ENGINES,
    VolumeCoupling,
    VolumeGibbs,
    denoise_volume,
    memory_to_denoise_volume,
)

CLEAN = ref.spheres((24, 64, 60))
RNG = np.random.default_rng
GREY = (2.0 * CLEAN - 1 + RNG(0).normal(size=CLEAN.shape)).astype(np.float32)
FLIPPED = CLEAN ^ (RNG(1).random(CLEAN.shape) < 0.15)


def wrong(result, truth=CLEAN):
    return float(np.mean(result.image != truth))


@pytest.mark.parametrize("neighbours", [6, 18, 26])
@pytest.mark.parametrize("noisy", [GREY, FLIPPED], ids=["grey", "flipped"])
def test_a_volume_beats_its_planes_one_by_one(noisy, neighbours):
    found = denoise_volume(noisy, neighbours=neighbours)
    planes = denoise_volume(noisy, between=0)
    assert wrong(found) < 0.8 * wrong(planes)
    assert found.found.gain > 50
    assert found.found.between > 0
    assert planes.found is None
    assert planes.coupling == planes.coupling.apart()
    assert wrong(planes) < 0.2 * np.mean((noisy > 0) != CLEAN)
    assert (found.image.shape, found.image.dtype) == (CLEAN.shape, np.bool_)
    assert (found.probability.shape, found.probability.dtype) == (CLEAN.shape, np.float32)
    np.testing.assert_array_equal(found.image, found.solution.mean >= 0)
    middle = sum(found.noise.levels) / 2
    differs = np.mean(found.image != (noisy > (middle if noisy is GREY else 0)))
    assert found.changed == pytest.approx(differs, abs=1e-4)


@pytest.mark.parametrize("engine", VOLUME_ENGINES)
def test_every_engine_does_it(engine):
    found = denoise_volume(GREY, engine=engine, rng=0)
    assert found.solution.engine == engine
    assert wrong(found) < 0.02
    assert (found.probability is None) == (engine == "icm")


def test_planes_by_themselves_are_what_denoise_makes_of_them():
    strengths = Coupling(0.7, 0.6)
    found = denoise_volume(GREY, GaussianNoise(sigma=1.0), coupling=strengths, between=0)
    for plane, image in zip(GREY, found.image, strict=True):
        alone = denoise(plane, GaussianNoise(sigma=1.0), coupling=strengths)
        assert np.mean(alone.image != image) < 1e-3


def test_pages_that_have_nothing_to_do_with_one_another_stay_apart():
    order = RNG(2).permutation(len(CLEAN))
    shuffled = np.concatenate([ref.spheres((2, 64, 60), seed=k)[:1] for k in range(12)])
    noisy = 2.0 * shuffled - 1 + RNG(3).normal(size=shuffled.shape)
    for volume in (noisy, GREY[order][::2]):
        found = denoise_volume(volume)
        if volume is noisy:
            assert found.found.between == 0
            assert found.coupling == found.coupling.apart()
            assert any("planes do not tell" in note for note in found.notes)
            assert wrong(found, shuffled) <= wrong(denoise_volume(volume, between=0), shuffled)
        else:  # what is left of order may be worth something, and is never harmful
            truth = CLEAN[order][::2]
            assert wrong(found, truth) <= 1.1 * wrong(denoise_volume(volume, between=0), truth)


def test_a_clean_volume_comes_out_unchanged():
    found = denoise_volume(CLEAN)
    np.testing.assert_array_equal(found.image, CLEAN)
    assert found.changed == 0
    assert found.coupling.pull == 0
    assert found.notes


def test_one_plane_is_a_picture():
    found = denoise_volume(GREY[:1], GaussianNoise(sigma=1.0))
    alone = denoise(GREY[0], GaussianNoise(sigma=1.0), prior="ising")
    assert found.found is None
    assert found.coupling.plane == pytest.approx(alone.coupling) or (
        str(found.coupling.plane) == str(alone.coupling)
    )
    assert np.mean(found.image[0] != alone.image) < 2e-3


def test_what_is_given_is_taken():
    given = VolumeCoupling(Coupling(0.5, 0.4), 0.3)
    found = denoise_volume(GREY, GaussianNoise(sigma=1.0), coupling=given)
    assert found.coupling == given
    assert found.found is None
    factor = denoise_volume(GREY, coupling=0.6, between=0.5, neighbours=18, spacing=(2, 1, 1))
    assert factor.coupling == VolumeCoupling.over(
        Coupling.nearest(0.6), 18, spacing=(2, 1, 1), between=0.5
    )
    assert factor.settings["spacing"] == [2, 1, 1]
    spec = denoise_volume(FLIPPED, NoiseSpec("flip", probability=0.2))
    assert spec.noise == FlipNoise(0.2)
    assert denoise_volume(GREY, engine=VolumeGibbs(2, 4), rng=5).settings["seed"] == 5
    scaled = denoise_volume(GREY, between=1.0)
    assert scaled.found.between == 1.0


def test_missing_voxels_are_filled_in_and_what_stands_there_does_not_matter():
    known = np.ones(CLEAN.shape, bool)
    known[8:12, 20:30, 20:30] = False
    dirty = np.where(known, GREY, np.float32(1e6))
    holes = np.where(known, GREY, np.float32(np.nan))
    a, b = denoise_volume(dirty, mask=known), denoise_volume(holes)
    np.testing.assert_array_equal(a.image, b.image)
    assert np.mean(a.image[~known] != CLEAN[~known]) < 0.15
    # a whole plane that is missing is filled in from those beside it
    plane = np.ones(CLEAN.shape, bool)
    plane[10] = False
    filled = denoise_volume(GREY, mask=plane)
    assert np.mean(filled.image[10] != CLEAN[10]) < 0.08


def test_the_input_stays_as_it_is_whatever_its_layout():
    expected = denoise_volume(GREY[:8]).image
    fixed = GREY[:8].copy()
    fixed.flags.writeable = False
    for array in (
        fixed,
        np.asfortranarray(GREY[:8]),
        np.repeat(GREY[:8], 2, axis=1)[:, ::2],
        GREY[:8].astype(">f4"),
    ):
        before = array.copy()
        np.testing.assert_array_equal(denoise_volume(array).image, expected)
        np.testing.assert_array_equal(array, before)


def test_integers_are_read_as_they_are():
    grey = np.clip(np.rint(128 + 40 * GREY), 0, 255).astype(np.uint8)
    found = denoise_volume(grey)
    assert wrong(found) < 0.015
    np.testing.assert_allclose(found.noise.levels, [88, 168], atol=3)


@pytest.mark.parametrize(
    ("volume", "settings", "named"),
    [
        (GREY[0], {}, "volume"),
        (GREY[:0], {}, "volume"),
        (GREY.astype(complex), {}, "volume"),
        (np.full((2, 3, 4), np.inf), {}, "volume"),
        (np.full((2, 3, 4), 1e35), {}, "volume"),
        (np.full((2, 3, 4), np.nan), {}, "volume"),
        (GREY, {"mask": np.zeros(GREY.shape, bool)}, "volume"),
        (GREY, {"mask": np.ones(GREY.shape)}, "mask"),
        (GREY, {"mask": np.ones((2, 2, 2), bool)}, "mask"),
        (GREY, {"noise": "pink"}, "noise"),
        (GREY, {"engine": "exact"}, "engine"),
        (GREY, {"engine": VolumeGibbs}, "engine"),
        (GREY, {"coupling": "much"}, "coupling"),
        (GREY, {"coupling": Coupling.contrast(np.eye(3), 1.0, 1.0)}, "coupling"),
        (GREY, {"between": "much"}, "between"),
        (GREY, {"between": -1}, "between"),
        (GREY, {"between": np.nan}, "between"),
        (GREY, {"neighbours": 8}, "neighbours"),
        (GREY, {"spacing": (1, 1)}, "spacing"),
        (GREY, {"spacing": (1, 1, -1)}, "spacing"),
    ],
)
def test_what_does_not_fit_is_refused(volume, settings, named):
    with pytest.raises(ParameterError) as caught:
        denoise_volume(volume, **settings)
    assert caught.value.parameter == named


def test_large_volumes_are_looked_at_in_parts():
    clean = ref.spheres((40, 130, 130), seed=4)
    noisy = (2.0 * clean - 1 + RNG(5).normal(size=clean.shape)).astype(np.float32)
    found = denoise_volume(noisy)
    assert found.found.hidden < noisy.size / 10
    assert found.found.between > 0
    assert wrong(found, clean) < 0.8 * wrong(denoise_volume(noisy, between=0), clean)


def test_settings_reproduce_the_result():
    found = denoise_volume(FLIPPED, engine="gibbs", rng=3)
    again = dict(found.settings["coupling"])
    assert again.pop("source") == "estimated"
    table = again.pop("between")
    coupling = VolumeCoupling(Coupling(**again), table)
    noise = FlipNoise(found.noise.probability)
    other = denoise_volume(FLIPPED, noise, engine="gibbs", coupling=coupling, rng=3)
    np.testing.assert_array_equal(other.image, found.image)


@pytest.mark.parametrize("engine", VOLUME_ENGINES)
def test_memory_is_told_beforehand(engine):
    import tracemalloc

    settings = {
        "engine": engine,
        "noise": GaussianNoise(sigma=1.0),
        "coupling": 0.5,
        "between": 1.0,
    }
    volume = np.tile(GREY, (3, 3, 3))
    denoise_volume(volume, rng=0, **settings)  # what is compiled is not the volume's
    tracemalloc.start()
    found = denoise_volume(volume, rng=0, **settings)
    if found.probability is not None:
        assert found.probability.shape == volume.shape
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    told = memory_to_denoise_volume(volume.size, engine, probability=True)
    own = told - memory_to_denoise_volume(0, engine)
    assert 0.6 * own < peak < 1.1 * own
