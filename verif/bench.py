"""The cocotb bench: drives a generated module from its manifest alone and compares what comes out.

It needs cocotb and the standard library only, so that this very file also is the bench that goes out with an exported
module. It reads

- the manifest: the JSON file beside it, or ``NERVURE_MANIFEST``;
- the vectors: ``<module>_vectors.txt`` beside the manifest, or ``NERVURE_VECTORS``. A line ``operations NAME=COUNT..``
  (what one beat costs), a line ``ports NAME..``, then a line a beat: the value of each port in hexadecimal, those that
  go in and those that are to come out, the latter ``-`` for a beat that completes none; where a beat completes several,
  lines with ``-`` for what goes in follow with the others;

and draws gaps and noise from ``COCOTB_RANDOM_SEED``. What it counts goes to the log and, as JSON, to
``NERVURE_RESULT``. Clock cycles outside reset are those that take a beat in, stalled ones (a beat waits) and idle ones;
toggles are the bits that differ between a beat and the one before it; operations are beats times those of one beat.
"""

from __future__ import annotations

import json
import os
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise, repeat
from math import prod
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

PERIOD = 10  # ns
MOVED, WAITS, RESTS = "moved", "waits", "rests"

_beside = sorted(Path(__file__).parent.glob("*.json"))
PATH = Path(os.environ.get("NERVURE_MANIFEST") or (_beside[0] if len(_beside) == 1 else "manifest.json"))
# Outside a simulator (documentation, a test that imports every module) there may be nothing to drive.
MANIFEST: dict[str, Any] = {"streams": [], "reset": None, "latency_cycles": None}
if cocotb.is_simulation or PATH.is_file():
    MANIFEST = json.loads(PATH.read_text())
RESET: dict[str, str] | None = MANIFEST["reset"]
LATENCY: int | None = MANIFEST["latency_cycles"]
# Cycles in which what is inside can come out.
DEPTH: int = (MANIFEST.get("drain_cycles") or 64) if LATENCY is None else LATENCY
HANDSHAKES = [bool(s["valid"] and s["ready"]) for s in MANIFEST["streams"]]

_result: dict[str, Any] = {"tests": {}, "mismatches": 0, "first_mismatch": None, "latency_cycles": None}


def read_vectors() -> tuple[dict[str, int], list[str], list[list[int | None]]]:
    """Operations of one beat, names of the ports, and the beats."""
    path = os.environ.get("NERVURE_VECTORS") or PATH.with_name(f"{MANIFEST['module']}_vectors.txt")
    with open(path) as lines:
        operations = {name: int(count) for name, count in (item.split("=") for item in next(lines).split()[1:])}
        ports = next(lines).split()[1:]
        beats = [[None if value == "-" else int(value, 16) for value in line.split()] for line in lines]
        return operations, ports, beats


def number(pin: Any) -> int | None:
    """The value of a pin; None if any bit is neither 0 nor 1."""
    try:
        return int(pin.value)
    except ValueError:
        return None


def level(pin: Any) -> int:
    """The value of a handshake pin."""
    if (value := number(pin)) is None:
        raise AssertionError(f"{pin._name} must be 0 or 1, not X")
    return value


def bursts(rng: random.Random) -> Iterator[bool]:
    """Whether to be willing in a cycle: spells of some cycles, each with a density from never to always."""
    while True:
        density = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0, 1.0))
        for _ in range(rng.randint(1, 40)):
            yield rng.random() < density


class Side:
    """The pins of one stream and its beats; ``flow`` says in which cycles the bench is willing to move one."""

    def __init__(self, bench: Bench, stream: dict[str, Any], columns: list[str],
                 lines: list[list[int | None]]):  # fmt: skip
        self.bench, self.valid_name, self.ready_name = bench, stream["valid"], stream["ready"]
        self.valid = bench.dut[self.valid_name] if self.valid_name else None
        self.ready = bench.dut[self.ready_name] if self.ready_name else None
        self.ports = list(dict.fromkeys(p["port"] for p in stream["payload"]))
        self.pins = [bench.dut[port] for port in self.ports]
        places = [columns.index(port) for port in self.ports]
        # The lines that have a beat of this stream; of an output, those that complete one.
        self.ends = [number for number, line in enumerate(lines) if all(line[place] is not None for place in places)]
        self.beats = [[line[place] or 0 for place in places] for line in (lines[number] for number in self.ends)]
        self.masks = [0] * len(self.ports)
        for p in stream["payload"]:
            ones = (1 << p["width"] * prod(p["shape"])) - 1
            self.masks[self.ports.index(p["port"])] |= ones << p["offset"]
        self.previous = [0] * len(self.ports)
        self.toggles = 0
        self.driven: bool | None = None  # of the handshake pin that is driven here
        self.restart()

    def restart(self) -> None:
        self.index = 0
        self.flow: Iterator[bool] = repeat(True)

    def count_toggles(self, beat: list[int]) -> None:
        self.toggles += sum((a ^ b).bit_count() for a, b in zip(beat, self.previous, strict=True))
        self.previous = beat

    def text(self, values: Sequence[int | None]) -> str:
        return " ".join(f"{port}={'X' if v is None else f'{v:x}'}" for port, v in zip(self.ports, values, strict=True))


