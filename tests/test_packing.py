"""The packing solver: what it finds fits, loses nothing, and is the most that fits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from nervure.hw.config import ConfigError
from nervure.hw.lib.blocks import BLOCKS
from nervure.hw.mac.config import MacConfig
from nervure.hw.mac.config.packing import Packing, beside, best, grid, ports


def lanes(block, width_a, width_b):
    found = [best(width_a, width_b, width_a + width_b, *way) for way in ports(block)]
    return max(packing.lanes if packing else 0 for packing in found)


@pytest.mark.parametrize(("a", "b", "count"), [
    ("bf16", "bf16", 2), ("int8", "bf16", 2), ("int4", "bf16", 3), ("fp8_e4m3", "bf16", 2), ("fp16", "fp16", 1),
    ("int8", "fp16", 2), ("fp8_e4m3", "fp8_e4m3", 4), ("fp4_e2m1", "bf16", 3), ("fp4_e2m1", "fp8_e4m3", 6),
    ("fp4_e2m1", "fp4_e2m1", 9), ("int8", "int8", 2), ("int4", "fp8_e4m3", 4), ("fp8_e5m2", "fp8_e5m2", 6),
    ("int4", "int4", 4), ("fp4_e2m1", "fp16", 2), ("fp8_e5m2", "fp16", 2),
])  # fmt: skip
def test_lanes_on_a_dsp48e2(a, b, count):
    (mode,) = MacConfig(a=a, b=b, acc="bf16", lanes_a="max", lanes_b="max").modes
    assert mode.packing.lanes == count
    assert mode.packing.exact
    assert mode.packing.extent_a <= 26 and mode.packing.extent_b <= 17


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("width_a", "width_b"), [(2, 2), (2, 8), (3, 3), (4, 4), (8, 8), (2, 4), (8, 11), (5, 7)])
def test_products_are_read_off_exactly(block, width_a, width_b):
    """All operands at random and at their largest: each window of the one product is the product of its operands."""
    found = next(p for way in ports(block) if (p := best(width_a, width_b, width_a + width_b, *way)))
    rng = np.random.default_rng(0)
    a = rng.integers(0, 1 << width_a, (2000, found.lanes_a), dtype=np.uint64)
    b = rng.integers(0, 1 << width_b, (2000, found.lanes_b), dtype=np.uint64)
    a[:4], b[:4] = (1 << width_a) - 1, (1 << width_b) - 1
    word = (a << np.array(found.a, np.uint64)).sum(1) * (b << np.array(found.b, np.uint64)).sum(1)
    for i, j in itertools.product(range(found.lanes_a), range(found.lanes_b)):
        window = word >> np.uint64(found.at(i, j)) & np.uint64((1 << found.window) - 1)
        np.testing.assert_array_equal(window, a[:, i] * b[:, j])


def naive(width_a, width_b, port_a, port_b):
    """The most products of any sets of positions, by trying all pairs of subsets (for small ports)."""
    window, most = width_a + width_b, 0
    sides = []
    for port, width in ((port_a, width_a), (port_b, width_b)):
        places = range(port - width + 1)
        sides.append([s for n in range(1, 5) for s in itertools.combinations(places, n)
                      if all(y - x >= window for x, y in itertools.pairwise(s))])  # fmt: skip
    for a, b in itertools.product(*sides):
        starts = sorted(x + y for x in a for y in b)
        if len(starts) > most and all(y - x >= window for x, y in itertools.pairwise(starts)):
            most = len(starts)
    return most


def test_integers_that_reach_a_power_of_two_need_a_bit_less():
    """The largest product of int8 and an 11-bit significand is 128 * 2047, of 18 bits and not 19."""
    (mode,) = MacConfig(a="int8", b="fp16", acc="fp16", lanes_a="max", lanes_b="max").modes
    assert (mode.packing.window, mode.packing.a) == (18, (0, 18))
    a, b = np.meshgrid(np.array([0, 1, 127, 128], np.uint64), np.arange(2048, dtype=np.uint64))
    for other in (0, 128):
        word = (a + np.uint64(other << 18)) * b
        np.testing.assert_array_equal(word & np.uint64((1 << 18) - 1), a * b)
        np.testing.assert_array_equal(word >> np.uint64(18), np.uint64(other) * b)


@pytest.mark.parametrize(("port_a", "port_b"), [(9, 6), (10, 7), (8, 8), (11, 5)])
@pytest.mark.parametrize(("width_a", "width_b"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (1, 4), (4, 4)])
def test_optimal_against_all_subsets(width_a, width_b, port_a, port_b):
    found = best(width_a, width_b, width_a + width_b, port_a, port_b)
    assert (found.lanes if found else 0) == naive(width_a, width_b, port_a, port_b)


def test_other_blocks_hold_what_their_ports_allow():
    assert {block: lanes(block, 2, 2) for block in BLOCKS} == {
        "dsp48e2": 9, "dsp58": 12, "mult18x18": 8, "sb_mac16": 6}  # fmt: skip
    assert {block: lanes(block, 8, 8) for block in BLOCKS} == {
        "dsp48e2": 2, "dsp58": 2, "mult18x18": 1, "sb_mac16": 1}  # fmt: skip
    assert lanes("dsp48e2", 27, 4) == 0
    assert not Packing(8, 8, 16, (0, 8), (0,)).exact


def test_modes_share_the_places_where_their_windows_end():
    bf16 = grid(8, 8, 16, 2, 1, 26, 17)
    narrow = beside(grid(4, 8, 12, 2, 1, 26, 17), bf16, 26, 17)
    assert [narrow.at(i, 0) + narrow.window for i in range(2)] == [bf16.at(i, 0) + bf16.window for i in range(2)]
    pairs = beside(grid(4, 4, 8, 2, 2, 26, 17), bf16, 26, 17)
    assert pairs.exact and [pairs.at(i, 0) + 8 for i in range(2)] == [16, 32]


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"lanes_a": 3}, "lanes_a=3 lanes_b=1 must fit dsp48e2: its 26x17 bits hold 2x1 at most of significands of 8x8 "
                     "bits (bf16*bf16)"),
    ({"lanes_a": 2, "multiplier": "sb_mac16"}, "lanes_a=2 lanes_b=1 must fit sb_mac16: its 16x16 bits hold 1x1 at most "
                                               "of significands of 8x8 bits (bf16*bf16)"),
    ({"a": "fp32", "b": "fp32", "lanes_b": 2}, "lanes_a=1 lanes_b=2 must fit dsp48e2: its 26x17 bits hold 1x1 (tiled) "
                                               "at most of significands of 24x24 bits (fp32*fp32)"),
    ({"lanes_a": "max", "multiplier": "lut"}, "lanes_a=max lanes_b=1 must be numbers, of at most 64 products in all, "
                                              "for multiplier=lut"),
    ({"lanes_a": 0}, "lanes_a must be a positive integer or max, not 0"),
    ({"lanes_b": "many"}, "lanes_b must be a positive integer or max, not 'many'"),
    ({"lanes_a": "1,2"}, "lanes_a must be one for all modes or one for each of 1, not 2"),
    ({"a": "bf16,int4"}, "a, b and acc must list as many modes each (acc may be one for all), not 2, 1, 1"),
    ({"a": "bf16,int4", "b": "bf16,bf16", "acc": "bf16,bf16,bf16"},
     "a, b and acc must list as many modes each (acc may be one for all), not 2, 2, 3"),
    ({"a": "bf16,bf16", "b": "bf16,bf16"}, "a, b and acc must differ between modes, not bf16*bf16+fp32 twice"),
    ({"a": "bf16,int8", "b": "bf16,bf16", "acc": "bf16,int32"}, "acc=int32 requires integer operands, not bf16"),
    ({"a": "bf16,int8", "b": "bf16,int8", "acc": "bf16,int32", "overflow": "wrap"},
     "overflow must be saturate for acc=bf16,int32, not wrap"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_sentence(fields, sentence):
    with pytest.raises(ConfigError) as error:
        MacConfig(**fields)
    assert str(error.value) == sentence


def test_lists_in_any_form_are_the_same_config():
    text = MacConfig(a="bf16, int4", b="bf16,bf16", acc="bf16", lanes_a="2,2")
    assert text == MacConfig(a=["bf16", "int4"], b=("bf16", "bf16"), acc="bf16", lanes_a=[2, 2])
    assert text.module_name == "mac_bf16_bf16_bf16_2x1_or_int4_bf16_bf16_2x1_l4"
    assert text.lane(1) == MacConfig(a="int4", b="bf16", acc="bf16")
