"""Cells of uniform and power-of-two knots: where an address made of wires, or of the leading one, changes."""

from __future__ import annotations

from collections.abc import Sequence


def starts(knots: str, address: Sequence[int], first: int, last: int) -> list[int]:
    """The first u of every cell but the first, rising.

    Parameters
    ----------
    knots : str
        ``uniform`` or ``pow2``.
    address : sequence of int
        ``(s,)``: cells of ``2^s``. ``(e, m)``: one cell below ``2^e``, then ``2^m`` equal cells an octave; a negative
        u lies in the mirrored cell of ``~u = -u - 1``, whose leading one needs no subtraction.
    first, last : int
        The range of u.
    """
    if knots == "uniform":
        (s,) = address
        return list(range(((first >> s) + 1) << s, last + 1, 1 << s))
    e, m = address
    top = max(last, ~first).bit_length()
    above = [(1 << i) + (j << (i - m)) for i in range(e, top) for j in range(1 << m)]
    return [start for start in [*(-start for start in reversed(above)), 0, *above] if first < start <= last]


def cell(knots: str, address: Sequence[int], u: int) -> int:
    """The address of u: rises with u, and is negative where u is.

    That of ``pow2`` is the octave's number (0 for what lies below ``2^e``), then the ``m`` bits below the leading one
    (0 for octave 0); of negative numbers, that of ``~u`` with all bits inverted.
    """
    if knots == "uniform":
        return u >> address[0]
    e, m = address
    size = u if u >= 0 else ~u
    octave = max(size.bit_length() - e, 0)
    index = (octave << m) | ((size >> (e + octave - 1 - m)) & ((1 << m) - 1) if octave else 0)
    return index if u >= 0 else ~index


def check(knots: str, address: Sequence[int], width: int) -> None:
    """Refuses an address that selects no bits of u.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if any(part < 0 for part in address) or address[0] >= width:
        raise ValueError(f"address must be of 0 to {width - 1}, bits of the input, not {tuple(address)}")
    if knots == "pow2" and address[1] > address[0]:
        raise ValueError(f"address must have at most as many bits below the leading one as e, not {tuple(address)}")
