"""From a wish to a multiply-accumulate unit: manifest fields, timing, and what ``show`` derives and draws."""

from __future__ import annotations

from typing import Any

from ...hw.mac.config import MacConfig
from ...hw.mac.config.modes import Mode
from .presets import COMMON, PRESETS, SWITCHED

__all__ = ["PRESETS", "TABLE", "derive", "fields", "formula", "picture", "timing"]

TABLE = {**COMMON, **SWITCHED}
"""The presets that tables of all units show."""


def fields(config: MacConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field; a field of several modes lists the format of each."""
    rows, columns = config.grid
    single = rows * columns == 1
    shapes = {"a": [rows], "b": [columns], "c": [rows, columns], "y": [rows, columns]}
    formats = {"a": config.a, "b": config.b, "c": config.acc, "y": config.acc}
    found = {name: {"format": fmt, "shape": [] if single else shapes[name]} for name, fmt in formats.items()}
    return {"mode": {"format": f"uint{(len(config.modes) - 1).bit_length()}", "shape": []}, **found}


def timing(config: MacConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: MacConfig) -> dict[str, Any]:
    """What follows from the config: modes and lanes, multiplier blocks, places of registers, adder windows."""
    from ...hw.lib.blocks import BLOCKS
    from ...hw.lib.tiles import tiles
    from ...hw.mac.datapath import ranks
    from ...hw.mac.geometry import Factor, Geometry

    width_a, width_b = (max(getattr(mode.packing, f"extent_{side}") for mode in config.modes) for side in "ab")
    lanes = config.grid[0] * config.grid[1]
    grid = [] if config.multiplier == "lut" else tiles(width_a, width_b, config.multiplier)
    modes = []
    for mode in config.modes:
        packing = mode.packing
        entry: dict[str, Any] = {
            "computes": f"{mode.a.name} * {mode.b.name} + {mode.acc.name}",
            "lanes": [packing.lanes_a, packing.lanes_b],
            "significands": [packing.width_a, packing.width_b],
            "a": [[at, at + packing.width_a - 1] for at in packing.a],
            "b": [[at, at + packing.width_b - 1] for at in packing.b],
            "products": [[[at, at + packing.window - 1] for j in range(packing.lanes_b) for at in [packing.at(i, j)]]
                         for i in range(packing.lanes_a)],
        }  # fmt: skip
        if mode.acc.is_float:
            factor = Factor.of_operands(mode.a, mode.b, mode.acc, config.flush)
            entry["window"] = Geometry(factor, mode.acc).window
        modes.append(entry)
    return {
        "lanes": lanes,
        "modes": modes,
        "multiplier": {
            "block": config.multiplier,
            "block_widths": list(BLOCKS[config.multiplier]) if config.multiplier in BLOCKS else None,
            "blocks": len(grid),
            "map": [{"a": [lsb_a, lsb_a + size_a - 1], "b": [lsb_b, lsb_b + size_b - 1],
                     "product": [lsb_a + lsb_b, lsb_a + lsb_b + size_a + size_b - 1]}
                    for lsb_a, size_a, lsb_b, size_b in grid],
        },
        "registers": ranks(config),
    }  # fmt: skip


def picture(config: MacConfig) -> str:
    """The bits of the packed words and of their product, most significant first: whose each is.

    ``a0 a0 ..`` are the bits of operand 0 of A; ``00`` in the product are those of lane (0, 0); ``.`` is always zero.
    """
    size = {side: max(getattr(mode.packing, f"extent_{side}") for mode in config.modes) for side in "ab"}
    return "\n\n".join(_drawn(config, mode, size) for mode in config.modes)


def _drawn(config: MacConfig, mode: Mode, size: dict[str, int]) -> str:
    packing = mode.packing
    product = size["a"] + size["b"]
    if packing.slots:
        rows, columns = config.grid
        product = rows * columns * packing.slots[1]
    windows = {f"{i:x}{j:x}": packing.at(i, j) for i in range(packing.lanes_a) for j in range(packing.lanes_b)}
    lines = [
        ("a", size["a"], {f"a{i:x}": at for i, at in enumerate(packing.a)}, packing.width_a),
        ("b", size["b"], {f"b{j:x}": at for j, at in enumerate(packing.b)}, packing.width_b),
        ("p", product, windows, packing.window),
    ]
    text = [f"{mode.a.name} * {mode.b.name} + {mode.acc.name}, {packing.lanes_a} x {packing.lanes_b} lanes, "
            f"significands {packing.width_a} x {packing.width_b} bits"]  # fmt: skip
    for name, bits, places, width in lines:
        owner = dict.fromkeys(range(bits), " .")
        for label, at in places.items():
            owner |= dict.fromkeys(range(at, at + width), label)
        text += _rows(name, bits, owner)
    return "\n".join(text)


def _rows(name: str, bits: int, owner: dict[int, str], wide: int = 32) -> list[str]:
    """Lines of at most so many bits, each under the numbers of its bits."""
    lines = []
    for top in range(bits - 1, -1, -wide):
        some = range(top, max(top - wide, -1), -1)
        numbers = " ".join(f"{bit:2d}" if bit % 4 == 0 or bit == bits - 1 else "  " for bit in some)
        lines += [f"  bit  {numbers}", f"   {name}   {' '.join(owner[bit] for bit in some)}"]
    return lines


def formula(config: MacConfig) -> str:
    """What the unit computes, in a few words: ``bf16 * bf16 + fp32``; modes joined by ``or``."""
    return " or ".join(
        f"{mode.a.name} * {mode.b.name} + {mode.acc.name}"
        + (f" ({mode.lanes_a}x{mode.lanes_b})" if mode.packing.lanes > 1 else "")
        for mode in config.modes
    )
