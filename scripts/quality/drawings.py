"""Pages, codes and line art, drawn: what `pictures.py` does not take from photographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Picture = npt.NDArray[np.bool_]  # H x W, True is bright

WORDS = (  # noqa: SIM905
    "ink in big finds its limit, still it is this dim light which fills a thin file. "
    "Noise dots the paper; i, j and colons: small, true, and easily lost. "
    "A fax of a fax, received at 9:15, ref. no. 4.171-b; see p. 12 ff. "
    "If in doubt, print it again, sir: civil illusions, minimum risk. "
).split()

# Code 39 (ISO/IEC 16388): bars and spaces alternate, w is a wide one.
CODE_39 = {
    **dict(zip("1234567890", (  # noqa: SIM905
        "wnnwnnnnw nnwwnnnnw wnwwnnnnn nnnwwnnnw wnnwwnnnn nnwwwnnnn nnnwnnwnw wnnwnnwnn "
        "nnwwnnwnn nnnwwnwnn").split(), strict=True)),
    **dict(zip("ABCDEFGHIJ", (  # noqa: SIM905
        "wnnnnwnnw nnwnnwnnw wnwnnwnnn nnnnwwnnw wnnnwwnnn nnwnwwnnn nnnnnwwnw wnnnnwwnn "
        "nnwnnwwnn nnnnwwwnn").split(), strict=True)),
    "-": "nwnnnnwnw", "*": "nwnnwnwnn",
}  # fmt: skip

# EAN-13 (ISO/IEC 15420): widths of the four bars and spaces of a left digit with odd parity.
EAN_WIDTHS = "3211 2221 2122 1411 1132 1231 1114 1312 1213 3112".split()  # noqa: SIM905
EAN_PARITY = "LLLLLL LLGLGG LLGGLG LLGGGL LGLLGG LGGLLG LGGGLL LGLGLG LGLGGL LGGLGL".split()  # noqa: SIM905


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font of matplotlib's; the basic layout, as Raqm is not in every Pillow."""
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def canvas(height: int, width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (width, height), 255)
    return page, ImageDraw.Draw(page)


def bilevel(page: Image.Image) -> Picture:
    return np.asarray(page) >= 128


def paragraph(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    face: ImageFont.FreeTypeFont,
    first: int = 0,
) -> None:
    """Fill the box (left, top, right, bottom) with WORDS from number `first` on."""
    left, top, right, bottom = box
    step = round(face.size * 1.3)
    line: list[str] = []
    while top + step <= bottom:
        word = WORDS[first % len(WORDS)]
        if line and left + draw.textlength(" ".join([*line, word]), font=face) > right:
            draw.text((left, top), " ".join(line), fill=0, font=face)
            line, top = [], top + step
        line.append(word)
        first += 1


def page_of_many_fonts() -> Picture:
    """Return a page of 1024 x 768 pixels: a title, two columns, a table, small print."""
    page, draw = canvas(1024, 768)
    draw.text((60, 40), "On the Cleaning of Pages", fill=0, font=font("STIXGeneralBol", 48))
    draw.text((60, 100), "Proceedings, vol. iii, no. 1", fill=0, font=font("STIXGeneralItalic", 22))
    draw.line((60, 136, 708, 136), fill=0, width=3)
    paragraph(draw, (60, 156, 370, 560), font("DejaVuSerif", 15))
    paragraph(draw, (398, 156, 708, 360), font("DejaVuSans", 14), 7)
    paragraph(draw, (398, 370, 708, 560), font("DejaVuSans-Bold", 20), 21)
    mono = font("DejaVuSansMono", 13)
    for row in range(9):
        y = 590 + 20 * row
        draw.text((64, y), WORDS[3 * row][:8].ljust(9, ".") + "." * 50, fill=0, font=mono)
        draw.text((620, y), f"{row * 7.13 + 1.5:8.2f}", fill=0, font=mono)
        draw.line((60, y + 18, 708, y + 18), fill=0, width=1)
    paragraph(draw, (60, 800, 708, 880), font("DejaVuSans-Oblique", 11), 40)
    paragraph(draw, (60, 890, 708, 990), font("STIXGeneral", 23), 12)
    return bilevel(page)


