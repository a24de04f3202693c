"""Uneven light, blank pages, specks and photographed codes come out as they are right."""

from dataclasses import replace

import numpy as np
import pytest

from isingdenoise import EstimationWarning, denoise


def errors(image, drawn):
    return np.mean(image != (drawn >= 0.5))


@pytest.fixture(scope="module")
def lit(real):
    """Return a page, the same in uneven light, and what was drawn."""
    page = next(p for p in real.pages.PAGES if p.kind == real.pages.LIGHT)
    even = replace(page, shot=replace(page.shot, shade=0.0))
    uneven, drawn = real.pages.draw(page, 1, (2.0, 3.0))
    return real.pages.draw(even, 1, (2.0, 3.0))[0], uneven, drawn


def test_a_page_in_uneven_light_is_readable(real, lit):
    even, uneven, drawn = lit
    made = real.sections.run(uneven)
    assert errors(made.otsu, drawn) > 0.1, "a threshold blackens the dark side"
    assert errors(made.image, drawn) < 1.5 * errors(real.judges.otsu(even), drawn)
    assert made.light


def test_even_light_is_left_alone(real, lit):
    made = real.sections.run(lit[0])
    assert not made.light
    assert np.array_equal(made.image, made.otsu)


BLANKS = (
    "blank",
    "blank, JPEG 75",
    "blank, JPEG 50, noise 4",
    "paper texture",
    "coarse texture, JPEG 60",
    "shadow of a gutter",
    "soft shadow",
)


def test_every_blank_page_is_tested(real):
    assert set(real.specks.blanks()) == set(BLANKS)


@pytest.mark.parametrize("name", BLANKS)
def test_a_blank_page_is_white_and_warned_of(real, name):
    made = real.sections.run(real.specks.blanks()[name])
    assert made.image.all(), f"{np.count_nonzero(~made.image)} black pixels"
    assert made.said


def test_a_little_text_on_a_blank_page_is_not_wiped(real):
    page = real.specks.blanks()["paper texture"].astype(float)
    text = real.clean.lettering(14, 120)[:30]
    page[100:130, 100:220][~text] = 60
    image = real.sections.run(real.drawing.grey(page)).image
    assert np.mean(image[100:130, 100:220] != text) < 0.01
    assert image[:90].all()


def specks_and_dots(real, page):
    # where only single pixels are wrong they are flips, which are found
    image = denoise(page.picture, "auto" if page.name == FOUND else "speckle").image
    gone, specks = real.judges.touched(page.specks, image, level=True)
    kept, dots = real.judges.touched(page.dots, image)
    assert specks >= 250
    assert dots >= 100
    return gone / specks, kept / dots


SPECKS = (
    "specks of 1 px",
    "specks of 2 x 2 px",
    "specks of 1 to 3 px",
    "specks of 1 px, grey",
    "specks of 2 x 2 px, grey",
)


FOUND = SPECKS[0]


@pytest.mark.parametrize("name", SPECKS[:3])
def test_specks_go_and_the_dots_of_the_text_stay(real, name):
    page = next(p for p in real.specks.pages() if p.name == name)
    gone, kept = specks_and_dots(real, page)
    assert kept >= 0.99
    assert gone >= 0.85


def test_specks_of_several_pixels_are_told_of_and_left(real):
    page = next(p for p in real.specks.pages() if p.name == SPECKS[1])
    found = denoise(page.picture)
    assert np.array_equal(found.image, page.picture)
    assert any("name noise speckle" in note for note in found.fit.notes)


@pytest.mark.parametrize("size", [7, 9, 16])
def test_small_print_has_no_specks(real, size):
    """Its dots and broken strokes lie as specks do."""
    text = real.clean.lettering(size, 600)
    assert np.array_equal(real.sections.run(text).image, text)


def test_scattered_dots_beside_text_stay(real):
    page = np.ones((700, 600), np.bool_)
    text = real.clean.lettering(24, 600)[:300]
    page[: text.shape[0], : text.shape[1]] = text
    rng = np.random.default_rng(4)
    for row, column in rng.integers((380, 20), (680, 580), (200, 2)):
        page[row : row + 2, column : column + 2] = False
    assert np.array_equal(real.sections.run(page).image, page)


def test_text_without_specks_stays(real):
    text, _ = real.specks.text_with_dots()
    assert np.array_equal(real.sections.run(text).image, text)


def photographs(real, kinds, each=2):
    for k, kind in enumerate(kinds):
        for number in range(each):
            code = real.codes.photograph(kind, np.random.default_rng((7, k, number)))
            if code is not None and code.picture.size < 300_000:
                yield code


def test_photographed_codes_are_read_after_it_as_often_as_after_otsu(real):
    pytest.importorskip("zxingcpp")
    kinds = ("QRCode", "DataMatrix", "Aztec", "PDF417", "Code128", "EAN13", "MicroPDF417", "ITF")
    before = after = 0
    for code in photographs(real, kinds):
        made = real.sections.run(code.picture)
        otsu = real.judges.decodes(made.otsu, code.text)
        found = real.judges.decodes(made.image, code.text)
        assert found >= otsu, f"{code.name} lost"
        before, after = before + otsu, after + found
    assert before >= 5
    assert after > before, "codes in uneven light are gained"


def test_a_photograph_smoothed_too_much_is_lost(real):
    pytest.importorskip("zxingcpp")
    from isingdenoise import GaussianNoise, denoise

    code = real.codes.read("QRCode", real.codes.symbol("QRCode", 1234, 2))
    blob = denoise(code.picture, GaussianNoise(sigma=200.0, levels=(0.0, 255.0)), coupling=2.0)
    assert not real.judges.decodes(blob.image, code.text)
    assert real.judges.decodes(real.sections.run(code.picture).image, code.text)


@pytest.mark.parametrize("form", ["u2", "f4", "over 255"])
def test_a_blank_page_is_white_in_every_dtype(real, form):
    page = real.specks.blanks()["blank, JPEG 75"]
    forms = {"u2": page.astype(np.uint16) * 257, "f4": page.astype(np.float32)}
    with pytest.warns(EstimationWarning, match="one grey level only"):
        found = denoise(forms.get(form, np.float32(page / 255)))
    assert found.image.all()
