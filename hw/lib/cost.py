"""What a unit is made of, in numbers that follow from its config: the words in which cost models are written.

Loads neither amaranth nor torch: a cost model must answer before a circuit could be built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass


class Structure:
    """The parts of a unit, counted.

    Attributes
    ----------
    logic : Counter
        Amounts of logic by name, each in a unit of its own (bits of an adder, words times bits of a choice): what a
        fit gives a price in LUTs.
    runs : Counter
        Register bits by ``(length, plain)``: of that many registers in a row without logic between them, on a device
        that has them replaced by a shift register where they are plain (without reset, set, or preset).
    products : list of (int, int)
        Widths of the unsigned products that are made for multiplier blocks.
    memories : list of Memory
        Tables that are read through a register, which a device may hold in memory blocks.
    stage : float
        The longest stage between registers, in the units in which registers are placed.
    widest : int
        Bits of the widest word that is carried or shifted.
    rows : int
        Rows that a product without a block adds up.
    """

    def __init__(self, stage: float = 1, widest: int = 1) -> None:
        self.stage, self.widest, self.rows = stage, widest, 0
        self.memories: list[Memory] = []
        self.logic: Counter[str] = Counter()
        self.runs: Counter[tuple[int, bool]] = Counter()
        self.products: list[tuple[int, int]] = []

    def add(self, name: str, amount: float) -> None:
        """So much logic more of that name."""
        if amount > 0:
            self.logic[name] += amount  # pyright: ignore[reportArgumentType]

    def hold(self, bits: int, length: int = 1, plain: bool = False) -> None:
        """Register bits, so many in a row."""
        if bits > 0 and length > 0:
            self.runs[length, plain] += bits

    def border(self, interface: str, latency: int, reset: str) -> None:
        """The handshake of :mod:`nervure.hw.lib.handshake`: a valid bit a rank, and the stall; a bare unit has none."""
        if interface == "stream":
            self.hold(1, latency, plain=reset == "none")
            self.add("handshake", 1)

    def merge(self, part: Structure) -> None:
        """All of another structure's parts too."""
        self.logic.update(part.logic)
        self.runs.update(part.runs)
        self.products += part.products
        self.rows = max(self.rows, part.rows)
        self.memories += part.memories

    def flip_flops(self, shortest: int | None) -> int:
        """Flip-flops where plain runs from that length on are shift registers (None: where there are none)."""
        return sum(length * bits for (length, plain), bits in self.runs.items() if not _shifts(length, plain, shortest))

    def shift_registers(self, shortest: int | None) -> int:
        """Shift registers of one bit each, of up to 16 registers."""
        return sum(bits for (length, plain), bits in self.runs.items() if _shifts(length, plain, shortest))


@dataclass(frozen=True)
class Memory:
    """A table that is read through a register.

    Parameters
    ----------
    depth, width : int
        Words, and bits of each.
    block, logic : Structure
        What is beside a memory block that holds it, and what it is where none does.
    """

    depth: int
    width: int
    block: Structure
    logic: Structure


def _shifts(length: int, plain: bool, shortest: int | None) -> bool:
    return plain and shortest is not None and length >= shortest


class Registers:
    """Follows what is alive through the cuts of a datapath, and counts the registers that it takes.

    Parameters
    ----------
    structure : Structure
        Takes the counts.
    ranks : mapping
        Registers at each cut, as :func:`nervure.hw.lib.place.place` gives them.
    """

    def __init__(self, structure: Structure, ranks: Mapping[str, int]):
        self.structure, self.ranks = structure, ranks
        self._open: dict[str, tuple[int, int]] = {}

    def cut(self, place: str, live: Mapping[str, int], read: Collection[str] = (),
            cleared: Collection[str] = ()) -> None:  # fmt: skip
        """What is alive at a cut.

        Parameters
        ----------
        place : str
        live : mapping
            Bits by name. A name that was alive before is the same signal, unchanged, unless its width differs.
        read : collection of str
            Those of them that logic reads, or makes anew, between the cut before and this one.
        cleared : collection of str
            Those whose first register has a synchronous reset or set; where there is none, that is logic.
        """
        count, following = self.ranks[place], {}
        for name, bits in live.items():
            width, run = self._open.get(name, (bits, 0))
            if name in read or width != bits:
                self.structure.hold(width, run, True)
                run = 0
            if name in cleared and count:
                self.structure.hold(bits)
                run -= 1
            elif name in cleared:
                self.structure.add("cleared without a register", bits)
            following[name] = (bits, run + count)
        for name in set(self._open) - set(following):
            self.structure.hold(*self._open[name], True)
        self._open = following

    def end(self) -> None:
        """What was alive at the last cut leaves the datapath."""
        for bits, run in self._open.values():
            self.structure.hold(bits, run, True)
        self._open = {}


def bits_of(values: range) -> tuple[int, bool]:
    """Bits of the narrowest number that holds a range of integers, and whether it has a sign."""
    low, high = values[0], values[-1]
    signed = low < 0
    return max(high.bit_length(), (~low).bit_length() if signed else 0) + signed, signed
