"""Pictures without noise come out as Otsu's threshold has them, and noise is still removed."""

import numpy as np
import pytest

HALFTONES = ("Bayer halftone", "Floyd-Steinberg halftone")
CLEAN = (
    "text, 1 bit",
    "text 11 px, 0 and 255",
    "text, 40 and 210",
    "hairlines",
    "diagonals of 1 px",
    "grid of 1 px",
    *HALFTONES,
    "dot leaders",
    "QR code, 1 px a module",
    "one grey pixel",
    "grey footer",
    "QR code, grey caption",
    "rendered page, 75 dpi",
    "rendered page, 150 dpi",
)


@pytest.fixture(scope="module")
def shown(real):
    return real.clean.pictures()


def test_every_clean_picture_is_tested(shown):
    zxing_alone = ", 1 px a module"
    assert set(CLEAN) <= set(shown)
    assert all(name.endswith(zxing_alone) for name in set(shown) - set(CLEAN))


@pytest.mark.parametrize("name", list(CLEAN))
def test_a_clean_picture_stays(real, shown, name):
    made = real.sections.run(shown[name])
    assert np.array_equal(made.image, made.otsu), f"{made.changed:.3%} changed"


def test_one_grey_pixel_changes_nothing_beside_it(real, shown):
    picture = shown["one grey pixel"]
    assert np.count_nonzero((picture != 0) & (picture != 255)) == 1
    text = real.clean.lettering()
    image = real.sections.run(picture).image
    assert np.count_nonzero(image != text) <= 1
    assert np.mean(~image) > 0.05, "control: there is text"


def test_what_is_grey_deletes_no_black(real, shown):
    for name in ("grey footer", "QR code, grey caption"):
        picture = shown[name]
        assert not real.sections.run(picture).image[picture == 0].any(), name


def test_codes_of_one_pixel_a_module_stay(real):
    pytest.importorskip("zxingcpp")
    for kind in ("DataMatrix", "Aztec", "PDF417", "Code128"):
        code = real.codes.read(kind, real.codes.symbol(kind, 1234, 1))
        made = real.sections.run(code.picture)
        assert np.array_equal(made.image, code.picture > 127), kind
        assert real.judges.decodes(made.image, code.text)
        assert not real.judges.decodes(~code.picture[::2, ::2], code.text), "control"


@pytest.mark.parametrize("number", [0, 2, 3])
def test_an_antialiased_page_comes_out_as_otsu_has_it(real, number):
    page = real.pages.PAGES[number]
    picture, _ = real.pages.draw(page, number, (1.5, 2.5))
    assert np.unique(picture).size > 100
    made = real.sections.run(picture)
    assert np.array_equal(made.image, made.otsu), f"{made.changed:.3%} changed"


@pytest.mark.slow
@pytest.mark.parametrize("number", [12, 13])
def test_a_large_page_of_which_a_sample_is_fitted_does_too(real, number):
    page = real.pages.PAGES[number]
    assert page.dpi == 300
    picture, _ = real.pages.draw(page, number + 1)
    assert picture.size > 1 << 20
    made = real.sections.run(picture)
    assert np.array_equal(made.image, made.otsu), f"{made.changed:.3%} changed"
    assert not made.said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["300 dpi, noise 0.37", "300 dpi, noise 0.65"])
def test_noise_on_a_large_page_with_wide_margins_is_removed(real, name):
    number, page = next((k, p) for k, p in enumerate(real.pages.PAGES, 1) if p.name == name)
    picture, drawn = real.pages.draw(page, number)
    made = real.sections.run(picture)
    clean = drawn >= 0.5
    assert np.mean(made.image != clean) < 0.7 * np.mean(made.otsu != clean)
    assert made.assumed == "gaussian"


def test_noise_on_the_same_page_is_removed(real):
    from dataclasses import replace

    page = real.pages.PAGES[0]
    noisy = replace(page, dpi=150, shot=replace(page.shot, sigma=50.0, quality=None))
    picture, drawn = real.pages.draw(noisy, 0, (1.5, 2.5))
    made = real.sections.run(picture)
    clean = drawn >= 0.5
    assert np.mean(made.image != clean) < 0.6 * np.mean(made.otsu != clean)


def test_flips_on_clean_text_are_removed(real):
    text = real.clean.lettering()
    flips = np.random.default_rng(3).random(text.shape) < 0.05
    made = real.sections.run(text ^ flips)
    assert np.mean(made.image != text) < 0.5 * np.mean(flips)
