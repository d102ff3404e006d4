"""The beat image: a stream's payload as bytes, which is how every edge and link carries it.

The fields of the payload, in the manifest's order, are concatenated from bit 0 upward (element k of a field, row-major
over its shape, at k times its width above the field's first bit), padded with zeros to whole bytes, and sent low byte
first: ``image = sum(code[f, k] * 2**(start[f] + k * width[f]))``, little-endian.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .artifact import Stream


def beat_bits(stream: Stream) -> int:
    """Bits of the payload of one beat, without padding."""
    return sum(place.width * place.count for place in stream.payload)


def beat_bytes(stream: Stream) -> int:
    """Bytes of the image of one beat: ``ceil(beat_bits / 8)``."""
    return -(-beat_bits(stream) // 8)


def to_bytes(stream: Stream, codes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Images of beats.

    Parameters
    ----------
    stream : Stream
        A side of the unit.
    codes : dict of integer arrays
        Codes of every field, shape ``(n, *shape of the field)``; at most 64 bits each, as the engines take them.

    Returns
    -------
    uint8 array, shape (n, beat_bytes)

    Raises
    ------
    ValueError
        If a field is missing, numbers of beats differ, a shape is another or a code does not fit its width.
    """
    columns, beats = [], None
    for place in stream.payload:
        if place.field not in codes:
            raise ValueError(f"codes must have field {place.field}, not {', '.join(codes) or 'nothing'}")
        array = np.asarray(codes[place.field])
        beats = len(array) if beats is None and array.ndim else beats
        if array.shape != (beats, *place.shape):
            shape = ", ".join(map(str, (beats, *place.shape)))
            raise ValueError(f"codes of {place.field} must have shape ({shape}), not {array.shape}")
        if array.size and not 0 <= int(array.min()) <= int(array.max()) < 1 << place.width:
            low, high = int(array.min()), int(array.max())
            raise ValueError(f"codes of {place.field} must be 0 to {(1 << place.width) - 1}, not {low} to {high}")
        octets = np.ascontiguousarray(array.reshape(-1, 1), "<u8").view(np.uint8)
        bits = np.unpackbits(octets, axis=1, bitorder="little")
        if place.width > 64:
            raise ValueError(f"width of {place.field} must be at most 64 bits, not {place.width}")
        columns.append(bits[:, : place.width].reshape(len(array), place.count * place.width))
    return np.packbits(np.concatenate(columns, axis=1), axis=1, bitorder="little")


def from_bytes(stream: Stream, images: np.ndarray) -> dict[str, np.ndarray]:
    """Codes of every field, uint64 of shape ``(n, *shape of the field)``, from images of shape (n, beat_bytes).

    Raises
    ------
    ValueError
        If the shape is another, or padding is not zero.
    """
    images = np.asarray(images, np.uint8)
    size = beat_bytes(stream)
    if images.ndim != 2 or images.shape[1] != size:
        raise ValueError(f"images must have shape (beats, {size}), not {images.shape}")
    bits = np.unpackbits(images, axis=1, bitorder="little")
    if bits[:, beat_bits(stream) :].any():
        raise ValueError(f"padding above bit {beat_bits(stream)} of an image must be zero")
    found, start = {}, 0
    for place in stream.payload:
        if place.width > 64:
            raise ValueError(f"width of {place.field} must be at most 64 bits, not {place.width}")
        end = start + place.width * place.count
        part = bits[:, start:end].reshape(-1, place.width)
        octets = np.packbits(np.pad(part, ((0, 0), (0, 64 - place.width))), axis=1, bitorder="little")
        found[place.field] = np.ascontiguousarray(octets).view("<u8").reshape(len(images), *place.shape)
        start = end
    return found
