"""Make the pictures of sample_images/ and the list of their sources.

    python scripts/make_samples.py [--out FOLDER]

Each clean picture is a 1-bit PNG. Beside it lie two noisy ones: NAME_gaussian.png
(8-bit grey) and NAME_flip.png (1-bit). Every picture has its own fixed seed, so
a second run writes the same bytes. Nothing is downloaded: the photographs are
those inside the scikit-image wheel and the font is the one inside matplotlib's.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from skimage import data

Picture = npt.NDArray[np.bool_]  # H x W, True is bright

SIGMA = 1.0  # on the scale where black is -1 and white is +1
FLIP_PROBABILITY = 0.1
BLACK, WHITE = 64, 191  # grey levels of -1 and +1, with room for noise on both sides
QR_MESSAGE = "A QR code survives noise only up to a point: denoise first, then scan."

# Lines are broken here and not by measured width, so that another FreeType
# moves a few edge pixels and never a word.
TEXT = """\
A page that has been copied too often is
covered with specks. Each speck is a pixel
that tells us the wrong colour, and nothing
in the speck itself says that it is wrong.

Its neighbours do. Ink comes in strokes and
paper in open fields, so a pixel that agrees
with none of the four beside it is probably
mistaken. The Ising model turns that hunch
into an energy: every pair of neighbours
that disagree costs a little, and so does
every pixel that departs from what was seen.

The dot of an i, a comma, a full stop: these
are small and true, and ought to stay."""

SMALL_TEXT = """\
Small print is the hardest case, for a stem is one pixel wide.
A coupling that is strong enough to clean the margin also
eats the dots, closes the eye of an e and joins r n into m.

   item ........................ pages    price
   fax, first generation ....... 12        3.75
   fax, third generation ....... 12        1.20
   carbon copy ................. 7         0.95
   microfilm, negative ......... 240      18.60

A weaker coupling leaves some specks and keeps the letters.
There is no value that suits both; it has to be estimated
from the page, and the doubtful pixels have to be shown."""


@dataclass(frozen=True)
class Sample:
    """One clean picture: how to make it, what it shows, where it comes from."""

    name: str
    seed: int
    shows: str
    source: str
    make: Callable[[], Picture]


def typeset(text: str, font: str, size: int, shape: tuple[int, int]) -> Picture:
    """Set `text` black on white in the middle of a page of H x W pixels."""
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / font
    # The basic layout: Raqm is not in every build of Pillow.
    face = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    height, width = shape
    page = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(page)
    spacing = round(size * 0.3)
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=face, spacing=spacing)
    if right - left > width or bottom - top > height:
        raise ValueError(f"{font} at {size} px: the text does not fit {width} x {height}")
    corner = (round((width - left - right) / 2), round((height - top - bottom) / 2))
    draw.multiline_text(corner, text, fill=0, font=face, spacing=spacing)
    return np.asarray(page) >= 128


def horse() -> Picture:
    return np.asarray(data.horse(), dtype=np.bool_)


def coin_mask() -> Picture:
    """Segment the coins: bright objects on a dark ground, as masks have them."""
    photograph = data.coins()
    # The light falls off across the plate; an opening wider than any coin
    # leaves that slope alone, and only whole numbers are involved.
    coins = photograph - ndimage.grey_opening(photograph, size=(70, 70))
    mask = np.pad(coins > 60, 8)
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(mask, iterations=3))
    return np.asarray(ndimage.binary_opening(mask, iterations=3)[8:-8, 8:-8], dtype=np.bool_)


def qr_code() -> Picture:
    try:
        import segno
    except ImportError:
        raise SystemExit(
            "make_samples.py needs segno for the QR code, and it is not installed: "
            "pip install 'isingdenoise[samples]'"
        ) from None
    code = segno.make_qr(QR_MESSAGE, error="m", boost_error=False)
    modules = np.pad(np.array([list(row) for row in code.matrix], dtype=np.bool_), 4)
    return ~np.kron(modules, np.ones((6, 6), dtype=np.bool_))


OWN_TEXT = "Own words, set in {} (Bitstream Vera and DejaVu licence, free)"

SAMPLES = (
    Sample(
        "text",
        101,
        "Running text, 18 px",
        OWN_TEXT.format("DejaVu Serif"),
        lambda: typeset(TEXT, "DejaVuSerif.ttf", 18, (384, 512)),
    ),
    Sample(
        "small_text",
        102,
        "Small print with dot leaders, 12 px",
        OWN_TEXT.format("DejaVu Sans Mono"),
        lambda: typeset(SMALL_TEXT, "DejaVuSansMono.ttf", 12, (256, 480)),
    ),
    Sample(
        "horse",
        103,
        "Silhouette of a horse",
        "`skimage.data.horse`, from openclipart.org 158377 by Andreas Preuss (marauder), CC0",
        horse,
    ),
    Sample(
        "qr_code",
        104,
        "QR code, 6 px a module",
        "Own message, encoded with segno (BSD-3-Clause)",
        qr_code,
    ),
    Sample(
        "mask",
        105,
        "Segmentation mask of 24 coins",
        "Thresholded from `skimage.data.coins`, Brooklyn Museum Collection, "
        "no known copyright restrictions",
        coin_mask,
    ),
    Sample(
        "letter_a",
        106,
        "The letter A of the textbooks",
        "One glyph of DejaVu Sans Bold (Bitstream Vera and DejaVu licence, free)",
        lambda: typeset("A", "DejaVuSans-Bold.ttf", 112, (128, 128)),
    ),
)


def add_gaussian(clean: Picture, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Add Gaussian noise of SIGMA half-distances between the two grey levels."""
    middle, half = (WHITE + BLACK) / 2, (WHITE - BLACK) / 2
    x = np.where(clean, 1.0, -1.0) + SIGMA * rng.standard_normal(clean.shape)
    return np.clip(np.rint(middle + half * x), 0, 255).astype(np.uint8)


