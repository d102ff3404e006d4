"""Words of tables, clamps and comparisons as and-inverter graphs, and whether joint tables say what a config says.

:mod:`.steps` states units by these; joint tables come from the config's "how"
(:mod:`nervure.hw.activation.config.sums`), and that they add up to the config's addends is shown here
(:func:`wrong_tables`), apart from any file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...hw.activation.config.sums import Leaf
from ..aig import FALSE, Aig

Word = list[int]


def clamp(aig: Aig, word: Sequence[int], shift: int, bits: int) -> Word:
    """``clamp(word >> shift, 0, 2^bits - 1)`` of a word in two's complement."""
    sign = word[-1]
    kept = [*word[shift:], *[sign] * (bits + shift + 1)]
    over = aig.any(aig.lxor(x, sign) for x in kept[bits:])
    return [aig.land(sign ^ 1, aig.lor(over, x)) for x in kept[:bits]]


def extended(word: Sequence[int], width: int) -> Word:
    """The word with its sign carried on, or cut."""
    return [*word, *[word[-1]] * max(0, width - len(word))][:width]


def less(aig: Aig, x: Sequence[int], y: Sequence[int]) -> int:
    """Whether x is less than y, two words of equal width in two's complement."""
    found = FALSE
    for i, j in zip([*x[:-1], x[-1] ^ 1], [*y[:-1], y[-1] ^ 1], strict=True):
        found = aig.mux(aig.lxor(i, j), j, found)
    return found


def wrong_tables(leaves: Sequence[Leaf], addends: Mapping[int, Sequence[int]], constant: int) -> str | None:
    """What keeps joint tables from adding up to the addends and the constant; None where they do, for all codes.

    Every table is exhausted: but for its entry at address 0, each entry is the sum of what its inputs' codes add.
    """
    places = [place for leaf in leaves for place in leaf.places]
    varying = [place for place, entries in addends.items() if any(entry != entries[0] for entry in entries)]
    if sorted(places) != sorted(varying):
        return f"inputs {sorted(set(places) ^ set(varying)) or 'twice'} must be in one table each"
    for number, leaf in enumerate(leaves):
        mask = (1 << leaf.bits) - 1
        for address, entry in enumerate(leaf.entries):
            codes = [address >> i * leaf.bits & mask for i in range(len(leaf.places))]
            wanted = sum(addends[place][code] - addends[place][0]
                         for place, code in zip(leaf.places, codes, strict=True))  # fmt: skip
            if entry - leaf.entries[0] != (wanted if leaf.places else 0):
                return f"table {number} at address {address} is {entry}, not {leaf.entries[0] + wanted}"
    wanted = constant + sum(entries[0] for entries in addends.values())
    if (found := sum(leaf.entries[0] for leaf in leaves)) != wanted:
        return f"tables add up to {found} where all codes are 0, not {wanted}"
    return None
