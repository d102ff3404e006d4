"""Grids of very narrow products: found or refused in no time, alone and beside other modes."""

from __future__ import annotations

import itertools
import time

import pytest
from nervure.hw.config import ConfigError
from nervure.hw.mac.config import MacConfig
from nervure.hw.mac.config.packing import Packing, beside, best, grid, placements

SECONDS = 4.0  # of a processor that others use too; the search alone takes a fraction of one


@pytest.mark.parametrize(("fields", "lanes"), [
    ({"a": "fp4_e3m0,fp4_e3m0", "b": "fp4_e3m0,fp4_e2m1"}, [40, 20]),
    ({"a": "int2,fp4_e3m0", "b": "int2,fp4_e3m0"}, [12, 40]),
    ({"a": "fp4_e3m0", "b": "fp4_e3m0", "multiplier": "dsp58"}, [48]),
    ({"a": "int2,fp4_e3m0,fp4_e2m1,uint2", "b": "fp4_e3m0,fp4_e3m0,fp4_e3m0,fp4_e1m2"}, None),
    ({"a": "fp4_e3m0,int2", "b": "fp4_e3m0,int2", "lanes_b": 3, "multiplier": "dsp58"}, [36, None]),
    ({"a": "bf16,fp4_e3m0", "b": "bf16,fp4_e3m0", "lanes_a": "2,3", "lanes_b": "1,3"}, [2, 9]),
])  # fmt: skip
def test_narrow_modes_take_no_time(fields, lanes):
    start = time.process_time()
    modes = MacConfig(**{"acc": "bf16", "lanes_a": "max", "lanes_b": "max", **fields}).modes
    assert time.process_time() - start < SECONDS
    assert all(mode.packing.exact for mode in modes)
    for mode, count in zip(modes, lanes or [], strict=bool(lanes)):
        assert count is None or mode.packing.lanes == count


@pytest.mark.parametrize("multiplier", ["dsp48e2", "dsp58", "mult18x18", "sb_mac16"])
def test_grids_that_do_not_fit_are_refused_in_no_time(multiplier):
    start = time.process_time()
    for lanes_a, lanes_b in ((25, 3), (7, 8), (999, 1), (2, 10**9), ("max", 100)):
        with pytest.raises(ConfigError, match=rf"^lanes_a={lanes_a} lanes_b={lanes_b} must fit {multiplier}: "):
            MacConfig(a="fp4_e3m0", b="fp4_e3m0", acc="bf16", lanes_a=lanes_a, lanes_b=lanes_b, multiplier=multiplier)
    assert time.process_time() - start < SECONDS


def every(width_a, width_b, window, lanes_a, lanes_b, port_a, port_b):
    """All placements that start at bit 0, by trying all positions."""
    sides = [[(0, *more) for more in itertools.combinations(range(1, port - width + 1), lanes - 1)]
             for port, width, lanes in ((port_a, width_a, lanes_a), (port_b, width_b, lanes_b))]  # fmt: skip
    found = (Packing(width_a, width_b, window, a, b) for a, b in itertools.product(*sides))
    return [packing for packing in found if packing.exact]


@pytest.mark.parametrize("size", [
    (1, 1, 1, 3, 2, 8, 6), (1, 1, 1, 4, 4, 12, 10), (1, 2, 2, 2, 4, 9, 12), (2, 1, 2, 5, 4, 12, 14),
    (2, 2, 3, 3, 3, 14, 12), (1, 1, 1, 5, 4, 8, 9), (3, 2, 5, 2, 2, 12, 9),
])  # fmt: skip
def test_all_placements_are_found_and_the_lowest_is_taken(size):
    wanted = {(p.a, p.b) for p in every(*size)}
    found = [(p.a, p.b) for p in placements(*size)]
    assert len(found) == len(set(found)) and set(found) == wanted
    lowest = grid(*size)
    assert (lowest and (lowest.a, lowest.b)) == min(wanted, default=None)


@pytest.mark.parametrize(("size", "other"), [
    ((1, 1, 1, 3, 2, 12, 8), (2, 2, 4, 2, 1)), ((2, 1, 3, 2, 2, 12, 9), (4, 3, 7, 1, 1)),
    ((1, 1, 1, 2, 2, 12, 8), (2, 2, 3, 2, 2)), ((2, 2, 4, 3, 1, 14, 6), (2, 2, 4, 1, 2)),
])  # fmt: skip
def test_beside_is_the_best_of_all_moved_and_turned(size, other):
    *_, port_a, port_b = size
    wa, wb, window = size[:3]
    there = best(*other[:3], port_a, port_b) if other[3:] == (1, 1) else grid(*other, port_a, port_b)
    assert there is not None
    ways = set()
    for p in every(*size):
        for a, b in itertools.product((p.a, p.a[::-1]), (p.b, p.b[::-1])):
            for up_a, up_b in itertools.product(range(port_a - p.extent_a + 1), range(port_b - p.extent_b + 1)):
                ways.add((tuple(x + up_a for x in a), tuple(x + up_b for x in b)))

    def key(way):
        a, b = way
        shared = itertools.product(range(min(len(a), there.lanes_a)), range(min(len(b), there.lanes_b)))
        tops = sum(a[i] + b[j] + window == there.at(i, j) + there.window for i, j in shared)
        inside = sum(any(y <= x and x + wa <= y + there.width_a for y in there.a) for x in a)
        inside += sum(any(y <= x and x + wb <= y + there.width_b for y in there.b) for x in b)
        return -tops, -inside, a, b

    found = beside(grid(*size), there, port_a, port_b)
    assert (found.a, found.b) == min(ways, key=key)