def flip(clean: Picture, rng: np.random.Generator) -> Picture:
    """Invert each pixel with FLIP_PROBABILITY, independently."""
    return clean ^ (rng.random(clean.shape) < FLIP_PROBABILITY)


def make_all(out: Path) -> None:
    """Write every picture, and SOURCES.md, into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for sample in SAMPLES:
        clean = sample.make()
        gaussian_rng, flip_rng = np.random.default_rng(sample.seed).spawn(2)
        versions = {
            "clean": (clean, sample.shows),
            "gaussian": (
                add_gaussian(clean, gaussian_rng),
                f"The same, Gaussian noise, sigma {SIGMA:g}",
            ),
            "flip": (
                flip(clean, flip_rng),
                f"The same, {FLIP_PROBABILITY:.0%} of the pixels flipped",
            ),
        }
        for kind, (picture, shows) in versions.items():
            path = out / f"{sample.name}_{kind}.png"
            Image.fromarray(picture).save(path, optimize=True)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append(f"| {path.name} | {shows} | {sample.source} | `{digest}` |")
    (out / "SOURCES.md").write_text(sources_page(rows), encoding="utf-8", newline="\n")


def sources_page(rows: list[str]) -> str:
    step = SIGMA * (WHITE - BLACK) / 2
    return f"""\
# Sample pictures

Made by `scripts/make_samples.py`, which also wrote this page; change the script
and run it again, never the files.

- `*_clean.png`: the true picture, 1-bit. Ink is black on white; the objects of
  the mask are white on black.
- `*_gaussian.png`: 8-bit grey. Black is level {BLACK} and white level {WHITE}, which stand
  for -1 and +1; sigma {SIGMA:g} on that scale is {step:g} grey levels. Rounded, and
  clipped to 0..255, so about one pixel in six lies at an end of the scale.
- `*_flip.png`: 1-bit, each pixel inverted with probability {FLIP_PROBABILITY:g}.

| file | what it shows | source and licence | SHA-256 |
|---|---|---|---|
{chr(10).join(rows)}
"""


def main(arguments: list[str] | None = None) -> None:
    default = Path(__file__).resolve().parent.parent / "sample_images"
    parser = argparse.ArgumentParser(description="Make the sample pictures.")
    parser.add_argument("--out", type=Path, default=default, help="folder (default: %(default)s)")
    out = parser.parse_args(arguments).out
    make_all(out)
    files = sorted(out.glob("*.png"))
    total = sum(path.stat().st_size for path in files)
    print(f"{len(files)} pictures, {total / 1e6:.2f} MB, in {out}")


if __name__ == "__main__":
    main()
