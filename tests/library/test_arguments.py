"""Arguments as people of Python write them: names, sources of randomness, files by mistake."""

import logging
import warnings
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from isingdenoise import (
    ENGINES,
    ICM,
    NOISE_MODELS,
    ConvergenceWarning,
    Gibbs,
    MeanField,
    ParameterError,
    denoise,
    estimate,
    names,
)
from isingdenoise.inference import PRIORS
from isingdenoise.io import Picture
from isingdenoise.learning import LIGHTS
from isingdenoise.messages import collected
from isingdenoise.noise import AUTO
from isingdenoise.validation import as_generator

NOISY = np.kron(np.eye(3), np.ones((8, 8))) > 0
NOISY = NOISY ^ (np.random.default_rng(0).random(NOISY.shape) < 0.05)


def solved(**options):
    return denoise(NOISY, "flip", **{"coupling": 0.6, **options})


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (names.NoiseName, [AUTO, *NOISE_MODELS]),
        (names.EngineName, ENGINES),
        (names.PriorName, PRIORS),
        (names.BackgroundName, LIGHTS),
        (names.AutoName, [AUTO]),
    ],
    ids=["noise", "engine", "prior", "background", "auto"],
)
def test_the_names_that_type_checkers_know_are_those_of_the_registries(kind, known):
    assert sorted(get_args(kind)) == sorted(known)


@pytest.mark.parametrize(
    "source",
    [
        lambda: 7,
        lambda: np.uint8(7),
        lambda: [7, 8],
        lambda: np.array([7, 8]),
        lambda: np.random.SeedSequence(7),
        lambda: np.random.PCG64(7),
        lambda: np.random.default_rng(7),
        lambda: np.random.RandomState(7),
    ],
    ids=["int", "uint8", "list", "array", "sequence", "bits", "generator", "state"],
)
def test_rng_is_whatever_default_rng_takes(source):
    expected = np.random.default_rng(source()).random(4)
    generator, seed = as_generator(source())
    np.testing.assert_array_equal(generator.random(4), expected)
    assert seed == (7 if isinstance(source(), int | np.integer) else None)
    engine = Gibbs(burn_in=2, sweeps=8)
    one, two = (solved(engine=engine, rng=source()) for _ in range(2))
    np.testing.assert_array_equal(one.probability, two.probability)
    assert one.settings["seed"] == seed


def test_a_generator_is_advanced_and_none_draws_a_seed():
    rng = np.random.default_rng(1)
    assert as_generator(rng)[0] is rng
    one, two = as_generator(None)[1], as_generator(None)[1]
    assert one != two


@pytest.mark.parametrize(
    "wrong",
    [-1, 2**63, 1.5, "7", b"7", True, np.True_, [-1], [0.5], np.random, np.zeros((2, 2, 2))],
)
def test_what_is_no_source_of_randomness_is_refused_by_name(wrong):
    with pytest.raises(ParameterError, match=r"^rng: must be ") as caught:
        as_generator(wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("solve", [denoise, estimate])
@pytest.mark.parametrize("name", ["scan.png", b"scan.png", Path("scan.png")])
def test_the_name_of_a_file_is_told_apart_from_a_picture(solve, name):
    with pytest.raises(
        ParameterError, match=r"^image: must be an array, not a file's name"
    ) as found:
        solve(name)
    assert f"pass read_picture({'b' * isinstance(name, bytes)}'scan.png').pixels" in str(
        found.value
    )


def test_a_mask_by_name_and_a_whole_picture_are_told_apart_too():
    with pytest.raises(ParameterError, match=r"^mask: must be an array, not a file's name"):
        denoise(NOISY, mask="mask.png")
    picture = Picture(NOISY, None, "PNG", "1", "scan.png")
    with pytest.raises(
        ParameterError, match=r"^image: must be an array, not a Picture; pass .pixels"
    ):
        denoise(picture)


@pytest.mark.parametrize(
    ("engine", "raised"),
    [
        (MeanField(max_sweeps=1), "mf did not converge in 1 sweeps; raise max_sweeps or tol"),
        (ICM(max_sweeps=1), "icm did not converge in 1 sweeps; raise max_sweeps"),
    ],
)
def test_a_solve_that_does_not_converge_warns(engine, raised):
    with pytest.warns(ConvergenceWarning) as caught:
        solved(engine=engine, coupling=1.2)
    assert [str(said.message) for said in caught] == [raised]
    assert caught[0].filename == __file__


def test_a_solve_that_converges_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solved()


def test_who_collects_messages_is_told_by_the_solution():
    with warnings.catch_warnings(), collected() as messages:
        warnings.simplefilter("error")
        found = solved(engine=ICM(max_sweeps=1), coupling=1.2)
    assert messages == []
    assert len(found.solution.advice) == 1


def test_the_logger_has_a_handler_and_tells_of_a_picture(caplog):
    logger = logging.getLogger("isingdenoise")
    assert any(isinstance(handler, logging.NullHandler) for handler in logger.handlers)
    assert logger.level == logging.NOTSET
    with caplog.at_level(logging.DEBUG, logger="isingdenoise"):
        found = solved()
    text = caplog.text
    assert {record.name for record in caplog.records} == {"isingdenoise"}
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}
    assert "Solution(mf, 24 x 24, converged" in text
    assert str(found.noise) in text
    assert "MeanField(" in text
