"""cocotb tests of a unit behind AXI, by cocotbext-axi; run by :mod:`.edge`, not by pytest.

Environment: ``EDGE`` is the edge's JSON, ``IMAGES`` an ``.npz`` with beat images ``i`` (sent) and ``o`` (expected) and
``ends``, the numbers of the beats that complete a result.
"""

from __future__ import annotations

import json
import logging
import os
import random
from itertools import product
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

EDGE = json.loads(Path(os.environ["EDGE"]).read_text())
IMAGES = np.load(os.environ["IMAGES"])
RESULT = Path(os.environ["RESULT"])
ALL = os.environ["ALL"] == "1"
LIMIT = 1 if ALL else 80  # a unit of which everything is tested is small
WIDTH = EDGE["data_width"] // 8
OFFSET = {row["name"]: row["offset"] for row in EDGE["registers"]}
RESET = {row["name"]: row["reset"] for row in EDGE["registers"]}
KNOWN = {row["offset"]: row["access"] for row in EDGE["registers"]}


class Bench:
    """Clock, reset, masters and slaves of cocotbext-axi, and the rules of the protocol watched in every cycle."""

    def __init__(self, dut, seed):
        self.dut, self.rng = dut, random.Random(seed)
        cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
        dut.aresetn.value = 0
        options = {"clock": dut.aclk, "reset": dut.aresetn, "reset_active_level": False}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), **options)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), **options)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), **options)
        for name in logging.root.manager.loggerDict:
            if dut._name in name:
                logging.getLogger(name).setLevel("WARNING")
        cocotb.start_soon(self.watch())

    async def watch(self):
        """Valid stays and payload keeps its value until ready."""
        channels = {"m_axis_t": ("data", "keep", "last"), "s_axi_b": ("resp",), "s_axi_r": ("data", "resp")}
        held: dict = dict.fromkeys(channels)
        while True:
            await RisingEdge(self.dut.aclk)
            for prefix, names in channels.items():
                pins = [getattr(self.dut, prefix + name) for name in ("valid", "ready", *names)]
                valid, ready, *payload = (str(pin.value) for pin in pins)
                if self.dut.aresetn.value == 0:
                    held[prefix] = None
                    continue
                if held[prefix] is not None:
                    assert valid == "1" and payload == held[prefix], f"{prefix}: changed while it waited"
                held[prefix] = payload if valid == "1" and ready == "0" else None

    async def reset(self, cycles=4):
        self.dut.aresetn.value = 0
        for _ in range(cycles):
            await RisingEdge(self.dut.aclk)
        pins = ("m_axis_tvalid", "s_axi_bvalid", "s_axi_rvalid", "s_axis_tready", "s_axi_awready", "s_axi_wready")
        assert not any(getattr(self.dut, pin).value for pin in pins), "nothing is offered or taken in reset"
        self.dut.aresetn.value = 1
        for _ in range(3):
            await RisingEdge(self.dut.aclk)

    def gaps(self):
        """Bursts and pauses of random lengths."""
        while True:
            for pause in (False, True):
                for _ in range(self.rng.choice((1, 1, 2, 5, 20))):
                    yield pause

    async def read(self, name):
        response = await self.lite.read(OFFSET[name], 4)
        assert response.resp == AxiResp.OKAY, name
        return int.from_bytes(response.data, "little")

    async def write(self, name, value):
        response = await self.lite.write(OFFSET[name], value.to_bytes(4, "little"))
        assert response.resp == AxiResp.OKAY, name

    async def settle(self, given, results):
        """Until so many beats went in, and came out."""
        while await self.read("BEATS_IN") < given or await self.read("BEATS_OUT") < results:
            pass

    async def packets(self, count):
        """The bytes of so many packets that came out."""
        return [bytes((await self.sink.recv()).tdata) for _ in range(count)]


