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
