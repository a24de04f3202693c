"""Small sound picture files of every format, and ways to damage them.

What `scripts/fuzz.py` reads. Everything follows from the numbers given, so
that a file that did harm can be made again.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from isingdenoise.io import encode_bilevel, encode_grey, encode_pages

#: What overflows, changes sign or doubles where a length or a place is expected.
TELLING = [0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 254, 255, 256, 257, 32767, 32768, 65500, 65535]
TELLING += [65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF]


def sound_files() -> dict[str, bytes]:
    """Return files by name, the same in every call."""
    rng = np.random.default_rng(11)
    grey = Image.fromarray(rng.integers(0, 256, (21, 34), dtype=np.uint8))
    bits = np.kron(rng.random((7, 12)) < 0.4, np.ones((3, 3), bool))
    colour = Image.merge("RGB", (grey, grey.transpose(0), grey))
    alpha = Image.merge("RGBA", (*colour.split(), grey))
    several: dict[str, Any] = {"save_all": True, "append_images": [grey.point(lambda v: v ^ 3)]}
    exif = Image.Exif()
    exif[274], exif[271] = 6, "somebody"
    files = {
        "grey.png": _pillow(grey, "PNG", dpi=(300, 300)),
        "deep.png": encode_grey(rng.integers(0, 65536, (9, 8), np.uint16), "PNG"),
        "bits.png": encode_bilevel(bits, "PNG", dpi=(300, 300)),
        "palette.png": _pillow(colour.quantize(7), "PNG", transparency=2),
        "alpha.png": _pillow(alpha, "PNG", exif=exif),
        "animated.png": _pillow(grey, "PNG", **several),
        "plain.pbm": b"P1\n# a note\n7 3\n" + b"0 1 1 0 1 0 1\n" * 3,
        "plain.ppm": b"P3\n2 2\n9\n" + b"0 1 9 4 5 6\n" * 2,
        "bits.pbm": encode_bilevel(bits, "PBM"),
        "deep.pgm": b"P5 8 4 65535\n" + bytes(range(64)),
        "odd.ppm": b"P6 4 4 100\n" + bytes(range(48)),
        "colour.bmp": _pillow(colour, "BMP"),
        "bits.bmp": encode_bilevel(bits, "BMP"),
        "palette.bmp": _pillow(colour.quantize(16), "BMP"),
        "run.bmp": _run_length_bmp(),
        "grey.gif": _pillow(grey, "GIF", **several),
        "progressive.jpg": _pillow(colour, "JPEG", progressive=True, exif=exif),
        "inks.jpg": _pillow(colour.convert("CMYK"), "JPEG", dpi=(72, 72)),
        "lossy.webp": _pillow(colour, "WEBP", exif=exif),
        "lossless.webp": _pillow(alpha, "WEBP", lossless=True),
        "animated.webp": _pillow(grey, "WEBP", **several),
        "grey.npy": encode_grey(np.asarray(grey), "NPY"),
        "fortran.npy": _npy(np.asfortranarray(np.asarray(grey), ">f8")),
        "bits.npy": _npy(bits),
    }
    return files | _tiffs(grey, bits, colour)


def _tiffs(grey: Image.Image, bits: np.ndarray[Any, Any], colour: Image.Image) -> dict[str, bytes]:
    array, layers = np.asarray(grey), np.asarray(colour)
    kept = {"predictor": 2, "compression": "lzw"}
    return {
        "bits.tif": encode_bilevel(bits, "TIFF", compression="group4", dpi=(300, 300)),
        "group3.tif": _pillow(Image.fromarray(bits), "TIFF", compression="group3"),
        "pages.tif": encode_pages([bits, ~bits[:9], bits[:, :5]]),
        "grey.tif": _pillow(grey, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}),
        "packed.tif": _pillow(grey, "TIFF", compression="packbits"),
        "jpeg.tif": _pillow(colour, "TIFF", compression="jpeg"),
        "turned.tif": _pillow(grey, "TIFF", tiffinfo={274: 6}),
        "lab.tif": _pillow(colour.convert("LAB"), "TIFF"),
        "float.tif": _tiff(array.astype(np.float32), compression="zlib"),
        "signed.tif": _tiff(array.astype(np.int32)),
        "deep.tif": _tiff(array.astype(">u2"), byteorder=">", photometric="miniswhite"),
        "tiles.tif": _tiff(array, tile=(16, 16), compression="zlib", **_less(kept, "compression")),
        "strips.tif": _tiff(array, rowsperstrip=4, byteorder=">"),
        "planes.tif": _tiff(layers, planarconfig="separate", photometric="rgb"),
        "planes_of_tiles.tif": _tiff(
            layers.transpose(2, 0, 1),
            planarconfig="separate",
            photometric="rgb",
            tile=(16, 16),
            compression="zlib",
        ),
        "big.tif": _tiff(array, bigtiff=True),
        "palette.tif": _tiff(
            array, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256)
        ),
        "stack.tif": _tiff(np.stack([array, 255 - array]), photometric="minisblack"),
    }


def _less(options: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in options.items() if k != key}


def _pillow(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _tiff(array: np.ndarray[Any, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _run_length_bmp() -> bytes:
    """Return a compressed BMP: runs, a stretch as it is, a jump, ends of lines."""
    body = bytes([9, 1, 0, 0, 0, 5, 1, 2, 3, 1, 2, 0, 4, 0, 0, 0, 0, 2, 3, 0, 6, 2, 0, 1])
    palette = bytes(range(16)) * 4
    header = struct.pack("<IiiHHIIiiII", 40, 9, 4, 1, 8, 1, len(body), 0, 0, 16, 16)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


# ------------------------------------------------------------------------------ damage

Damage = Callable[[bytearray, random.Random], None]


def damaged(files: dict[str, bytes], rng: random.Random) -> tuple[str, bytes]:
    """Return a file with one to five kinds of damage, and what was done to which."""
    name = rng.choice(sorted(files))
    data, done = bytearray(files[name]), [name]
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        act = rng.choice(_DAMAGES)
        if act is _splice:
            other = rng.choice(sorted(files))
            _splice(data, rng, files[other])
            done.append(f"splice {other}")
        else:
            act(data, rng)
            done.append(act.__name__.strip("_"))
        if not data:
            data += b"\0"
    if bytes(data[:4]) == b"\x89PNG" and rng.random() < 0.7:
        data, done = bytearray(_sealed(bytes(data))), [*done, "sealed"]
    return ", ".join(done), bytes(data)


def _place(data: bytearray, rng: random.Random) -> int:
    """Return a place, more often near the start or the end, where the headers are."""
    near = min(len(data), rng.choice((32, 160, len(data))))
    place = rng.randrange(near)
    return len(data) - 1 - place if rng.random() < 0.2 else place


def _bit(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _byte(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[_place(data, rng)] = rng.choice((rng.randrange(256), rng.choice(TELLING) & 255))


def _number(data: bytearray, rng: random.Random) -> None:
    """Put a telling number of 2, 4 or 8 bytes, in either order, where one may stand."""
    width, order = rng.choice((2, 2, 4, 4, 4, 8)), rng.choice(("little", "big"))
    place = _place(data, rng) & ~1
    value = rng.choice(TELLING)
    if rng.random() < 0.3:  # near what stands there
        value = int.from_bytes(data[place : place + width], order) + rng.choice((-1, 1, 2, 99))
    data[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, order)


def _text_number(data: bytearray, rng: random.Random) -> None:
    """Put another number where digits stand: headers of PBM and NPY."""
    digits = [i for i, byte in enumerate(data[:128]) if 48 <= byte <= 57]
    if digits:
        place = rng.choice(digits)
        text = rng.choice((str(rng.choice(TELLING)), "-1", "1e9", "9" * 30, "0x10", "", "nan"))
        data[place : place + 1] = text.encode()


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _drop(data: bytearray, rng: random.Random) -> None:
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 2, 4, 12, 100))]


def _insert(data: bytearray, rng: random.Random) -> None:
    place = _place(data, rng)
    data[place:place] = rng.choice((rng.randbytes(rng.randrange(1, 20)), bytes(12), b"\xff" * 9))


def _repeat(data: bytearray, rng: random.Random) -> None:
    place, length = _place(data, rng), rng.choice((1, 4, 12, 64))
    data[place:place] = data[place : place + length] * rng.choice((1, 2, 50))


def _splice(data: bytearray, rng: random.Random, other: bytes = b"") -> None:
    place = rng.randrange(len(data))
    start = place if rng.random() < 0.5 else rng.randrange(len(other) + 1)
    data[place:] = other[start:]


_DAMAGES: list[Damage] = [_bit, _byte, _number, _number, _text_number, _cut]
_DAMAGES += [_drop, _insert, _repeat, _splice]


def _sealed(data: bytes) -> bytes:
    """Return a PNG with right checksums, so that damage gets past them."""
    out, place = data[:8], 8
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        if place + 12 + length > len(data):
            return out + data[place:]
        out += data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return out + data[place:]
