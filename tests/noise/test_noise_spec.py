"""What is known of the noise is given, the rest is estimated."""

import copy
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from command_line import scene

from isingdenoise import (
    FlipNoise,
    GaussianNoise,
    LaplaceNoise,
    NoiseSpec,
    ParameterError,
    denoise,
    estimate,
    memory_to_denoise,
)
from isingdenoise.batch import CleanOptions, FileJob, denoise_many
from isingdenoise.experiments import compare
from isingdenoise.io import write_bilevel
from isingdenoise.noise import NOISE_MODELS, Unit, parameters_of

SCENE = scene(64, 64)


def page(sigma=63.6):
    """Return the scene about 64 and 191, with normal noise of this many grey values."""
    noise = sigma * np.random.default_rng(0).normal(size=SCENE.shape)
    return np.clip(np.rint(np.where(SCENE, 191, 64) + noise), 0, 255).astype(np.uint8)


def test_sigma_is_known_in_grey_values_and_the_levels_are_fitted():
    """The levels of an instance are -1 and +1: no picture of 8 bits has them."""
    result = denoise(page(), NoiseSpec("gaussian", sigma=63.6))
    assert result.noise.sigma == 63.6
    low, high = result.noise.levels
    assert abs(low - 64) < 12
    assert abs(high - 191) < 12
    assert np.mean(result.image != SCENE) < 0.03
    for sigma in (1.0, 63.6, 300.0):
        with pytest.raises(ParameterError, match=r"^levels: .* NoiseSpec"):
            denoise(page(sigma), GaussianNoise(sigma=sigma))
    dark = np.where(SCENE, 60, 0).astype(np.uint8)  # most of it at 0
    with pytest.raises(ParameterError, match=r"^levels: "):
        denoise(dark, GaussianNoise(sigma=63.6))
    with pytest.raises(ParameterError, match=r"^levels: "):  # not by its dtype
        denoise(page().astype(np.float32), GaussianNoise(sigma=63.6))


@pytest.mark.filterwarnings("ignore:the result is ")
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "float32"])
@pytest.mark.parametrize("low", [0, -1])
def test_the_default_levels_fit_pictures_of_minus_one_or_zero_and_one(dtype, low):
    if low < 0 and dtype == "uint8":
        return
    x = np.where(SCENE, 1, low).astype(dtype)
    for noise in (GaussianNoise(0.5), GaussianNoise(), FlipNoise(0.1)):
        denoise(x, noise, coupling=0.4)
    noisy = np.where(SCENE, 1.0, low) + 3 * np.random.default_rng(0).normal(size=SCENE.shape)
    denoise(noisy, GaussianNoise(3.0), coupling=0.4)