def form() -> Picture:
    """Return a filled-in form of 512 x 512 pixels: boxes, ticks, dotted lines, small labels."""
    page, draw = canvas(512, 512)
    small, hand = font("DejaVuSans", 11), font("STIXGeneralItalic", 24)
    draw.rectangle((16, 16, 495, 60), outline=0, width=2)
    draw.text((28, 26), "Claim form 7-b (i)", fill=0, font=font("DejaVuSans-Bold", 22))
    entries = ("Surname:", "First initial:", "Identity no.:", "Filed at:", "Limit in sq. mi.:")
    answers = ("Wittig", "J. I.", "31.415.926-5", "Rijeka, 6.ii.", "0.577")
    for row, (label, answer) in enumerate(zip(entries, answers, strict=True)):
        y = 84 + 42 * row
        draw.text((20, y), label, fill=0, font=small)
        draw.text((150, y - 14), answer, fill=0, font=hand)
        for x in range(140, 490, 4):
            draw.rectangle((x, y + 14, x + 1, y + 14), fill=0)  # dots of two pixels
    for row in range(4):
        for column in range(3):
            x, y = 24 + 160 * column, 310 + 30 * row
            draw.rectangle((x, y, x + 13, y + 13), outline=0)
            if (row * 3 + column) % 4 == 1:
                draw.line((x + 2, y + 2, x + 11, y + 11), fill=0, width=2)
                draw.line((x + 2, y + 11, x + 11, y + 2), fill=0, width=2)
            label = " ".join(WORDS[5 * (row * 3 + column) :][:3])
            draw.text((x + 20, y), label, fill=0, font=small)
    draw.line((16, 436, 495, 436), fill=0)
    paragraph(draw, (20, 442, 492, 507), font("DejaVuSansMono", 12), 30)
    return bilevel(page)


def line_art() -> Picture:
    """Return an engineer's drawing of 512 x 512 pixels: thin lines, circles, hatching, dots."""
    page, draw = canvas(512, 512)
    draw.rectangle((10, 10, 501, 501), outline=0, width=2)
    for radius, width in ((150, 3), (118, 1), (60, 2), (22, 1)):
        draw.ellipse((220 - radius, 220 - radius, 220 + radius, 220 + radius), outline=0,
                     width=width)  # fmt: skip
    for k in range(12):  # bolts, and the spokes between them
        angle = np.pi * k / 6
        x, y = 220 + 134 * np.cos(angle), 220 + 134 * np.sin(angle)
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), outline=0)
        draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=0)
        ends = [220 + r * f(angle + 0.26) for r in (62, 116) for f in (np.cos, np.sin)]
        draw.line(ends, fill=0, width=1 + k % 3)
    for k in range(0, 90, 6):  # hatching
        draw.line((400, 60 + k, 400 + min(k, 84), 60 + k - min(k, 84)), fill=0)
    for x in range(40, 400, 14):  # a dash-dotted axis
        draw.line((x, 220, x + 7, 220), fill=0)
        draw.point((x + 10, 220), fill=0)
    for y, reach in ((400, 150), (430, 118)):  # dimension lines with arrows
        draw.line((220 - reach, y, 220 + reach, y), fill=0)
        for side in (-1, 1):
            tip = 220 + side * reach
            draw.polygon((tip, y, tip - 9 * side, y - 3, tip - 9 * side, y + 3), fill=0)
        draw.text((226, y - 15), f"{2 * reach}.5 mm", fill=0, font=font("DejaVuSans", 12))
    wave = [(x, 465 + 18 * np.sin(x / 17) * np.cos(x / 53)) for x in range(30, 480, 2)]
    draw.line(wave, fill=0, width=1)
    draw.text((390, 170), "A-A ⌀ 1:2", fill=0, font=font("DejaVuSansMono", 16))
    for k in range(40):  # sand: single pixels and pairs
        x, y = 395 + (k * 37) % 97, 230 + (k * 53) % 131
        draw.rectangle((x, y, x + k % 2, y + k % 3 // 2), fill=0)
    return bilevel(page)


def stripes(modules: Sequence[int] | str, module: int, height: int) -> Picture:
    """Return bars as a picture: modules 1 is a bar."""
    bars = np.array([int(m) for m in modules], dtype=np.bool_)
    return np.asarray(~np.tile(np.repeat(bars, module), (height, 1)))


def code_39(text: str, wide: int = 3) -> str:
    """Return the modules of a Code 39 symbol."""
    return "0".join(
        "".join("10"[k % 2] * (wide if w == "w" else 1) for k, w in enumerate(CODE_39[c]))
        for c in f"*{text}*"
    )


def ean_13(digits: str) -> str:
    """Return the 95 modules of an EAN-13 symbol; twelve digits, the check digit is added."""
    total = sum(int(d) * (1 + 2 * (k % 2)) for k, d in enumerate(digits))
    digits += str(-total % 10)

    def run(widths: str, first: int) -> str:
        return "".join(str((first + k) % 2) * int(w) for k, w in enumerate(widths))

    left = "".join(
        run(EAN_WIDTHS[int(d)][:: 1 if parity == "L" else -1], 0)
        for d, parity in zip(digits[1:7], EAN_PARITY[int(digits[0])], strict=True)
    )
    right = "".join(run(EAN_WIDTHS[int(d)], 1) for d in digits[7:])
    return f"101{left}01010{right}101"


def qr_modules(message: str, module: int, *, error: str) -> Picture:
    """Return a QR code with its quiet zone, `module` pixels a module."""
    import segno

    code = segno.make_qr(message, error=error, boost_error=False)
    matrix = np.pad(np.array([list(row) for row in code.matrix], dtype=np.bool_), 4)
    return ~np.kron(matrix, np.ones((module, module), dtype=np.bool_))


def paste(page: Picture, part: Picture, top: int, left: int) -> None:
    """Put `part` on `page`, in place."""
    page[top : top + part.shape[0], left : left + part.shape[1]] = part