def packet(images):
    """Bytes of a packet: every beat begins a transfer, the last one has no padding."""
    stride = -(-images.shape[1] // WIDTH) * WIDTH
    padded = np.pad(images, ((0, 0), (0, stride - images.shape[1])))
    return padded.tobytes()[: len(images) * stride - (stride - images.shape[1])]


def split(images, size):
    """The packets of so many beats, as far as they are full."""
    return [packet(images[at : at + size]) for at in range(0, len(images) - size + 1, size)]


@cocotb.test(timeout_time=LIMIT, timeout_unit="ms")
async def back_to_back(dut):
    """No waiting: latency and throughput, as they are measured; every beat is right."""
    bench = Bench(dut, 1)
    await bench.reset()
    into, out = IMAGES["i"], IMAGES["o"]
    marks = {"in": [], "out": [], "first": None}
    words = [row["transfers_per_beat"] for row in EDGE["streams"]]

    async def count():
        cycle = 0
        while True:
            await RisingEdge(dut.aclk)
            cycle += 1
            if marks["first"] is None and dut.m_axis_tvalid.value == 1:
                marks["first"] = cycle
            for side, bus in (("in", "s"), ("out", "m")):
                if (getattr(dut, f"{bus}_axis_tvalid").value == 1) and (getattr(dut, f"{bus}_axis_tready").value == 1):
                    marks[side].append(cycle)

    cocotb.start_soon(count())
    await bench.source.send(AxiStreamFrame(packet(into)))
    assert await bench.packets(len(out)) == split(out, 1)
    await bench.settle(len(into), len(out))  # a result may come before the last beat is in
    assert [await bench.read(name) for name in ("BEATS_IN", "BEATS_OUT", "FAULTS")] == [len(into), len(out), 0]
    ends = marks["in"][words[0] - 1 :: words[0]]
    starts = marks["out"][:: words[1]]
    RESULT.write_text(json.dumps({
        "latency": marks["first"] - ends[IMAGES["ends"][0]], "beats": len(into), "results": len(out), "words": words,
        "cycles_in": ends[-1] - ends[0], "cycles_out": starts[-1] - starts[0] if starts else 0,
        "stalls": [await bench.read("STALLS_IN"), await bench.read("STALLS_OUT")],
    }))  # fmt: skip


@cocotb.test(timeout_time=LIMIT, timeout_unit="ms")
async def random_back_pressure(dut):
    """Random pauses on both sides, random packets in, and two lengths of packets out: bytes, TKEEP and TLAST hold."""
    bench = Bench(dut, 2)
    await bench.reset()
    bench.source.set_pause_generator(bench.gaps())
    bench.sink.set_pause_generator(bench.gaps())
    into, out = IMAGES["i"], IMAGES["o"]
    size = min(3, len(out))
    await bench.write("PACKET", size)
    at = 0
    while at < len(into):
        count = bench.rng.choice((1, 2, 7))
        await bench.source.send(AxiStreamFrame(packet(into[at : at + count])))
        at += count
    wanted = split(out, size)
    assert await bench.packets(len(wanted)) == wanted
    await bench.settle(len(into), len(out))
    while await bench.read("STATUS"):  # beats that are no whole packet
        pass
    assert [await bench.read(name) for name in ("BEATS_IN", "BEATS_OUT", "FAULTS")] == [len(into), len(out), 0]
    assert await bench.read("STALLS_OUT") > 0


@cocotb.test(timeout_time=LIMIT, timeout_unit="ms", skip=not ALL)
async def registers(dut):
    """Every register: value after reset, who may write, strobes; all other addresses are refused."""
    bench = Bench(dut, 3)
    await bench.reset()
    for channel in (bench.lite.write_if.aw_channel, bench.lite.write_if.w_channel, bench.lite.write_if.b_channel,
                    bench.lite.read_if.ar_channel, bench.lite.read_if.r_channel):  # fmt: skip
        channel.set_pause_generator(bench.gaps())
    for offset in range(0, 1 << EDGE["address_bits"], 4):
        access = KNOWN.get(offset)
        response = await bench.lite.read(offset, 4)
        assert response.resp == (AxiResp.SLVERR if access is None else AxiResp.OKAY)
        (wanted,) = [row["reset"] for row in EDGE["registers"] if row["offset"] == offset] or [0]
        assert int.from_bytes(response.data, "little") == wanted, hex(offset)
        response = await bench.lite.write(offset, b"\0\0\0\0")
        allowed = access in ("rw", "pulse", "w1c")
        assert response.resp == (AxiResp.OKAY if allowed else AxiResp.SLVERR), hex(offset)
    assert await bench.read("IDENTITY") == int.from_bytes(b"NERV", "big")
    digest = f"{await bench.read('DIGEST_HIGH'):08x}{await bench.read('DIGEST_LOW'):08x}"
    assert digest == EDGE["digest"]
    await bench.write("PACKET", 0x12345678)
    for lane in range(4):
        await bench.lite.write(OFFSET["PACKET"] + lane, bytes([0xA0 + lane]))
    assert await bench.read("PACKET") == 0xA3A2A1A0
    pending = [cocotb.start_soon(bench.write("PACKET", value)) for value in range(20)]
    for task in pending:
        await task
    assert await bench.read("PACKET") == 19
    names = [name for name in OFFSET if name != "PACKET"] * 2
    pending = [cocotb.start_soon(bench.read(name)) for name in names]  # as many at once as the bus lets
    assert [await task for task in pending] == [RESET[name] for name in names]
    await bench.reset()
    assert await bench.read("PACKET") == RESET["PACKET"]


@cocotb.test(timeout_time=LIMIT, timeout_unit="ms", skip=not ALL)
async def faulty_input(dut):
    """TLAST in mid-beat and TKEEP without a byte cost their beat alone, are told and counted, and are cleared."""
    bench = Bench(dut, 4)
    await bench.reset()
    bench.source.set_pause_generator(bench.gaps())
    bench.sink.set_pause_generator(bench.gaps())
    into, out = IMAGES["i"], IMAGES["o"]
    whole = packet(into[:1])
    words, wanted = EDGE["streams"][0]["transfers_per_beat"], []
    counts = {"SHORT": 0, "SPOILT": 0}
    for at in range(min(40, len(into))):
        kind = bench.rng.choice(["right", "right", "spoilt", "short", "padded"])
        if kind == "short" and words > 1:
            cut = bench.rng.randrange(1, words) * WIDTH
            await bench.source.send(AxiStreamFrame(bytes(cut)))
            counts["SHORT"] += 1
        elif kind == "spoilt":
            keep = [1] * len(whole)
            keep[bench.rng.randrange(len(whole))] = 0
            await bench.source.send(AxiStreamFrame(bytes(len(whole)), tkeep=keep))
            counts["SPOILT"] += 1
        elif kind == "padded":  # padding that is kept does no harm
            await bench.source.send(AxiStreamFrame(packet(into[at : at + 1]).ljust(words * WIDTH, b"\xff")))
            wanted.append(at)
        else:
            await bench.source.send(AxiStreamFrame(packet(into[at : at + 1])))
            wanted.append(at)
    assert await bench.packets(len(wanted)) == [packet(out[at : at + 1]) for at in wanted]
    await bench.source.wait()
    assert await bench.read("BEATS_IN") == await bench.read("BEATS_OUT") == len(wanted)
    assert [await bench.read(f"{name}_COUNT") for name in counts] == list(counts.values())
    assert await bench.read("FAULTS") == (counts["SHORT"] > 0) + 2 * (counts["SPOILT"] > 0)
    await bench.write("FAULTS", 1)
    assert await bench.read("FAULTS") == 2 * (counts["SPOILT"] > 0)
    await bench.write("FAULTS", 2)
    assert await bench.read("FAULTS") == 0
    await bench.write("CONTROL", 2)
    for name, offset in OFFSET.items():
        if offset >= OFFSET["BEATS_IN"]:
            assert await bench.read(name) == 0, name


@cocotb.test(timeout_time=LIMIT, timeout_unit="ms", skip=not ALL)
async def restart_in_midstream(dut):
    """CONTROL.RESTART: what was offered is sent whole, nothing from before comes later, the next beats are right."""
    bench = Bench(dut, 5)
    await bench.reset()
    into, out = IMAGES["i"], IMAGES["o"]
    offered = 0
    for size, beats, wait in product((1, 2), (3, 4, 5, 15), (3, 10, 80)):
        await bench.write("PACKET", size)
        bench.sink.pause = True
        # Of three transfers each, 4 beats are as many as edge and unit hold at 4 stages; the 5th ends in mid-beat.
        sent = packet(into[:beats])
        await bench.source.send(AxiStreamFrame(sent[: len(sent) - WIDTH * (beats == 5)]))
        for _ in range(wait):
            await RisingEdge(dut.aclk)
        while not bench.source.idle():  # a full unit takes no more until it is emptied
            await bench.write("CONTROL", 1)
        await bench.write("CONTROL", 1)
        waits = await bench.read("STATUS")
        assert waits in (0, 2), "nothing is left at the input"
        offered += waits == 2
        bench.sink.pause = False
        for _ in range(200):
            await RisingEdge(dut.aclk)
        assert await bench.read("STATUS") == 0
        if size == 1:  # what was offered is a packet, whole, and nothing follows it
            left = [bytes(bench.sink.recv_nowait().tdata) for _ in range(bench.sink.count())]
            assert left == split(out[:1], 1) * (waits == 2)
        await bench.source.send(AxiStreamFrame(packet(into[:4])))
        found = await bench.packets(4 // size)
        wanted = split(out[:4], size)
        assert found[1:] == wanted[1:]
        if size == 2 and waits:  # it was no packet's end, so that its bytes come before the next packet's
            wanted[0] = packet(out[:1]).ljust(-(-out.shape[1] // WIDTH) * WIDTH, b"\0") + wanted[0]
        assert found[0] == wanted[0]
    assert offered, "some restarts hit an offered transfer"