@pytest.mark.filterwarnings("ignore:the result is ")
@pytest.mark.filterwarnings("ignore:.* of what was ")
@pytest.mark.parametrize("levels", [(-20.0, 20.0), (5.0, 30.0), (225.0, 250.0), (240.0, 290.0)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_noise_that_the_scale_cuts_off_fits_its_own_levels(levels, share):
    """Cut off at 0 and 255 the mean moves away from the levels; no such picture is refused."""
    rng = np.random.default_rng(0)
    for sigma in (10.0, 60.0, 200.0):
        noise = GaussianNoise(sigma, levels, (0.0, 255.0))
        x = np.rint(noise.sample(rng.random((64, 64)) < share, rng)).astype(np.uint8)
        denoise(x, noise, coupling=0.3)


def test_relative_to_the_levels_it_is_named_so():
    for kind, key, unit in (
        ("gaussian", "sigma_unit", 0.5),
        ("laplace", "scale_unit", 0.5),
        ("salt-pepper", "sigma_unit", 0.5),
        ("gaussian-per-level", "sigmas_unit", (0.25, 0.5)),
    ):
        found = NoiseSpec(kind, **{key: unit}).from_image(page())
        half = (found.levels[1] - found.levels[0]) / 2
        assert half > 40
        value = getattr(found, key.removesuffix("_unit"))
        np.testing.assert_allclose(value, np.multiply(unit, half), rtol=1e-12)
        told = NoiseSpec(kind, **{key: unit}, levels=(60, 200)).from_image(page())
        np.testing.assert_allclose(
            getattr(told, key.removesuffix("_unit")), np.multiply(unit, 70), rtol=1e-12
        )


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_nothing_known_is_the_name_and_all_known_is_the_model(name):
    example = NOISE_MODELS[name]()
    x = example.sample(SCENE, np.random.default_rng(1))
    with np.errstate(all="ignore"):
        assert NoiseSpec(name).from_image(x) == NOISE_MODELS[name].from_image(x)
    known = {key: getattr(example, key) for key in parameters_of(type(example))}
    assert NoiseSpec(name, **known).from_image(x) == example


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_each_parameter_alone_is_kept(name):
    example = NOISE_MODELS[name]()
    x = example.sample(SCENE, np.random.default_rng(1))
    for key, known in parameters_of(type(example)).items():
        value = getattr(example, key)
        if value is not None:
            found = NoiseSpec(name, **{key: value}).from_image(x)
            np.testing.assert_allclose(getattr(found, key), value, rtol=1e-6, err_msg=key)
        assert known.about, key
        assert known.option or known.option is None


def test_everything_that_takes_a_noise_takes_a_spec(tmp_path):
    x = np.where(SCENE, 191, 64) + 30 * np.random.default_rng(2).normal(size=SCENE.shape)
    spec = NoiseSpec("gaussian", sigma=30)
    settled = spec.from_image(x)
    assert denoise(x, spec, coupling=0.5).noise == settled
    assert estimate(x, spec).noise == settled
    assert compare(x, spec, engines=["icm"], coupling=0.5)[0].result.noise == settled
    assert memory_to_denoise(10**6, noise=spec) == memory_to_denoise(10**6, noise="gaussian")
    assert denoise(SCENE, NoiseSpec(), coupling=0.5).noise.name == "flip"
    write_bilevel(tmp_path / "a.png", SCENE)
    job = FileJob(tmp_path / "a.png", tmp_path / "b.png")
    (outcome,) = denoise_many(
        [job], CleanOptions(noise=NoiseSpec("flip", probability=0.125), coupling=0.5)
    )
    assert outcome.error is None
    assert outcome.result.noise.probability == 0.125


def test_the_journal_tells_specs_apart():
    def told(noise):
        return CleanOptions(noise=noise).fingerprint()["noise"]

    assert told(NoiseSpec("flip", probability=0.25)) == {"name": "flip", "probability": 0.25}
    assert told(NoiseSpec("flip")) == told("flip") == "flip"
    assert told(FlipNoise(0.25)) == {"name": "flip", "probability": 0.25, "levels": (-1.0, 1.0)}


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        ("pink", {}, "^noise: must be one of auto, gaussian, "),
        ("auto", {"sigma": 1}, "^sigma: does not go with noise auto; name the model"),
        ("flip", {"sigma": 1}, "^sigma: is no parameter of noise model flip, which has probab"),
        ("flip", {"probability_unit": 1}, "^probability_unit: is no parameter"),
        ("gaussian", {"sigma": 0}, "^sigma: must be in"),
        ("gaussian", {"sigma_unit": -1}, "^sigma_unit: must be in"),
        ("gaussian", {"sigma": 1, "sigma_unit": 1}, "^sigma_unit: does not go with sigma"),
        ("gaussian", {"levels": (2, 1)}, "^levels: must rise"),
        ("poisson", {"rates": (2, 1)}, "^rates: must rise"),
    ],
)
def test_what_cannot_be_is_refused_before_any_picture(name, known, message):
    with pytest.raises(ParameterError, match=message):
        NoiseSpec(name, **known)


@dataclass(frozen=True)
class Stranger:
    """A noise model that is no child of `NoiseModel`."""

    name = "stranger"
    levels: tuple[float, float] = (-1.0, 1.0)

    def log_likelihood(self, x):
        return FlipNoise(0.125, self.levels).log_likelihood(x)


def test_a_model_need_not_be_a_child_of_the_base_class():
    noisy = SCENE ^ (np.random.default_rng(3).random(SCENE.shape) < 0.1)
    result = denoise(noisy, Stranger(), coupling=0.5)
    assert np.array_equal(result.image, denoise(noisy, FlipNoise(0.125), coupling=0.5).image)


def test_none_is_what_is_to_be_estimated():
    assert NoiseSpec("gaussian", sigma=None) == NoiseSpec("gaussian")
    with pytest.raises(ParameterError, match=r"^noise: auto is no model"):
        NoiseSpec().from_image(page())


def test_it_is_a_value():
    spec = NoiseSpec("laplace", scale=np.float32(0.5), levels=[0, 1])
    assert repr(spec) == "NoiseSpec('laplace', scale=0.5, levels=(0.0, 1.0))"
    assert eval(repr(spec)) == spec
    assert pickle.loads(pickle.dumps(spec)) == copy.deepcopy(spec) == spec
    assert len({spec, copy.copy(spec), NoiseSpec("laplace")}) == 2
    assert spec.model() == LaplaceNoise(0.5, (0.0, 1.0))


def test_two_models_share_an_option_only_in_one_unit_or_meaning():
    """An option of spreads is converted; one of anything else is passed on as it is."""
    units = {}
    for kind in NOISE_MODELS.values():
        for known in parameters_of(kind).values():
            if known.option is not None:
                units.setdefault(known.option, set()).add(known.unit)
    assert units.pop("levels") == {Unit.LEVEL, Unit.COUNT}
    assert all(len(found) == 1 for found in units.values()), units


def test_the_documentation_has_every_parameter_as_its_field_says():
    text = (Path(__file__).resolve().parents[2] / "docs" / "command_line.md").read_text("utf-8")
    said = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 6]
    rows = []
    for name, kind in NOISE_MODELS.items():
        for known in parameters_of(kind).values():
            option = f"`--{known.option.replace('_', '-')}`" if known.option else ""
            rows.append(f"| `{name}` | `{known.name}` | {known.about} | {known.unit} | {option} |")
    assert said == rows
