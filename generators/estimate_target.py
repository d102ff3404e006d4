"""What targets make of products and of registers in a row: the rules of Yosys' flows, as arithmetic."""

from __future__ import annotations

from collections.abc import Iterable

from ..hw.lib.cost import Structure

TARGETS = ("xcup", "ecp5", "ice40", "lut6", "gates")
"""Targets whose rules are known."""

_SHORTEST_SHIFT = {"xcup": 3}
"""The shortest run of registers that becomes a shift register."""

_PORTS = {"xcup": (27, 18, True), "ecp5": (18, 18, False), "ice40": (16, 16, False)}
"""Widths of a block's two ports, and whether these have a sign that an unsigned product leaves unused."""
_PART = {"xcup": 18}
"""Bits of a part of an operand that is split, where that is not the port's width."""


def shortest_shift(target: str) -> int | None:
    """Registers in a row that are replaced by a shift register; None where none are."""
    return _SHORTEST_SHIFT.get(target)


def blocks(target: str, products: Iterable[tuple[int, int]]) -> int | None:
    """Multiplier blocks of unsigned products of these widths (Yosys' ``mul2dsp``); None where there are none.

    The wider operand goes to the wider port. An operand beyond its port is split into parts, each a block for every
    part of the other.
    """
    if target not in _PORTS:
        return None
    wide, narrow, signed = _PORTS[target]
    total = 0
    for width_a, width_b in products:
        long, short = (max(width_a, width_b) + signed, min(width_a, width_b) + signed)
        part = _PART.get(target, wide)
        total += _parts(long, wide, part - signed) * _parts(short, narrow, min(part, narrow) - signed)
    return total


def _parts(width: int, port: int, step: int) -> int:
    """Parts of an operand: one if it fits, else steps and a last part that may have the port's width."""
    return 1 if width <= port else -(-(width - port) // step) + 1


_MEMORIES = {"xcup": ((0.5, 129, ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18))),
                      (1, 257, ((32768, 1), (16384, 2), (8192, 4), (4096, 9), (2048, 18), (1024, 36))))}  # fmt: skip
"""Memory blocks: how many one counts as, its cost, and the shapes (words, bits) that it can have."""
_BITS_OF_LOGIC = {"xcup": 64}
"""Bits of a table that cost 1 where it is logic."""


def memory_blocks(target: str, depth: int, width: int) -> float:
    """Memory blocks that a table of constants takes; 0 where logic is held to be cheaper (Yosys' ``memory_libmap``)."""
    cheapest, blocks_taken = depth * width / _BITS_OF_LOGIC.get(target, 1), 0.0
    for count, cost, shapes in _MEMORIES.get(target, ()):
        needed = min(-(-depth // words) * -(-width // bits) for words, bits in shapes)
        if needed * cost < cheapest:
            cheapest, blocks_taken = needed * cost, needed * count
    return blocks_taken


def settled(structure: Structure, target: str) -> tuple[Structure, float | None]:
    """The structure with each table where the target puts it, and the memory blocks; None where there are none."""
    whole, blocks_taken = Structure(structure.stage, structure.widest), 0.0
    whole.merge(structure)
    whole.memories = []
    for memory in structure.memories:
        found = memory_blocks(target, memory.depth, memory.width)
        whole.merge(memory.block if found else memory.logic)
        blocks_taken += found
    return whole, blocks_taken if target in _MEMORIES else None