class Source(Side):
    """Offers the beats of an input stream; in a cycle without a beat the payload is noise, which must not matter."""

    def restart(self) -> None:
        super().restart()
        self.offered = False
        self.taken: list[int] = []  # the cycle in which each beat went in

    def drive(self) -> None:
        willing = next(self.flow)
        if not self.offered:  # else valid and payload hold until the beat is taken
            self.offered = willing and self.index < self.bench.limit
            self.put(self.offered, self.beats[self.index] if self.offered else self.noise())

    def put(self, valid: bool, values: list[int]) -> None:
        for pin, value in zip(self.pins, values, strict=True):
            pin.value = value
        if self.valid is not None and valid is not self.driven:
            self.driven = valid
            self.valid.value = int(valid)

    def noise(self) -> list[int]:
        return [self.bench.rng.getrandbits(mask.bit_length()) & mask for mask in self.masks]

    def sample(self, cycle: int) -> str:
        ready = self.ready is None or level(self.ready)
        if not (self.offered and ready):
            return WAITS if self.offered else RESTS
        self.offered = False
        self.taken.append(cycle)
        self.count_toggles(self.beats[self.index])
        self.index += 1
        return MOVED


class Sink(Side):
    """Takes the beats of an output stream and compares them, in order, with the expected ones."""

    def restart(self) -> None:
        super().restart()
        self.taking = False
        self.held: list[int | None] | None = None  # the beat that waits

    def drive(self) -> None:
        self.put(next(self.flow))

    def put(self, taking: bool) -> None:
        self.taking = taking or self.ready is None
        if self.ready is not None and taking is not self.driven:
            self.driven = taking
            self.ready.value = int(taking)

    def sample(self, cycle: int) -> str:
        went_in = self.bench.went_in(self.index)
        if self.valid is not None:
            valid = level(self.valid)
            if not valid and self.held is not None:
                raise AssertionError(f"{self.valid_name} must stay until {self.ready_name}, and fell")
        else:
            valid = went_in is not None and cycle == went_in + DEPTH
        if not valid:
            return RESTS
        values = [None if (v := number(p)) is None else v & m for p, m in zip(self.pins, self.masks, strict=True)]
        early = went_in is None or cycle < went_in + (LATENCY or 0)
        if went_in is None or (early and values != self.beats[self.index]):
            raise AssertionError(f"{self.ports[0]} must give {self.index} beats so far, not one more")
        if self.held is not None and self.held != values:
            raise AssertionError(f"{self.ports[0]} must hold beat {self.index} while it waits, and changed")
        if not self.taking:
            self.held = values
            return WAITS
        self.held = None
        self.bench.judge(self, values, cycle - went_in)
        self.index += 1
        return MOVED


async def late(clock: Clock, phase: int) -> None:
    """Starts a clock so many picoseconds from now."""
    clock.signal.value = 0
    await Timer(phase, "ps")
    clock.start(start_high=False)


