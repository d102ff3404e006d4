"""Activity: every count against one made by other means."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as mac_bench
from nervure.verif import tools
from nervure.verif.activity import ActivityModel, activity
from nervure.verif.nets import read_nets

from .toy import toy

BENCH = SimpleNamespace(
    config_of=lambda artifact: artifact.manifest["config"],
    operations=lambda config: {"multiply_8x8": 1, "add_32": 1, "memory_read_bits": 12},
)
BEATS = 1000


def codes(beats: int = BEATS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"a": rng.integers(0, 256, beats), "b": rng.integers(0, 256, beats), "c": rng.integers(0, 1 << 32, beats)}


def toggles(values: np.ndarray, cycles: int, delay: int = 0) -> int:
    """Bits that change when zeros are followed by the values from cycle ``delay`` on, the last one being held."""
    held = np.concatenate([np.zeros(1 + delay, np.uint64), values.astype(np.uint64)])
    held = np.concatenate([held, np.repeat(held[-1:], max(0, cycles + 1 - len(held)))])[: cycles + 1]
    return int(np.bitwise_count(held[1:] ^ held[:-1]).sum())


def by_group(report):
    return {group.name: (group.register_toggles, group.net_toggles) for group in report.groups}


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    return toy(tmp_path_factory.mktemp("stream"))


@pytest.mark.parametrize("interface", ["bare", "stream"])
def test_toggles_equal_those_of_the_arithmetic(tmp_path, interface):
    artifact, x = toy(tmp_path, interface=interface), codes()
    report = activity(artifact, BENCH, x)
    cycles = BEATS + 2
    product, total = x["a"] * x["b"], (x["a"] * x["b"] + x["c"]) % (1 << 32)
    # Of the handshake: i_valid rises and falls, o_ready rises; valid[0] rises and falls, valid[1] rises.
    ports, ranks = (3, 3) if interface == "stream" else (0, 0)
    registers = sum(toggles(v, cycles, d) for v, d in ((product, 1), (x["c"], 1), (total, 2)))
    assert by_group(report) == {
        "top": (registers + ranks, 0),
        "inputs": (0, sum(toggles(v, cycles) for v in x.values()) + ports),
        "product.multiplier": (0, toggles(product, cycles)),
        "sum": (0, toggles(total, cycles, 1)),
    }
    bits = {group.name: (group.registers, group.nets) for group in report.groups}
    handshake = interface == "stream"
    assert bits["top"] == (82 if handshake else 80, 1 if handshake else 0)
    assert bits["inputs"] == (0, 50 if handshake else 48)
    assert bits["product.multiplier"] == (0, 16) and bits["sum"] == (0, 32)
    assert (report.beats, report.cycles, report.idle_cycles) == (BEATS, cycles, 2)
    assert (report.multiplies, report.adds, report.memory_bits) == (BEATS, BEATS, 12 * BEATS)


def test_stalls_cost_cycles_and_no_data_toggles(stream):
    x = codes()
    free = activity(stream, BENCH, x)
    report = activity(stream, BENCH, x, stall_in=0.3, stall_out=0.5, seed=7)
    assert report.beats == BEATS
    assert report.idle_cycles == report.cycles - BEATS > BEATS / 2
    assert report.stalled_out > BEATS / 4 and report.stalled_in > 0 and report.quiet_cycles > 0
    for group in ("product.multiplier", "sum"):
        assert by_group(report)[group] == by_group(free)[group]
    again = activity(stream, BENCH, x, stall_in=0.3, stall_out=0.5, seed=7)
    assert again.groups == report.groups and again.cycles == report.cycles
    assert activity(stream, BENCH, x, stall_in=0.3, stall_out=0.5, seed=8).cycles != report.cycles


def test_nothing_moves_nothing_counted(stream):
    x = {key: np.zeros(50, np.int64) for key in "abc"}
    report = activity(stream, BENCH, x)
    assert by_group(report) == {"top": (3, 0), "inputs": (0, 3), "product.multiplier": (0, 0), "sum": (0, 0)}
    assert report.quiet_cycles == 52 - 5  # i_valid, valid[0] and valid[1] rise in turn; i_valid and valid[0] fall


def test_report_is_json(stream):
    report = activity(stream, BENCH, codes()).to_dict()
    again = json.loads(json.dumps(report))
    assert again == report
    assert {"beats", "cycles", "idle_cycles", "multiplies", "adds", "memory_bits", "groups", "energy"} <= set(report)
    priced = report["energy"]["operations"]["totals_pj"]
    assert priced["45 nm"] == pytest.approx(BEATS * 0.3)
    switching = sum(report["energy"]["switching"]["totals_pj"].values())
    assert switching == pytest.approx(sum(group["pj"] for group in report["groups"]))
    assert switching == pytest.approx(0.0005 * (report["register_toggles"] + report["net_toggles"]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"a": np.zeros(0, np.int64)}, "a must hold at least one beat, not 0"),
        ({"a": np.full(3, 256)}, "a must be codes of 8 bits, not 256"),
        ({"a": np.full(3, -1)}, "a must be codes of 8 bits, not -1"),
        ({"b": np.zeros(4, np.int64)}, "b must have shape (3,), not (4,)"),
        ({"d": np.zeros(3, np.int64)}, "inputs must be a, b, c, not a, b, c, d"),
        ({"stall_in": 1.0}, "stall_in must be at least 0 and below 1, not 1.0"),
    ],
)
def test_inputs_that_do_not_fit(stream, change, sentence):
    x = {key: np.zeros(3, np.int64) for key in "abc"} | {k: v for k, v in change.items() if k != "stall_in"}
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        activity(stream, BENCH, x, stall_in=change.get("stall_in", 0.0))


def test_a_bare_unit_has_no_stalls(tmp_path):
    with pytest.raises(ValueError, match=r"^stall_out must be 0 for a stream without that handshake, not 0\.5$"):
        activity(toy(tmp_path, interface="bare"), BENCH, codes(3), stall_out=0.5)


def test_every_net_of_an_emitted_unit_against_another_simulator(tmp_path):
    """Counts from a VCD of Icarus; and no named bit of the file moves without being, or equalling, a counted net."""
    config = MacConfig(a="fp8_e4m3", b="fp8_e4m3", acc="bf16", interface="bare")
    artifact = emit(config, tmp_path / "unit")
    x = mac_bench.stimulus(config, 300, 3)
    report = activity(artifact, mac_bench, x)
    waves = _waves(artifact, x, tmp_path)
    nets = read_nets(artifact)
    counted, seen = {}, set()
    for group in nets.groups:
        for segment in group.segments:
            name = segment.signal.replace("\\", "").replace(" ", "")
            bits = waves[name] if segment.first is None else waves[name][segment.last : segment.first + 1]
            assert len(bits) == segment.width
            seen |= {wave.tobytes() for wave in bits}
            key = group.name, group.register
            counted[key] = counted.get(key, 0) + sum(int((wave[1:] != wave[:-1]).sum()) for wave in bits)
    expected = {}
    for group in report.groups:
        if group.registers:
            expected[group.name, True] = group.register_toggles
        if group.nets:
            expected[group.name, False] = group.net_toggles
    assert counted == expected
    assert sum(expected.values()) > 50_000
    for name, bits in waves.items():
        if name != "clk":
            assert all(wave.tobytes() in seen or (wave == wave[0]).all() for wave in bits), name


def _waves(artifact, x, folder) -> dict[str, list[np.ndarray]]:
    """Bits of every signal of the unit (bit 0 first), settled before each rising edge, from rest on."""
    beats, rest = len(x["a"]), 64
    stimulus = [f"    i_a = {a}; i_b = {b}; i_c = {c}; #10;" for a, b, c in zip(x["a"], x["b"], x["c"], strict=True)]
    bench = [
        "module bench; reg clk = 0; reg [7:0] i_a = 0, i_b = 0; reg [15:0] i_c = 0; wire [15:0] o_y;",
        f"  {artifact.module} unit(.clk(clk), .i_a(i_a), .i_b(i_b), .i_c(i_c), .o_y(o_y));",
        "  always #5 clk = ~clk;  // rises at 5, 15, 25 ...",
        '  initial begin $dumpfile("waves.vcd"); $dumpvars(0, unit);',
        f"    #{10 * rest};",
        *stimulus,
        f"    #{10 * artifact.latency}; $finish; end",
        "endmodule",
    ]
    (folder / "bench.v").write_text("\n".join(bench))
    compile_, simulate = tools.icarus()
    tools.run([*compile_, "-o", "bench.vvp", "bench.v", str(artifact.verilog)], cwd=folder)
    tools.run([*simulate, "bench.vvp"], cwd=folder)
    samples = beats + artifact.latency + 1
    first = 10 * (rest - 1) + 5  # the rising edge of the last cycle at rest
    scopes, places, values, waves = [], {}, {}, {}
    edge = 0

    def sample() -> None:
        for name, (code, width) in places.items():
            text = values[code].rjust(width, "0" if values[code][0] in "01" else values[code][0])
            assert set(text) <= {"0", "1"}, name
            for bit in range(width):
                waves[name][bit][edge] = text[width - 1 - bit] == "1"

    for line in (folder / "waves.vcd").read_text().splitlines():
        words = line.split()
        match words[0] if words else "":
            case "$scope":
                scopes.append(words[2])
            case "$upscope":
                scopes.pop()
            case "$var":
                name, width = ".".join([*scopes[2:], words[4].lstrip("\\")]), int(words[2])
                places[name] = words[3], width
                waves[name] = [np.zeros(samples, bool) for _ in range(width)]
            case text if re.fullmatch(r"#\d+", text):
                # What is known when time leaves the edge behind was settled before it (but for the clock's own rise).
                while edge < samples and int(text[1:]) >= first + 10 * edge:
                    sample()
                    edge += 1
            case text if re.match(r"b[01xz]+", text):
                values[words[1]] = text[1:]
            case text if re.match(r"[01xz]", text):
                values[text[1:]] = text[0]
    while edge < samples:
        sample()
        edge += 1
    return waves


def test_speed_on_an_emitted_unit(tmp_path):
    config = MacConfig()
    artifact = emit(config, tmp_path)
    model, x = ActivityModel(artifact), mac_bench.stimulus(config, 200_000, 5, "uniform")
    counts, found, seconds = model.run(x)
    assert counts.cycles == 200_000 + config.latency
    assert counts.cycles / seconds > 3e5  # millions on an idle machine
    assert sum(found.values()) > 100 * counts.cycles


def test_nets_of_odd_shapes(tmp_path):
    artifact = toy(tmp_path)
    artifact.verilog.write_text("""
