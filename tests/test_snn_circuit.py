"""Spiking pipelines in Verilog and as circuits against the golden model: every layer, every map, every time step."""

from __future__ import annotations

from itertools import product
from math import ceil

import numpy as np
import pytest
import torch
from amaranth.hdl import Fragment
from amaranth.sim import Simulator
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.snn import networks
from nervure.generators.snn.maps import until
from nervure.golden.snn import run
from nervure.hw.snn.circuit import Snn
from nervure.hw.snn.config import SnnConfig
from nervure.hw.snn.config.plan import beats, bits_of, plans, ranges, slack
from nervure.hw.snn.config.shape import grid_of
from nervure.hw.snn.stage import Stage
from nervure.hw.snn.window import LineBuffer
from nervure.verif import snn as bench
from nervure.verif.batch import BatchModel
from nervure.verif.snn.stimulus import beats_of, frames_of

from .snn_networks import ALONE, JOINED

NETWORKS = ALONE | JOINED


def tokens(dut: Snn, config: SnnConfig, x: np.ndarray, seed: int, stall: float) -> tuple[dict[str, list[int]], int]:
    """What every stage hands on, and how many frames came out; both sides wait at random."""
    rng = np.random.default_rng(seed)
    stages: dict[str, Stage] = {}
    elaborate = Stage.elaborate

    def seen(self, platform):
        stages[self.layer.name] = self
        return elaborate(self, platform)

    Stage.elaborate = seen
    try:
        simulator = Simulator(Fragment.get(dut, None))
    finally:
        Stage.elaborate = elaborate
    found: dict[str, list[int]] = {name: [] for name in stages}
    frames, out = len(x) // beats(config), []
    wanted = len(bench.ends(config, {"x": x}))

    async def process(ctx):
        at, offered = 0, False
        for _ in range(200 * frames * config.cycles + 4000):
            offered = offered or bool(at < len(x) and rng.random() >= stall)
            if offered:
                for k, value in enumerate(x[at]):
                    ctx.set(dut.i.payload.x[k], int(value))
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.o.ready, bool(rng.random() >= stall))
            for name, stage in stages.items():
                if ctx.get(stage.o.valid) and ctx.get(stage.o.ready):
                    found[name].append(ctx.get(stage.o.payload))
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                out.append(1)
            if offered and ctx.get(dut.i.ready):
                at, offered = at + 1, False
            await ctx.tick()
            if len(out) == wanted:
                return

    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    return found, len(out) * frames // wanted


