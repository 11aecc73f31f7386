"""Which partition a key belongs to: the one that every Kafka client would choose.

Source: Austin Appleby's MurmurHash2 with Kafka's seed, as ``Utils.murmur2`` and ``BuiltInPartitioner`` of Kafka's own
client have it. aiokafka's reads byte by byte, and takes as long for a key as everything else that a message costs.
"""

from __future__ import annotations

import struct

_SEED = 0x9747B28C
_M = 0x5BD1E995
_WORD = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, of so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the hash, as an unsigned 32-bit number."""
    words = len(data) // 4
    mixed = (_SEED ^ len(data)) & _WORD
    for word in struct.unpack_from(f"<{words}I", data):
        k = (word * _M) & _WORD
        mixed = ((mixed * _M) ^ ((k ^ (k >> 24)) * _M)) & _WORD
    rest = data[words * 4 :]
    if rest:
        mixed = ((mixed ^ int.from_bytes(rest, "little")) * _M) & _WORD
    mixed = ((mixed ^ (mixed >> 13)) * _M) & _WORD
    return mixed ^ (mixed >> 15)
