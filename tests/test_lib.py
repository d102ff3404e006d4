"""Shared circuits against plain Python, at size 1 and at sizes that are no power of two."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.sim import Simulator
from nervure.hw.lib.blocks import BLOCKS
from nervure.hw.lib.multiplier import Product
from nervure.hw.lib.pipeline import place
from nervure.hw.lib.shift import leading_zeros, shift_left, shift_right_sticky
from nervure.hw.lib.tiles import tiles


class Bench(Elaboratable):
    """A function of some inputs, as a circuit."""

    def __init__(self, function, *widths):
        self.inputs = [Signal(width) for width in widths]
        self.function = function
        self.outputs = []

    def elaborate(self, platform):
        m = Module()
        for value in self.function(m, *self.inputs):
            out = Signal(len(value))
            m.d.comb += out.eq(value)
            self.outputs.append(out)
        return m


def simulate(function, widths, rows):
    bench = Bench(function, *widths)
    results = []

    async def process(ctx):
        for row in rows:
            for signal, value in zip(bench.inputs, row, strict=True):
                ctx.set(signal, value)
            await ctx.delay(1e-9)
            results.append(tuple(ctx.get(out) for out in bench.outputs))

    simulator = Simulator(bench)
    simulator.add_testbench(process)
    simulator.run()
    return results


def values(width, count=60):
    rng = random.Random(width)
    return sorted({0, 1, (1 << width) - 1, 1 << (width - 1), *(1 << rng.randrange(width) for _ in range(8)),
                   *(rng.getrandbits(width) for _ in range(count))})  # fmt: skip


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 8, 13, 19, 32, 36])
def test_leading_zeros(width):
    rows = [(value,) for value in values(width)]
    for (value,), (count, empty) in zip(rows, simulate(lambda m, v: leading_zeros(v), [width], rows), strict=True):
        assert empty == (value == 0)
        assert count == width - value.bit_length() if value else count >= width - 1


@pytest.mark.parametrize(("width", "amount"), [(1, 1), (1, 3), (3, 2), (5, 4), (8, 3), (8, 6), (19, 5), (34, 9)])
def test_shift_right_sticky(width, amount):
    rows = [(value, shift) for value in values(width, 12) for shift in values(amount, 12)]
    got = simulate(lambda m, v, s: shift_right_sticky(m, v, s, "shifted"), [width, amount], rows)
    for (value, shift), (shifted, sticky) in zip(rows, got, strict=True):
        assert shifted == value >> shift
        assert sticky == (value & ((1 << shift) - 1) != 0)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 19, 36])
def test_shift_left(width):
    amount = max(1, (width - 1).bit_length())
    rows = [(value, shift) for value in values(width, 12) for shift in range(width)]
    got = simulate(lambda m, v, s: [shift_left(m, v, s, "shifted")], [width, amount], rows)
    for (value, shift), (shifted,) in zip(rows, got, strict=True):
        assert shifted == value << shift & ((1 << width) - 1)


@pytest.mark.parametrize("block", [*BLOCKS, "lut"])
@pytest.mark.parametrize(("wide_a", "wide_b"), [(1, 1), (8, 8), (24, 24), (32, 24), (17, 26), (32, 32), (1, 32)])
def test_products_of_any_width(block, wide_a, wide_b):
    if block != "lut":
        limits = sorted(BLOCKS[block])
        grid = tiles(wide_a, wide_b, block)
        assert all(sorted((a, b))[0] <= limits[0] and sorted((a, b))[1] <= limits[1] for _, a, _, b in grid)
    rows = [(a, b) for a in values(wide_a, 6) for b in values(wide_b, 6)]

    def product(m, a, b):
        m.submodules.product = unit = Product(wide_a, wide_b, block)
        m.d.comb += [unit.a.eq(a), unit.b.eq(b)]
        return [unit.p]

    for (a, b), (p,) in zip(rows, simulate(product, [wide_a, wide_b], rows), strict=True):
        assert p == a * b


def test_fp32_needs_two_dsp48e2_and_four_mult18x18():
    assert len(tiles(24, 24, "dsp48e2")) == 2
    assert len(tiles(24, 24, "mult18x18")) == 4
    assert len(tiles(8, 8, "dsp48e2")) == 1


@pytest.mark.parametrize("latency", range(1, 12))
def test_placement_is_the_best_there_is(latency):
    cuts = [("a", 2), ("b", 6), ("c", 6), ("d", 4), ("e", 5)]
    ranks = place(cuts, latency, spare="b")
    assert sum(ranks.values()) == latency
    assert ranks["e"] >= 1, "outputs are registered"
    longest, run = 0, 0
    for name, delay in cuts:
        run += delay
        if ranks[name]:
            longest, run = max(longest, run), 0
    # 23 units over five segments of 2, 6, 6, 4, 5: the optimum by hand.
    assert longest == {1: 23, 2: 14, 3: 9, 4: 8}.get(latency, 6)