class Bench:
    """One test: ``async with`` starts clock and reset and reports the counters at the end."""

    def __init__(self, dut: Any, name: str):
        self.dut, self.name = dut, name
        self.rng = random.Random(f"{os.environ.get('COCOTB_RANDOM_SEED', '0')} {name}")
        self.operations, columns, lines = read_vectors()
        self.sources = [Source(self, s, columns, lines) for s in MANIFEST["streams"] if s["direction"] == "in"]
        self.sinks = [Sink(self, s, columns, lines) for s in MANIFEST["streams"] if s["direction"] == "out"]
        self.sides: list[Source | Sink] = [*self.sources, *self.sinks]
        self.num_beats = self.limit = len(self.sources[0].beats)
        for sink in self.sinks:  # the number of the beat that went in before, of that of a line
            sink.ends = [bisect_right(self.sources[0].ends, line) - 1 for line in sink.ends]
        clock = dut[MANIFEST["clock"]] if MANIFEST["clock"] else None
        self.clock = Clock(clock, PERIOD, "ns") if clock is not None else None
        # Other clocks are as many times as fast; where their edges are to this one's is drawn.
        self.others = [(Clock(dut[other["port"]], 1000 * PERIOD // other["multiple"], "ps"),
                        self.rng.randrange(1, 1000 * PERIOD)) for other in MANIFEST.get("clocks", ())]
        self.edge = RisingEdge(clock) if clock is not None else Timer(PERIOD, "ns")
        self.cycle = self.beats = self.idle = self.stalled = self.mismatches = 0
        self.first = ""
        self.latencies: set[int] = set()

    async def __aenter__(self) -> Bench:
        """Starts, and looks at the outputs: they must be known, and no beat may come that nobody sent."""
        for source in self.sources:
            source.put(False, [0] * len(source.ports))
        for sink in self.sinks:
            sink.put(False)
        if self.clock is not None:
            self.clock.start(start_high=False)
        for other, phase in self.others:
            cocotb.start_soon(late(other, phase))
        if RESET:
            await self.reset(2)
        self.restart(0)
        await self.steps(1 if RESET else DEPTH + 1)
        names = [*(s.ready_name for s in self.sources), *(s.valid_name for s in self.sinks)]
        names += [port for sink in self.sinks for port in sink.ports]
        if unknown := [name for name in names if name and number(self.dut[name]) is None]:
            raise AssertionError(f"{unknown[0]} must be 0 or 1 after reset, not X")
        self.restart()
        self.cycle = self.idle = 0
        return self

    async def __aexit__(self, *error: object) -> None:
        counts = {"beats": self.beats, "cycles": self.cycle, "idle_cycles": self.idle, "stalled_cycles": self.stalled}
        counts["input_toggles"] = sum(s.toggles for s in self.sources)
        counts["output_toggles"] = sum(s.toggles for s in self.sinks)
        counts |= {operation: count * self.beats for operation, count in self.operations.items()}
        cocotb.log.info("%s: %s", self.name, ", ".join(f"{name} {count}" for name, count in counts.items()))
        _result["tests"][self.name] = counts
        _result["mismatches"] += self.mismatches
        if path := os.environ.get("NERVURE_RESULT"):
            Path(path).write_text(json.dumps(_result))

    def restart(self, limit: int | None = None) -> None:
        """Forgets what is under way; the next beats are the first ``limit``."""
        self.limit = self.num_beats if limit is None else min(limit, self.num_beats)
        for side in self.sides:
            side.restart()

    async def reset(self, edges: int) -> None:
        """A reset of that many clock edges (0: a pulse between two edges), with noise on all inputs."""
        assert RESET is not None
        pin, active = self.dut[RESET["port"]], int(RESET["active"] == "high")
        pin.value = active
        if not edges:
            await Timer(PERIOD // 5, "ns")
        for _ in range(edges):
            for source in self.sources:
                source.put(self.rng.random() < 0.5, source.noise())
            for sink in self.sinks:
                sink.put(self.rng.random() < 0.5)
            await self.edge
        pin.value = 1 - active
        self.restart()

    async def step(self) -> bool:
        """One clock cycle; whether any beat moved."""
        for side in self.sides:
            side.drive()
        await self.edge  # every pin still has the value that the edge sees
        self.cycle += 1
        states = [side.sample(self.cycle) for side in self.sides]
        if MOVED in states[: len(self.sources)]:
            self.beats += states[0] == MOVED
        elif WAITS in states:
            self.stalled += 1
        else:
            self.idle += 1
        return MOVED in states

    async def steps(self, count: int) -> None:
        for _ in range(count):
            await self.step()

    async def play(self) -> None:
        """Until every beat is out, and on until nothing more can come."""
        patience, still = 1000 + 16 * DEPTH, 0
        due = min(bisect_left(sink.ends, self.limit) for sink in self.sinks)
        while (out := min(sink.index for sink in self.sinks)) < due and still < patience:
            still = 0 if await self.step() else still + 1
        for sink in self.sinks:
            sink.flow = repeat(True)
        await self.steps(DEPTH + 8)
        wrong = [f"{self.mismatches} beats differ; {self.first}"] if self.mismatches else []
        if out < due:
            wrong.append(f"{due} beats must come out, not {out} (nothing moved for {patience} cycles)")
        if wrong:
            raise AssertionError("; ".join(wrong))

    def went_in(self, beat: int) -> int | None:
        """The cycle in which what completes an output beat had gone in on all input streams; None if it has not."""
        ends = self.sinks[0].ends
        if beat >= len(ends):
            return None
        beat = ends[beat]
        if any(len(source.taken) <= beat for source in self.sources):
            return None
        return max(source.taken[beat] for source in self.sources)

    def judge(self, sink: Sink, values: list[int | None], latency: int) -> None:
        """Compares the beat that a sink takes with the expected one."""
        self.latencies.add(latency)
        if values == (expected := sink.beats[sink.index]):
            sink.count_toggles(expected)
            return
        self.mismatches += 1
        if not self.first:
            given = " ".join(source.text(source.beats[sink.ends[sink.index]]) for source in self.sources)
            self.first = f"beat {sink.index}: {sink.text(expected)} expected, {sink.text(values)} found for {given}"
            actual = dict(zip(sink.ports, values, strict=True))
            _result["first_mismatch"] = _result["first_mismatch"] or [self.name, sink.index, actual]


def when(condition: object) -> Any:
    """Makes a cocotb test of a function, where the module has what it tests."""
    return cocotb.test() if condition else lambda function: function


@when(MANIFEST["streams"])
async def back_to_back(dut: Any) -> None:
    """No gap on either side: every beat is right, and latency and initiation interval are the manifest's."""
    async with Bench(dut, "back_to_back") as bench:
        await bench.play()
        if len(bench.latencies) == 1:
            (_result["latency_cycles"],) = bench.latencies
        if LATENCY is not None and bench.latencies != {LATENCY}:
            raise AssertionError(f"latency must be {LATENCY} cycles, not {sorted(bench.latencies)}")
        interval = MANIFEST["initiation_interval"]
        for source in bench.sources:
            gaps = {after - before for before, after in pairwise(source.taken)}
            if interval is not None and gaps - {interval}:
                raise AssertionError(f"initiation interval must be {interval} cycles, not {sorted(gaps)}")


@when(any(HANDSHAKES))
async def random_stalls(dut: Any) -> None:
    """Random gaps on both sides: no beat is lost, repeated or changed, and valid does not wait for ready."""
    async with Bench(dut, "random_stalls") as bench:
        for sink in bench.sinks:
            sink.flow = repeat(False)
        first, still = bench.sinks[0].ends[0], 0
        # Until the beats are in that the first result wants, however many cycles each takes.
        while still < DEPTH + 8 and any(s.index < len(s.ends) and s.ends[s.index] <= first for s in bench.sources):
            still = 0 if await bench.step() else still + 1
        await bench.steps(DEPTH + 8)
        for sink in bench.sinks:
            if sink.valid is not None and sink.ready is not None and sink.held is None:
                raise AssertionError(f"{sink.valid_name} must not wait for {sink.ready_name}, and does")
        for side in bench.sides:
            side.flow = bursts(random.Random(bench.rng.random()))
        await bench.play()


@when(RESET and all(HANDSHAKES))
async def reset_in_midstream(dut: Any) -> None:
    """Resets during traffic: no beat from before comes out after them, and beats from after them are right."""
    async with Bench(dut, "reset_in_midstream") as bench:
        rng = bench.rng
        for turn in range(12):
            for side in bench.sides:
                side.flow = repeat(True) if turn % 2 else bursts(random.Random(rng.random()))
            await bench.steps(rng.randint(1, 3 * DEPTH + 8))
            pulse = RESET is not None and RESET["kind"] == "async" and turn % 3 == 0
            await bench.reset(0 if pulse else rng.choice((1, 1, 2, 3)))
            if turn % 4 > 1:  # offer nothing: what is left inside would come out
                bench.restart(0)
                await bench.steps(DEPTH + 2)
                bench.restart()
        bench.restart(256)
        for side in bench.sides:
            side.flow = bursts(random.Random(rng.random()))
        await bench.play()
