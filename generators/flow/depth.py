"""The longest path of a mapped netlist, in cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

Cell = dict[str, Any]


def longest_path(module: dict[str, Any], ends: Callable[[Cell], bool], weight: Callable[[Cell], int]) -> int | None:
    """Cells on the longest path between registers and ports; None if there is a loop without a register.

    Parameters
    ----------
    module : dict
        A module of Yosys' ``write_json``.
    ends : callable
        Whether paths end at a cell and start anew behind it.
    weight : callable
        What a cell adds to a path; one that ends it with a weight above 0 (a registered block) adds it to the paths
        that end there.
    """
    cells = list(module["cells"].values())
    driver: dict[int, int] = {}
    inputs: list[list[int]] = []
    for index, cell in enumerate(cells):
        read = []
        for port, bits in cell["connections"].items():
            direction = cell["port_directions"].get(port)
            if direction == "output":
                driver.update((bit, index) for bit in bits if isinstance(bit, int))
            elif direction == "input":
                read += [bit for bit in bits if isinstance(bit, int)]
        inputs.append(read)
    is_end = [ends(cell) for cell in cells]
    follows: dict[int, list[int]] = defaultdict(list)
    waits = [0] * len(cells)
    for index, read in enumerate(inputs):
        for source in {driver[bit] for bit in read if bit in driver}:
            if not is_end[source]:
                follows[source].append(index)
                waits[index] += 1
    length = [0] * len(cells)
    ready = [index for index, number in enumerate(waits) if number == 0]
    done = longest = 0
    while ready:
        index = ready.pop()
        done += 1
        length[index] += weight(cells[index])
        longest = max(longest, length[index])
        for after in follows[index]:
            length[after] = max(length[after], length[index])
            waits[after] -= 1
            if waits[after] == 0:
                ready.append(after)
    return longest if done == len(cells) else None
