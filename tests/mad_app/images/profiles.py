"""Small ICC profiles (version 2) for the tests of colors: a matrix and a gamma, a gray gamma, a table of inks."""

import struct
import zlib
from itertools import product

import numpy as np
from PIL import Image

from tests.mad_app.images.pictures import encode

DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
"""X, Y, Z of red, green and blue, adapted to D50."""

ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(name: str, primaries: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    tags = {tag: _xyz(color) for tag, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    return _profile(name, b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)))


def gray_profile(name: str, gamma: float) -> bytes:
    return _profile(name, b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(name: str) -> bytes:
    """White paper, on which every full ink halves the lightness: L* = 100 · 0.5^(c + m + y + k)."""
    line = bytes(range(256))
    grid = [(round(255 * 0.5 ** sum(inks)), 128, 128) for inks in product((0, 1), repeat=4)]
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + line * 4 + bytes(np.ravel(grid).tolist()) + line * 3
    return _profile(name, b"CMYK", b"Lab ", {b"A2B0": table, b"A2B1": table}, kind=b"prtr")


def with_chunk(picture: Image.Image, kind: bytes, data: bytes) -> bytes:
    """A PNG file of the picture with one more chunk in front of its pixels."""
    content = encode(picture, "PNG")
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:33] + chunk + content[33:]  # behind the signature and the header


def gamma_chunk(gamma: float) -> bytes:
    return struct.pack(">I", round(100_000 * gamma))


def _profile(name: str, space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    text = name.encode("ascii") + b"\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    all_tags = {b"desc": described, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": _xyz(D50)} | tags
    directory, data, at = b"", b"", 128 + 4 + 12 * len(all_tags)
    for tag, content in all_tags.items():
        padded = content + bytes(-len(content) % 4)
        directory += tag + struct.pack(">II", at + len(data), len(content))
        data += padded
    header = struct.pack(">I4sI4s4s4s", at + len(data), bytes(4), 0x02100000, kind, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + _xyz(D50)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(all_tags)) + directory + data


def _xyz(color: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * value) for value in color))


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma))
