"""What constants that an address selects take: lookup tables of six inputs, and registers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def columns(tables: Iterable[tuple[Sequence[int | None], int]]) -> set[tuple[int, ...]]:
    """The different bits that tables of one address hold, constants left out: a tuple over the address each.

    Parameters
    ----------
    tables : iterable of (words, width)
        As many words each as a power of two; None where the address does not occur.
    """
    found = set()
    for words, width in tables:
        whole = _filled(words)
        for bit in range(width):
            column = tuple(word >> bit & 1 for word in whole)
            if 0 < sum(column) < len(column):
                found.add(column)
    return found


def luts(column: Sequence[int]) -> int:
    """Lookup tables of six inputs for one bit: none where it is an address bit, one up to six bits of the address.

    Beyond, one for each different part of 64 entries; they are chosen by wide multiplexers.
    """
    size = len(column)
    if any(all(value == (address >> bit & 1) for address, value in enumerate(column))
           for bit in range((size - 1).bit_length())):  # fmt: skip
        return 0
    return max(len(set(_parts(column))), 1)


def chosen(column: Sequence[int]) -> tuple[int, int]:
    """Parts of 64 entries that are no constants, beyond the first; and different ones of these, beyond the second.

    What a bit of a longer table costs beside one lookup table: the mapper shares parts, but not all.
    """
    parts = _parts(column)
    return max(len(parts) - 1, 0), max(len(set(parts)) - 2, 0)


def masked(column: Sequence[int]) -> bool:
    """Whether one address bit alone forces the bit: a register behind it takes that as its synchronous reset or set."""
    while len(column) > 2:
        half = len(column) // 2
        low, high = column[:half], column[half:]
        if low != high:
            return len(set(low)) == 1 or len(set(high)) == 1
        column = low
    return False


def asked(held: Iterable[Sequence[int]]) -> int:
    """Bits of the address on which any of these depends."""
    used: set[int] = set()
    for column in held:
        for bit in range((len(column) - 1).bit_length()):
            if any(value != column[address ^ (1 << bit)] for address, value in enumerate(column)):
                used.add(bit)
    return len(used)


def _parts(column: Sequence[int]) -> list[tuple[int, ...]]:
    parts = [tuple(column[start : start + 64]) for start in range(0, len(column), 64)]
    return [part for part in parts if 0 < sum(part) < len(part)]


def _filled(words: Sequence[int | None]) -> list[int]:
    """The words, with what is nearest by address where there is none: there equal halves cost nothing."""
    if len(words) == 1:
        return [words[0] or 0]
    half = len(words) // 2
    low, high = words[:half], words[half:]
    if all(word is None for word in high):
        return _filled(low) * 2
    if all(word is None for word in low):
        return _filled(high) * 2
    return [*_filled(low), *_filled(high)]
