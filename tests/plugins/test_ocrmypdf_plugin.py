"""The OCRmyPDF plugin, on a PDF that the test makes: what OCR reads, and what is seen."""

import io
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from isingdenoise import denoise
from isingdenoise.plugins import ocrmypdf as plugin

TEXT = """The quick brown fox jumps over the lazy dog while
seventeen quiet engineers measure the voltage of a
forgotten battery and write every figure into a small
green notebook that somebody left near the window"""
MODULE = "isingdenoise.plugins.ocrmypdf"


def printed():
    """Return the text as a page at 150 dpi, True where the paper is."""
    import matplotlib

    font = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    page = Image.new("L", (1240, 460), 255)
    place = ImageFont.truetype(str(font), 36)
    ImageDraw.Draw(page).multiline_text((60, 50), TEXT, font=place, fill=0, spacing=45)
    return np.asarray(page) > 127


@pytest.fixture(scope="module")
def noisy():
    clean = printed()
    return clean ^ (np.random.default_rng(0).random(clean.shape) < 0.08)


def filtered(hook, page, given, through=None):
    """Run a wrapper of a hook around filters that gave `through`."""
    work = hook(page, given)
    next(work)
    with pytest.raises(StopIteration) as end:
        work.send(through)
    return end.value.value


def page_of(wanted):
    return SimpleNamespace(options=SimpleNamespace(ising_denoise=wanted), pageno=0)


def picture(pixels, mode="1"):
    image = Image.fromarray(pixels).convert(mode)
    image.info["dpi"] = (150, 150)
    return image


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_what_ocr_sees_is_denoised_and_keeps_its_size(noisy, mode):
    part = noisy[:200, :400]
    found = filtered(plugin.filter_ocr_image, page_of("ocr"), picture(part, mode))
    assert found.info["dpi"] == (150, 150)
    np.testing.assert_array_equal(
        np.asarray(found),
        denoise(np.asarray(picture(part, mode).convert("1" if mode == "1" else "L")), rng=0).image,
    )


def test_a_filter_before_is_heard(noisy):
    given, smaller = picture(noisy[:200, :400]), picture(noisy[:100, :300])
    found = filtered(plugin.filter_ocr_image, page_of("page"), given, smaller)
    assert found.size == smaller.size


@pytest.mark.parametrize("through", [None, "given"])
def test_without_the_option_nothing_happens(noisy, through):
    image = picture(noisy)
    expected = image if through else None
    assert filtered(plugin.filter_ocr_image, page_of(None), image, expected) is expected
    assert filtered(plugin.filter_page_image, page_of("ocr"), Path("x.png"), None) is None


def test_a_page_without_noise_stays_as_it_is():
    clean = picture(printed()[:200, :400])
    assert filtered(plugin.filter_ocr_image, page_of("ocr"), clean) is clean


def test_a_page_that_is_seen_is_written_beside_the_one_given(noisy, tmp_path):
    given = tmp_path / "page.png"
    picture(noisy[:200, :400]).save(given, dpi=(150, 150))
    before = given.read_bytes()
    found = filtered(plugin.filter_page_image, page_of("page"), given)
    assert found.parent == tmp_path
    assert given.read_bytes() == before
    with Image.open(found) as seen:
        assert seen.size == (400, 200)
        assert seen.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        np.testing.assert_array_equal(np.asarray(seen), denoise(noisy[:200, :400], rng=0).image)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("wanted", ["ocr", "page"])
def test_more_is_read_of_a_noisy_page(noisy, tmp_path, wanted):
    pytest.importorskip("ocrmypdf", reason="ocrmypdf is not installed")
    img2pdf = pytest.importorskip("img2pdf", reason="img2pdf is not installed")
    for program in ("tesseract", "gs"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    buffer = io.BytesIO()
    picture(noisy).save(buffer, "PNG", dpi=(150, 150))
    source = tmp_path / "noisy.pdf"
    source.write_bytes(img2pdf.convert(buffer.getvalue()))

    def words(*options):
        sidecar, target = tmp_path / "text.txt", tmp_path / "out.pdf"
        # an installed package announces it
        named = (
            [] if "isingdenoise" in entry_points(group="ocrmypdf").names else ["--plugin", MODULE]
        )
        command = [sys.executable, "-m", "ocrmypdf", *named, "--output-type", "pdf"]
        command += [*options, "--quiet", "--jobs", "1", "--sidecar", sidecar, source, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        read = sidecar.read_text("utf-8").split()
        return sum(word in read for word in TEXT.split())

    plain = words()
    forced = ["--force-ocr"] if wanted == "page" else []
    better = words("--ising-denoise", wanted, *forced)
    assert better >= max(plain, 0.9 * len(TEXT.split()))
