"""Picture files made byte by byte or by other writers, for the tests of reading."""

import io
import struct
import zlib

import tifffile


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(array, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def icc_profile(space, length=132):
    """Return the header of an ICC profile with no tags: enough for those who keep it."""
    header = struct.pack(">I4sI4s4s4s", length, b"none", 0x04000000, b"mntr", space, b"XYZ ")
    return header.ljust(36, b"\0") + b"acsp" + bytes(length - 40)


def raw_tiff(shape, stored, tags):
    """Return an uncompressed one-bit TIFF of one strip with the given short tags."""
    height, width = shape
    entries = {256: width, 257: height, 258: 1, 259: 1, 278: height, 279: len(stored), **tags}
    entries[273] = 8 + 2 + 12 * (len(entries) + 1) + 4
    out = b"II*\0" + (8).to_bytes(4, "little") + len(entries).to_bytes(2, "little")
    for tag in sorted(entries):
        out += tag.to_bytes(2, "little") + b"\4\0" + b"\1\0\0\0"
        out += entries[tag].to_bytes(4, "little")
    return out + bytes(4) + stored


def chain_tiff(shape, stored, pages, *, shared=True, layout="<"):
    """Return an uncompressed (1) one-bit TIFF of equal pages, that share one strip or not.

    `layout` is the byte order, with "+" for a BigTIFF.
    """
    order, big = layout[0], layout.endswith("+")
    word, count, entry, rest = ("Q", "Q", "HHQQ", 8) if big else ("L", "H", "HHLL", 4)
    tags = {256: shape[1], 257: shape[0], 258: 1, 259: 1, 262: 1, 273: 0, 278: shape[0], 279: 0}
    head = (b"MM" if order == ">" else b"II") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HH", 8, 0) if big else b""
    start = len(head) + rest
    length = struct.calcsize(order + count) + len(tags) * struct.calcsize(order + entry) + rest
    strips = start + pages * length
    out = [head, struct.pack(order + word, start)]
    for page in range(pages):
        offset = strips + (0 if shared else page * len(stored))
        values = {**tags, 273: offset, 279: len(stored)}
        out.append(struct.pack(order + count, len(values)))
        for tag, value in values.items():
            kind = 16 if big else 4
            out.append(struct.pack(order + entry, tag, kind, 1, value))
        out.append(
            struct.pack(order + word, start + (page + 1) * length if page + 1 < pages else 0)
        )
    return b"".join(out) + stored * (1 if shared else pages)