module toy(input clk, input rst, input [0:3] i_a, input [11:8] i_b, output [7:0] o_y, output o_z);
  wire [7:0] joined = {i_b, i_a};
  reg [7:0] held;
  assign o_y[3:0] = held[7:4], o_y[7:4] = {4{i_a[0]}} ^ i_b;
  always @(posedge clk) held <= rst ? 8'd0 : joined;
  part one (.x(held[0]), .y(o_z)), two (.x(1'b1), .y());
endmodule
module part(input x, output y);
  assign y = ~x;
endmodule
""")
    found = {(g.name, g.register): {s.reference.replace("\\", "").replace(" ", "") for s in g.segments}
             for g in read_nets(artifact).groups}  # fmt: skip
    assert found == {
        ("inputs", False): {"i_a[0:3]", "i_b[11:8]"},
        ("top", True): {"held[7:0]"},
        ("top", False): {"o_y[7:4]"},
        ("one", False): {"one.y"},
        ("two", False): {"two.y"},
    }
    pieces = [s.reference for group in read_nets(artifact).groups for seg in group.segments for s in seg.pieces(3)]
    assert r"\i_a [0:2]" in pieces and r"\i_a [3]" in pieces and r"\i_b [11:9]" in pieces


def test_a_memory_of_one_word_is_seen_as_the_word_of_a_memory(tmp_path):
    """Yosys takes it for a register; its name is none that the file escapes."""
    artifact = toy(tmp_path)
    artifact.verilog.write_text(r"""
module toy(input clk, input rst, input [3:0] i_a, output [3:0] o_y);
  reg [3:0] kept [0:0];
  reg [1:0] \odd[0] ;
  always @(posedge clk) begin kept[0] <= i_a; \odd[0] <= i_a[1:0]; end
  assign o_y = kept[0] ^ \odd[0] ;
endmodule
""")
    shown = {s.reference for g in read_nets(artifact).groups for s in g.segments if g.register}
    assert shown == {r"\kept [0][3:0]", r"\odd[0] [1:0]"}
