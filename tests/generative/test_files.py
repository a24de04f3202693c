"""Models as files, patches and tiles."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from isingdenoise.errors import IsingDenoiseError, ParameterError, ReadError
from isingdenoise.generative import (
    CHARACTERS,
    Architecture,
    Tiles,
    Vae,
    contact_sheet,
    encode_model,
    font_files,
    glyph_patches,
    glyph_split,
    patches_of,
    read_model,
    windows_of,
)
from isingdenoise.io import draw_glyph

# ---- patches


def test_glyphs_are_ink_on_paper_and_a_seed_repeats_them():
    found = glyph_patches(60, rng=3)
    assert found.shape == (60, 32, 32)
    assert found.dtype == np.bool_
    ink = (~found).mean((1, 2))
    assert ((ink > 0.005) & (ink < 0.6)).all()
    np.testing.assert_array_equal(glyph_patches(60, rng=3), found)
    assert not np.array_equal(glyph_patches(60, rng=4), found)


def test_a_glyph_is_that_of_its_character():
    font = font_files()[0]
    bar, ring = (draw_glyph(c, font, 28, (32, 32), (0, 0)) for c in "IO")
    assert not bar[16, 15:18].all()
    assert ring[16, 16]  # paper inside
    assert not ring[16, 3:16].all()
    assert not ring[16, 17:29].all()
    moved = draw_glyph("O", font, 28, (32, 32), (2, -1))
    np.testing.assert_array_equal(moved[2:, :-1], ring[:-2, 1:])


def test_no_pair_of_font_and_character_is_learned_from_and_judged_by(monkeypatch):
    seen = []

    def drawn(count, *, glyphs, rng):
        seen.append(set(glyphs))
        return np.zeros((count, 32, 32), np.bool_)

    monkeypatch.setattr("isingdenoise.generative.patches.glyph_patches", drawn)
    glyph_split((3, 2), rng=0)
    learned, judged = seen
    assert not learned & judged
    assert len(learned) + len(judged) == len(font_files()) * len(CHARACTERS)
    assert len(judged) == pytest.approx(0.1 * (len(learned) + len(judged)), abs=1)


def test_windows_are_parts_of_the_picture_that_are_not_blank():
    picture = np.ones((100, 80), np.bool_)
    picture[40:60, 30:50] = False
    found = windows_of(picture, 30, rng=0)
    assert len(found) == 30
    assert ((~found).mean((1, 2)) >= 0.03).all()
    assert windows_of(np.ones((64, 64), np.bool_), 5).shape == (0, 32, 32)
    assert windows_of(picture[:31], 5).shape == (0, 32, 32)
    both = patches_of([picture, ~picture], 20, rng=1)
    assert len(both) == 20
    assert 2 < (both.mean((1, 2)) > 0.5).sum() < 18


def test_patches_that_there_are_not():
    with pytest.raises(ParameterError, match="pictures"):
        patches_of([np.ones((64, 64), np.bool_)], 3)
    with pytest.raises(ParameterError, match="pictures"):
        patches_of([], 3)
    with pytest.raises(ParameterError, match="count"):
        glyph_patches(0)
    with pytest.raises(ParameterError, match="fonts"):
        glyph_patches(1, fonts=[])


def test_a_file_that_is_no_font(tmp_path):
    path = tmp_path / "font.ttf"
    path.write_bytes(b"no font")
    with pytest.raises(ReadError, match=r"font\.ttf: cannot be read as a font"):
        glyph_patches(1, fonts=[path])


# ---- tiles


@pytest.mark.parametrize("shape", [(32, 32), (1, 1), (33, 64), (70, 31)])
def test_tiles_join_to_the_picture(shape):
    rng = np.random.default_rng(0)
    picture, mask = rng.random((2, *shape)) < 0.5
    tiles = Tiles.of(picture, mask)
    np.testing.assert_array_equal(tiles.joined(tiles.patches), picture)
    np.testing.assert_array_equal(tiles.joined(tiles.known), mask)
    assert tiles.known.sum() == mask.sum()  # beyond the border nothing is known
    assert len(tiles.patches) == -(-shape[0] // 32) * -(-shape[1] // 32)


def test_tiles_that_miss_a_pixel():
    mask = np.ones((40, 70), np.bool_)
    assert not len(Tiles.of(mask).incomplete)
    mask[35, 40] = False
    assert Tiles.of(mask, mask).incomplete.tolist() == [4]


def test_tiles_of_nothing():
    with pytest.raises(ParameterError, match="image"):
        Tiles.of(np.ones((0, 5), np.bool_))
    with pytest.raises(ParameterError, match="mask"):
        Tiles.of(np.ones((2, 5), np.bool_), np.ones((5, 2), np.bool_))


def test_a_contact_sheet_has_every_patch_in_its_place():
    patches = np.random.default_rng(0).random((5, 32, 32)).astype(np.float32)
    sheet = contact_sheet(patches, 3, gap=1)
    assert sheet.shape == (2 * 33 + 1, 3 * 33 + 1)
    np.testing.assert_array_equal(sheet[34:66, 34:66], patches[4])
    assert (sheet[34:66, 67:] == 0.5).all()
    assert (sheet[0] == 0.5).all()


# ---- files


@pytest.fixture
def model():
    torch = pytest.importorskip("torch")
    size = Architecture(latent=4, hidden=(6, 5), flow=1)
    return Vae.initial(size, torch.Generator().manual_seed(0))


def test_a_model_comes_back_as_it_was(model, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(encode_model(model, {"seed": 3}))
    found, about = read_model(path)
    assert found.architecture == model.architecture
    assert list(found.parameters) == list(model.parameters)
    for name, value in found.parameters.items():
        np.testing.assert_array_equal(value.numpy(), model.parameters[name].numpy())
    assert about["seed"] == 3
    assert about["format"] == 1
    with np.load(path, allow_pickle=False) as archive:
        assert json.loads(str(archive["about"])) == about


def changed(model, **changes):
    """Return the bytes of a model with other arrays, or without those that are None."""
    with np.load(io.BytesIO(encode_model(model)), allow_pickle=False) as archive:
        arrays = {**archive, **changes}
    stream = io.BytesIO()
    np.savez(stream, **{name: array for name, array in arrays.items() if array is not None})
    return stream.getvalue()


def about_of(model, **changes):
    with np.load(io.BytesIO(encode_model(model)), allow_pickle=False) as archive:
        return np.array(json.dumps({**json.loads(str(archive["about"])), **changes}))


BIAS = "encoder.0.bias"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda m: b"", "damaged"),
        (lambda m: b"PK\x03\x04 no archive", "damaged"),
        (lambda m: encode_model(m)[:-200], "damaged"),
        (lambda m: changed(m, about=None), "damaged"),
        (lambda m: changed(m, about=np.array(3.0)), "damaged"),
        (lambda m: changed(m, about=np.array("[" * 99999)), "damaged"),
        (lambda m: changed(m, about=about_of(m, kind="other")), "damaged"),
        (lambda m: changed(m, about=about_of(m, format=2)), "has format 2"),
        (lambda m: changed(m, about=about_of(m, architecture=None)), "damaged"),
        (lambda m: changed(m, about=about_of(m, architecture={"latent": 4})), "damaged"),
        (lambda m: changed(m, **{BIAS: None}), "do not fit"),
        (lambda m: changed(m, **{BIAS: np.zeros(5, np.float32)}), "do not fit"),
        (lambda m: changed(m, **{BIAS: np.zeros(6)}), "finite"),
        (lambda m: changed(m, **{BIAS: np.full(6, np.nan, np.float32)}), "finite"),
        (lambda m: changed(m, **{BIAS: np.array([{}] * 6)}), "damaged"),  # a pickle
    ],
)
def test_a_damaged_file_is_refused_in_one_line(model, tmp_path, damage, said):
    path = tmp_path / "model.npz"
    path.write_bytes(damage(model))
    with pytest.raises(ReadError, match=said) as caught:
        read_model(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(model, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    path.write_bytes(encode_model(model))
    monkeypatch.setattr("isingdenoise.generative.file._MOST_BYTES", 1000)
    with pytest.raises(ReadError, match="more than 1 GiB"):
        read_model(path)


def test_a_picture_is_no_model(model, tmp_path):
    path = tmp_path / "picture.png"
    Image.new("L", (8, 8)).save(path)
    with pytest.raises(ReadError, match="is no model"):
        read_model(path)
    with pytest.raises(ReadError, match=r"missing\.npz: cannot be read"):
        read_model(tmp_path / "missing.npz")


def test_without_pytorch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(IsingDenoiseError, match=r"install isingdenoise\[learn\]"):
        read_model(tmp_path / "model.npz")
