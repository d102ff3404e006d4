"""How a product that is wider than a multiplier block is made of several."""

from __future__ import annotations

from .blocks import BLOCKS


def tiles(width_a: int, width_b: int, block: str) -> list[tuple[int, int, int, int]]:
    """The fewest blocks that make a ``width_a`` x ``width_b`` product.

    Returns
    -------
    list of (lsb_a, width, lsb_b, width)
        One row a block; the product is the sum of the tiles' products, each shifted left by ``lsb_a + lsb_b``.
    """
    if block == "lut":
        return [(0, width_a, 0, width_b)]
    long, short = BLOCKS[block]

    def grid(wide: int, narrow: int) -> list[tuple[int, int, int, int]]:
        return [(i, min(wide, width_a - i), j, min(narrow, width_b - j))
                for i in range(0, width_a, wide) for j in range(0, width_b, narrow)]  # fmt: skip

    return min(grid(long, short), grid(short, long), key=len)
