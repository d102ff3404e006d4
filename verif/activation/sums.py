"""Sums of tables as and-inverter graphs: the specification that proofs hold emitted files against.

Joint tables and the pairing of adders come from the config's "how" (:mod:`nervure.hw.activation.config.sums`), since a
solver compares trees of adders best where they pair alike. That the joint tables say what the config says is a claim
of its own (:func:`wrong_tables`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...hw.activation.config.sums import Leaf, partial_width
from ..aig import FALSE, TRUE, Aig

Word = list[int]


def select(aig: Aig, column: int, address: Sequence[int]) -> int:
    """Bit ``address`` of a column of ``2^len(address)`` bits."""
    if not address:
        return TRUE if column & 1 else FALSE
    half = 1 << (len(address) - 1)
    low, high = (select(aig, part, address[:-1]) for part in (column & ((1 << half) - 1), column >> half))
    return low if low == high else aig.mux(address[-1], high, low)


def table(aig: Aig, leaf: Leaf, codes: Mapping[int, Sequence[int]], width: int) -> Word:
    """A joint table's entry in two's complement."""
    address = [x for place in leaf.places for x in codes[place]] if len(leaf.entries) > 1 else []
    if not leaf.places:
        address = []
    columns = [sum((entry >> bit & 1) << at for at, entry in enumerate(leaf.entries)) for bit in range(width)]
    return [select(aig, column, address) for column in columns]


def total(aig: Aig, leaves: Sequence[Leaf], codes: Mapping[int, Sequence[int]]) -> Word:
    """The sum of all leaves in two's complement, wide enough for any: neighbours are added first."""
    width = partial_width(leaves)
    words = [table(aig, leaf, codes, width) for leaf in leaves]
    while len(words) > 1:
        words = [aig.add(*words[i : i + 2]) if i + 1 < len(words) else words[i] for i in range(0, len(words), 2)]
    return words[0]


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


def largest(aig: Aig, words: Sequence[Word], width: int) -> Word:
    """The number of the largest word in that many bits, the first of equal ones."""
    left = [(word, [TRUE if k >> i & 1 else FALSE for i in range(width)]) for k, word in enumerate(words)]
    while len(left) > 1:
        pairs = []
        for (x, at_x), (y, at_y) in zip(left[::2], left[1::2], strict=False):
            second = less(aig, x, y)
            pairs.append(([aig.mux(second, b, a) for a, b in zip(x, y, strict=True)],
                          [aig.mux(second, b, a) for a, b in zip(at_x, at_y, strict=True)]))  # fmt: skip
        left = pairs + (left[-1:] if len(left) % 2 else [])
    return left[0][1]


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
