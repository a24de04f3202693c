"""Pictures whose numbers are huge, tiny, or alike: cleaned, or refused in words of their own."""

import warnings

import numpy as np
import pytest
from command_line import error_line, invoke, save, scene, succeed

from isingdenoise import ParameterError, denoise, estimate
from isingdenoise.background import estimate_background

CLEAN = scene(48, 48)
FLIPPED = CLEAN ^ (np.random.default_rng(0).random(CLEAN.shape) < 0.05)
NOISY = 2.0 * CLEAN + np.random.default_rng(1).standard_normal(CLEAN.shape)
FEW = 0.03  # share of wrong pixels

CLEANED = {
    "uint64 0 and 2^64 - 1": np.where(FLIPPED, 2**64 - 1, 0).astype(np.uint64),
    "uint64 over all its range": np.clip((NOISY + 4) / 10 * 2**64, 0, 2**64 - 4096).astype(
        np.uint64
    ),
    "int64 from end to end": np.where(FLIPPED, 2**63 - 1, -(2**63)).astype(np.int64),
    "int32 from end to end": np.where(FLIPPED, 2**31 - 1, -(2**31)).astype(np.int32),
    "1e-20": 1e-20 * NOISY,
    "1e-24": 1e-24 * NOISY,
    "float32 1e-24": np.float32(1e-24 * NOISY),
    "1e27": 1e27 * NOISY,
    "offset 1e4": 1e4 + NOISY,
    "offset 1e6": 1e6 + NOISY,
    "offset -1e6": -1e6 + NOISY,
    "offset 1e12, noise 1e7": 1e12 + 1e7 * NOISY,
}
LIKE = {
    "uint64 near 2^64": np.where(FLIPPED, 2**64 - 1, 2**64 - 200_000).astype(np.uint64),
    "uint64 near 2^64, noisy": (2**64 - 20_000 + np.rint(NOISY * 999).astype(object)).astype(
        np.uint64
    ),
    "int64 near -2^63": np.where(FLIPPED, -(2**63), 200_000 - 2**63).astype(np.int64),
    "offset 1e12": 1e12 + NOISY,
    "offset -1e12": -1e12 + NOISY,
    "offset 1e12, two levels": 1e12 + FLIPPED,
    "offset 1e15": 1e15 + NOISY,
}
TINY = {
    "1e-30, two levels": np.where(FLIPPED, 1e-30, 0),
    "1e-30": 1e-30 * NOISY,
    "float32 1e-30": np.float32(1e-30 * NOISY),
    "1e-300": 1e-300 * NOISY,
    "subnormal": 5e-324 * FLIPPED,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CLEANED)
@pytest.mark.parametrize("noise", ["auto", "gaussian"])
def test_edges_are_cleaned(name, noise):
    x = CLEANED[name]
    two = np.unique(x).size == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = denoise(x, "flip" if two else noise, rng=0)
    plain = denoise(FLIPPED if two else NOISY, "flip" if two else noise, rng=0)
    assert np.mean(plain.image != CLEAN) < FEW  # else there was nothing to compare with
    assert np.mean(result.image != plain.image) <= 0.002


@pytest.mark.parametrize(
    ("name", "words"),
    [*((n, "subtract the smallest") for n in LIKE), *((n, "scale it up") for n in TINY)],
)
@pytest.mark.parametrize("call", [denoise, estimate, estimate_background])
def test_the_others_are_refused(name, words, call):
    x = (LIKE | TINY)[name]
    with pytest.raises(ParameterError, match=f"^image: holds values .*{words}"):
        call(x)
    mask = np.ones(x.shape, bool)
    mask[:9] = False
    with pytest.raises(ParameterError, match=words):
        call(np.where(mask, x, x.dtype.type(0)), mask=mask)


@pytest.mark.parametrize("value", [1e12, 1e-40, 2**64 - 1, 0.0])
def test_one_value_alone_spans_nothing(value):
    x = np.full((8, 8), value)
    with pytest.warns(match="all pixels are equal"):
        assert denoise(x, rng=0).image.all() == (value >= 0)
    with pytest.warns(match="one grey level|all pixels are equal|no noise"):
        denoise(np.where(np.eye(8) > 0, np.nan, x), "gaussian", rng=0)


@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
@pytest.mark.parametrize("name", [*LIKE, *TINY])
def test_files_are_named(tmp_path, command, name):
    path = tmp_path / "x.npy"
    np.save(path, (LIKE | TINY)[name])
    for noise in ("auto", "gaussian"):
        line = error_line(invoke(command, path, "--noise", noise), 3)
        assert line.startswith(f"isingdenoise: {path}: holds ")
        assert line.endswith(("smallest", "scale it up", "rescale them"))


@pytest.mark.parametrize("name", ["1e-20", "offset 1e6", "1e27"])
def test_files_are_cleaned(tmp_path, name):
    path = tmp_path / "x.npy"
    np.save(path, CLEANED[name])
    done = succeed("run", path, "-o", tmp_path / "c.png")
    assert done.stderr == ""


def test_a_batch_names_them_too(tmp_path):
    (tmp_path / "in").mkdir()
    save(tmp_path / "in" / "x.tif", TINY["float32 1e-30"])
    done = invoke("batch", tmp_path / "in", tmp_path / "out")
    assert done.code == 1
    assert done.stderr.count("x.tif: holds values that differ by") == 1
