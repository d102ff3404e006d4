"""The modes of a multiply-accumulate unit: formats, and how their operands are packed into the one multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ...formats import FORMATS, Format
from .packing import BLOCKS, Packing, beside, best, grid, ports

MOST_APART = 64
"""Products in a beat of a unit without a multiplier block."""


@dataclass(frozen=True)
class Mode:
    """One of the things that a unit can compute in a beat.

    Parameters
    ----------
    a, b, acc : Format
    packing : Packing
        Where the operands lie in the packed words, and the products in the packed product.
    """

    a: Format
    b: Format
    acc: Format
    packing: Packing

    @property
    def lanes_a(self) -> int:
        return self.packing.lanes_a

    @property
    def lanes_b(self) -> int:
        return self.packing.lanes_b

    @property
    def name(self) -> str:
        """``A_B_ACC``, and the grid where it is larger than one."""
        shape = f"_{self.lanes_a}x{self.lanes_b}" if self.packing.lanes > 1 else ""
        return f"{self.a.name}_{self.b.name}_{self.acc.name}{shape}"


@lru_cache(maxsize=1024)
def modes_of(a: str, b: str, acc: str, lanes_a: str, lanes_b: str, multiplier: str) -> tuple[Mode, ...]:
    """The modes that comma-separated lists describe.

    All modes put A to the same port of the block, so that no operand has to cross over: the way round that gives the
    most products in all.

    Raises
    ------
    ValueError
        If a grid does not fit the multiplier.
    """
    names = [a.split(","), b.split(",")]
    count = len(names[0])
    lists = [text.split(",") * (count if "," not in text else 1) for text in (acc, lanes_a, lanes_b)]
    rows = list(zip(*names, *lists, strict=True))
    formats = [(FORMATS[x], FORMATS[y], FORMATS[z]) for x, y, z, _, _ in rows]
    widths = [_widths(x, y) for x, y, _ in formats]
    wanted = [(rows_a, rows_b) for *_, rows_a, rows_b in rows]
    packings = _apart(widths, wanted) if multiplier == "lut" else _packed(widths, wanted, multiplier)
    for (x, y, _), shape, packing in zip(formats, wanted, packings, strict=True):
        if packing is None:
            raise ValueError(_misfit(x, y, shape, multiplier))
    return tuple(Mode(*three, packing) for three, packing in zip(formats, packings, strict=True) if packing)


def _widths(a: Format, b: Format) -> tuple[int, int, int]:
    """Bits of the significands and of their largest product."""
    return a.significand_width, b.significand_width, (a.max_significand * b.max_significand).bit_length()


def _packed(widths: list[tuple[int, int, int]], wanted: list[tuple[str, str]], block: str) -> list[Packing | None]:
    ways = []
    for port_a, port_b in ports(block):
        found = [_fitted(*pair, *shape, port_a, port_b) for pair, shape in zip(widths, wanted, strict=True)]
        if found[0]:
            found[1:] = [packing and beside(packing, found[0], port_a, port_b) for packing in found[1:]]
        # A grid of one needs no block of its own: it is tiled over several if it is wide.
        ways.append([packing or (_single(pair) if shape in _ONES else None)
                     for packing, pair, shape in zip(found, widths, wanted, strict=True)])  # fmt: skip
    return max(ways, key=lambda way: (sum(p is not None for p in way), sum(p.lanes for p in way if p)))


_ONES = {("1", "1"), ("1", "max"), ("max", "1"), ("max", "max")}


def _single(pair: tuple[int, int, int]) -> Packing:
    return Packing(*pair, (0,), (0,))


def _fitted(width_a: int, width_b: int, window: int, lanes_a: str, lanes_b: str, port_a: int, port_b: int,
            ) -> Packing | None:  # fmt: skip
    if lanes_a == lanes_b == "max":
        return best(width_a, width_b, window, port_a, port_b)
    if "max" not in (lanes_a, lanes_b):
        return grid(width_a, width_b, window, int(lanes_a), int(lanes_b), port_a, port_b)
    given = int(lanes_b if lanes_a == "max" else lanes_a)
    for free in range((port_a + port_b) // window, 0, -1):
        shape = (free, given) if lanes_a == "max" else (given, free)
        if found := grid(width_a, width_b, window, *shape, port_a, port_b):
            return found
    return None


def _apart(widths: list[tuple[int, int, int]], wanted: list[tuple[str, str]]) -> list[Packing | None]:
    """Operands side by side and a product for each pair: nothing is shared, so nothing has to fit."""
    if any("max" in shape for shape in wanted):
        return [None if "max" in shape else _single(pair) for pair, shape in zip(widths, wanted, strict=True)]
    width_a, width_b = (max(pair[side] for pair in widths) for side in (0, 1))
    rows, columns = (max(int(shape[side]) for shape in wanted) for side in (0, 1))
    slots = (columns, width_a + width_b)
    return [Packing(*pair, tuple(width_a * i for i in range(int(shape[0]))),
                    tuple(width_b * j for j in range(int(shape[1]))), slots)
            if rows * columns <= MOST_APART else None for pair, shape in zip(widths, wanted, strict=True)]  # fmt: skip


def _misfit(a: Format, b: Format, shape: tuple[str, str], multiplier: str) -> str:
    lanes = f"lanes_a={shape[0]} lanes_b={shape[1]}"
    if multiplier == "lut":
        return f"{lanes} must be numbers, of at most {MOST_APART} products in all, for multiplier=lut"
    width_a, width_b = a.significand_width, b.significand_width
    found = [packing for way in ports(multiplier) if (packing := best(*_widths(a, b), *way))]
    most = max(found, key=lambda packing: packing.lanes, default=None)
    allowed = f"{most.lanes_a}x{most.lanes_b}" if most else "1x1 (tiled)"
    long, short = BLOCKS[multiplier]
    return (f"{lanes} must fit {multiplier}: its {long}x{short} bits hold {allowed} at most of significands of "
            f"{width_a}x{width_b} bits ({a.name}*{b.name})")  # fmt: skip