def map_of(config: SnnConfig, name: str, words: list[int]) -> np.ndarray:
    """Tokens of a layer as numbers ``(frames, passes, *shape)``."""
    channels, rows, columns = plans(config)[name].grid
    width, has_sign = bits_of(ranges(config)[name])
    each = np.array([[word >> (k * width) & ((1 << width) - 1) for k in range(channels)] for word in words])
    if has_sign:
        each = np.where(each >> (width - 1), each - (1 << width), each)
    maps = each.reshape(-1, config.passes, rows * columns, channels).transpose(0, 1, 3, 2)
    return maps.reshape(-1, config.passes, *config.facts[name].shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_map_of_every_step_is_golden(name):
    config = SnnConfig(**NETWORKS[name])
    # With an odd number of frames after stalls, the next ones start in any state of the stalls.
    for seed, stall in ((0, 0.0), (1, 0.5)):
        x = bench.stimulus(config, 5 * beats(config), seed)
        found, frames = tokens(Snn(config), config, x["x"], seed, stall)
        assert frames == 5
        wanted = run(config, torch.from_numpy(frames_of(config, x)), keep=True).values
        for layer, words in found.items():
            # The layers before the last have already begun with nothing: all their tokens belong to these frames.
            assert np.array_equal(map_of(config, layer, words), wanted[layer].numpy()), layer


@pytest.mark.parametrize("name", ["conv_full", "residual"])
def test_the_verilog_is_golden_and_as_fast_as_the_closed_form(name, tmp_path):
    config = SnnConfig(**NETWORKS[name])
    model = BatchModel(emit(config, tmp_path))
    for seed, stalls in enumerate(((0.0, 0.0), (0.3, 0.6))):
        x = bench.stimulus(config, 80 * beats(config), seed)
        found = model.run(x, ends=bench.ends(config, x), stall_in=stalls[0], stall_out=stalls[1])
        assert np.array_equal(found.outputs["y"], bench.expect(config, x)["y"])
        if not seed:
            assert config.cycles <= found.cycles / 80 * 1.02 <= 1.2 * config.cycles


def test_presets_are_folded_networks_and_digits_hold():
    unit = get_unit("snn")
    for preset in networks():
        config = unit.make(unit.presets[preset])
        # The walk of the line buffers between windows costs little: the cores are at work nearly always.
        rows = [(config.facts[layer.name], layer) for layer in config.layers if layer.weights]
        work = max(np.prod(facts.grid[1:]) * ceil(facts.synapses / 8 / layer.kappa) * ceil(layer.channels / layer.omega)
                   for facts, layer in rows)  # fmt: skip
        assert config.network == preset and config.passes * work <= config.cycles <= 1.02 * config.passes * work
    digits, generator = unit.make({"network": "digits"}), unit.load("generator")
    timing = generator.timing(digits)
    assert (timing["cycles_per_frame"], timing["beats_per_frame"]) == (5376, 64)
    assert generator.derive(digits)["cycles_per_frame"] == 5376


def test_beats_are_frames_place_after_place():
    config = SnnConfig(**ALONE["groups"])
    x = bench.stimulus(config, 4 * beats(config), 3)
    frames = frames_of(config, x)
    assert frames.shape == (4, 3, 4, 3, 5) and grid_of(config.input_shape) == (4, 3, 5)
    assert np.array_equal(beats_of(config, frames)["x"], x["x"])
    assert list(x["x"][7]) == [frames[0, 0, c, 1, 2] for c in range(4)]
    # Two rows of padding columns: a place needs its row to the last column that its window reaches.
    assert list(bench.ends(config, x)[:6]) == [30 + 5, 30 + 8, 30 + 9, 30 + 10, 30 + 13, 30 + 14]


@pytest.mark.parametrize("real, kernel, stride, padding", [
    *product([(1, 1), (4, 3), (3, 5)], [(1, 1), (2, 3), (3, 2)], [(1, 1), (2, 1)], [(0, 0), (1, 1)]),
])  # fmt: skip
def test_a_line_buffer_gives_each_window_once(real, kernel, stride, padding):
    """Every frame's tokens have numbers of their own: windows are compared with a plain list of places."""
    outs = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(real, kernel, stride, padding, strict=True)]
    if min(outs) < 1 or any(p >= k for p, k in zip(padding, kernel, strict=True)):
        return
    walked = tuple(max(n + p, (o - 1) * s + k) for n, o, k, s, p in zip(real, outs, kernel, stride, padding,
                                                                        strict=True))  # fmt: skip
    dut, rng, count = LineBuffer(8, walked, real, kernel, stride, padding, 255), np.random.default_rng(3), 3
    given = list(range(count * real[0] * real[1]))
    wanted = []
    for frame in range(count):
        for r, c in product(range(outs[0]), range(outs[1])):
            places = [(r * stride[0] - padding[0] + i, c * stride[1] - padding[1] + j)
                      for i in range(kernel[0]) for j in range(kernel[1])]  # fmt: skip
            inside = [0 <= y < real[0] and 0 <= x < real[1] for y, x in places]
            wanted.append([(frame * real[0] + y) * real[1] + x if there else 255
                           for (y, x), there in zip(places, inside, strict=True)])  # fmt: skip
    found = []

    async def process(ctx):
        left = list(given)
        for _ in range(60 * walked[0] * walked[1] * count):
            ctx.set(dut.i.valid, valid := bool(left and rng.random() < 0.7))
            ctx.set(dut.i.payload, left[0] if left else 0)
            ctx.set(dut.o.ready, ready := bool(rng.random() < 0.7))
            if ready and ctx.get(dut.o.valid):
                word = ctx.get(dut.o.payload)
                found.append([word >> (8 * k) & 255 for k in range(kernel[0] * kernel[1])])
            if valid and ctx.get(dut.i.ready):
                left.pop(0)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    assert found == wanted


def test_a_network_up_to_a_layer():
    config = SnnConfig(**JOINED["residual"])
    assert [layer.name for layer in until(config, "p").layers] == ["a", "b", "c", "p"]
    assert [layer.name for layer in until(config, "b").layers] == ["a", "b"]
    assert slack(config) == {"c": (11, 11)}
