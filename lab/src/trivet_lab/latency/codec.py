"""HdrHistogram's V2 encoding: counts as zigzag variable-length integers, zeros as run lengths, then zlib.

Source: ``AbstractHistogram.java`` and ``ZigZagEncoding.java`` of HdrHistogram 2.2 (public domain). Both
layouts are big-endian: a 40-byte header before the counts, and an 8-byte header before the compressed whole.
"""

from __future__ import annotations

import struct
import zlib

from trivet_lab.latency.histogram import LOWEST_US, SIGNIFICANT_DIGITS, Histogram, index_of

_ENCODED = 0x1C849313  # V2 with 8-byte words, which is all that V2 has
_COMPRESSED = 0x1C849314
_HEADER = struct.Struct(">IIiiqqd")  # cookie, length, normalising offset, digits, lowest, highest, ratio
_WRAPPER = struct.Struct(">II")  # cookie, length
_HIGHEST_US = 3_600_000_000  # what a reader makes room for, unless a value is higher
_DECODED_BYTES_MAX = 16 << 20  # far above any histogram of three digits; a torn or hostile log ends here


class CodecError(ValueError):
    """The bytes are no V2 histogram, or one of another resolution."""


def encode(histogram: Histogram) -> bytes:
    """Return the histogram in the V2 compressed encoding."""
    counts = bytearray()
    following = 0
    for index, count in histogram.counts():
        _append_zeros(counts, index - following)
        _append(counts, count)
        following = index + 1
    highest = max(_HIGHEST_US, 2 * histogram.max)
    header = _HEADER.pack(_ENCODED, len(counts), 0, SIGNIFICANT_DIGITS, LOWEST_US, highest, 1.0)
    body = zlib.compress(header + counts)
    return _WRAPPER.pack(_COMPRESSED, len(body)) + body


def decode(encoded: bytes) -> Histogram:
    """Return the histogram of a V2 compressed encoding; anything else raises ``CodecError``."""
    try:
        cookie, length = _WRAPPER.unpack_from(encoded)
        if cookie != _COMPRESSED or length != len(encoded) - _WRAPPER.size:
            raise CodecError(f"no compressed V2 histogram: cookie {cookie:#x}, {length} bytes announced")
        body = zlib.decompressobj().decompress(encoded[_WRAPPER.size :], _DECODED_BYTES_MAX)
        cookie, length, offset, digits, lowest, highest, _ratio = _HEADER.unpack_from(body)
    except (struct.error, zlib.error) as error:
        raise CodecError(f"a torn histogram: {error}") from error
    if cookie != _ENCODED or length != len(body) - _HEADER.size:
        raise CodecError(f"no V2 histogram: cookie {cookie:#x}, {length} bytes of counts announced")
    if (offset, digits, lowest) != (0, SIGNIFICANT_DIGITS, LOWEST_US):
        raise CodecError(f"a histogram of {digits} digits from {lowest} with offset {offset}; 3 from 1 with 0 is read")
    return _decode_counts(body[_HEADER.size :], index_of(max(1, highest)))


def _decode_counts(payload: bytes, index_max: int) -> Histogram:
    counts: list[tuple[int, int]] = []
    index = at = 0
    while at < len(payload):
        value, at = _take(payload, at)
        if value > 0:
            counts.append((index, value))
        index += 1 if value >= 0 else -value
        if index > index_max + 1:
            raise CodecError("more counts than the histogram's range has")
    return Histogram(counts)


def _append_zeros(into: bytearray, zeros: int) -> None:
    if zeros == 1:
        _append(into, 0)
    elif zeros:
        _append(into, -zeros)


def _append(into: bytearray, value: int) -> None:
    """Append one integer as ZigZag LEB128-64b9B: seven bits a byte, and a ninth byte that carries eight."""
    rest = (value << 1) ^ (value >> 63)
    for _ in range(8):
        if rest < 0x80:
            into.append(rest)
            return
        into.append(rest & 0x7F | 0x80)
        rest >>= 7
    into.append(rest)


def _take(payload: bytes, at: int) -> tuple[int, int]:
    """Return the integer that begins at ``at`` and where the next one begins."""
    zigzag = 0
    for place in range(9):
        if at >= len(payload):
            raise CodecError("the counts end within an integer")
        byte = payload[at]
        at += 1
        if place == 8:
            zigzag |= byte << 56
            break
        zigzag |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return (zigzag >> 1) ^ -(zigzag & 1), at
