"""The sample pictures are what their list says, and can be made again."""

import hashlib
import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "sample_images"
NAMES = ("text", "small_text", "horse", "qr_code", "mask", "letter_a")
# Their edges depend on FreeType: a few pixels may move from version to version.
TYPESET = {"text": 0.02, "small_text": 0.02, "letter_a": 0.01}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_samples", ROOT / "scripts/make_samples.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def regenerated(script, tmp_path_factory):
    out = tmp_path_factory.mktemp("samples")
    script.main(["--out", str(out)])
    return out


def pixels(name, kind, folder=FOLDER):
    with Image.open(folder / f"{name}_{kind}.png") as picture:
        return np.asarray(picture)


def listed(folder):
    page = (folder / "SOURCES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+\.png) \| (.+) \| (.+) \| `([0-9a-f]{64})` \|$", page, re.M)
    assert len(rows) == page.count(".png |")
    return {file: digest for file, _, _, digest in rows}


@pytest.mark.parametrize("which", ["shipped", "regenerated"])
def test_every_file_is_listed_with_its_digest(which, request):
    folder = FOLDER if which == "shipped" else request.getfixturevalue("regenerated")
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "SOURCES.md"
    }
    assert found == listed(folder)
    assert set(found) == {f"{n}_{k}.png" for n in NAMES for k in ("clean", "gaussian", "flip")}


def test_the_folder_stays_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 2_000_000


@pytest.mark.parametrize("name", NAMES)
def test_modes_and_sizes(name):
    modes, sizes = {}, set()
    for kind in ("clean", "gaussian", "flip"):
        with Image.open(FOLDER / f"{name}_{kind}.png") as picture:
            modes[kind] = picture.mode
            sizes.add(picture.size)
    assert modes == {"clean": "1", "gaussian": "L", "flip": "1"}
    assert len(sizes) == 1


@pytest.mark.parametrize("name", NAMES)
def test_ink_is_dark_with_a_margin_of_paper(name):
    clean = pixels(name, "clean")
    ink = clean if name == "mask" else ~clean
    assert 0.03 < ink.mean() < 0.5
    if name == "mask":  # a real photograph may be cut close
        return
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    margins = [rows[0], columns[0], clean.shape[0] - 1 - rows[-1], clean.shape[1] - 1 - columns[-1]]
    assert min(margins) >= 8
    if name == "letter_a":
        assert abs(margins[0] - margins[2]) <= 2
        assert abs(margins[1] - margins[3]) <= 2


@pytest.mark.parametrize("name", NAMES)
def test_flip_rate(name, script):
    wrong = pixels(name, "clean") != pixels(name, "flip")
    p = script.FLIP_PROBABILITY
    assert abs(wrong.mean() - p) < 4 * np.sqrt(p * (1 - p) / wrong.size)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bright", [False, True])
def test_gaussian_level(name, bright, script):
    """Noise towards the other level is hardly clipped: measure that half."""
    assert (script.BLACK, script.WHITE, script.SIGMA) == (64, 191, 1.0)
    grey = pixels(name, "gaussian")[pixels(name, "clean") == bright].astype(float)
    inward = (191 - grey if bright else grey - 64) / 63.5
    n = grey.size
    assert abs(np.mean(inward > 0) - 0.5) < 4 * 0.5 / np.sqrt(n) + 0.004  # 0.004: rounding
    second_moment = 2 * np.mean(np.maximum(inward, 0.0) ** 2)
    assert abs(second_moment - 1.0) < 4 * np.sqrt(5 / n) + 0.01  # 0.01: clipping at 3 sigma
    crossed = 0.15866  # share of a standard normal above 1: beyond the middle
    assert abs(np.mean(inward > 1) - crossed) < 4 * np.sqrt(crossed * (1 - crossed) / n)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["clean", "gaussian", "flip"])
def test_the_script_makes_the_same_pixels_again(name, kind, regenerated):
    shipped, again = pixels(name, kind), pixels(name, kind, regenerated)
    assert shipped.shape == again.shape
    assert np.mean(shipped != again) <= TYPESET.get(name, 0.0)


def test_a_second_run_writes_the_same_bytes(script, regenerated, tmp_path, capsys):
    script.main(["--out", str(tmp_path)])
    assert "18 pictures" in capsys.readouterr().out
    for path in regenerated.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_missing_segno_is_named(script, monkeypatch):
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(SystemExit, match=r"isingdenoise\[samples\]"):
        script.qr_code()


def test_text_that_does_not_fit_is_refused(script):
    with pytest.raises(ValueError, match="does not fit"):
        script.typeset("wide " * 50, "DejaVuSans.ttf", 18, (64, 64))
