"""What the pages draw: blocks by their registers, cycles of waves, points that nothing beats."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sqlite3
import sys
from fractions import Fraction

import pytest
from nervure.generators.emit import emit
from nervure.generators.page import blocks
from nervure.generators.page.plots import Point, curves, front, scatter, ticks
from nervure.generators.page.points import axes_of, read_points
from nervure.generators.page.structure import Node, Structure, read_structure
from nervure.generators.page.waves import draw_waves, read_waves
from nervure.hw.config import ConfigError
from nervure.hw.mac.config import MacConfig
from nervure.verif.tools import ToolMissing

from .pages import Page

# --- Blocks ----------------------------------------------------------------------------------------------------------


def ranks(structure):
    """Registers before each node, as the drawing counts them."""
    back = blocks._feedback(structure)
    return blocks._keys(structure, {edge: n for edge, n in structure.edges.items() if edge not in back})


@pytest.mark.parametrize("latency", [2, 7])
def test_registers_from_inputs_to_outputs_are_the_latency(latency, tmp_path):
    artifact = emit(MacConfig(latency=latency), tmp_path)
    structure = read_structure(artifact)
    assert ranks(structure)["o_y"][0] == artifact.latency == latency
    assert {name for name, node in structure.nodes.items() if node.kind == "in"} == {"i_a", "i_b", "i_c"}
    blocks_found = {name for name, node in structure.nodes.items() if node.kind == "block"}
    instances = re.findall(rf"^  {artifact.module}__\w+ (\w+) \($", artifact.verilog.read_text(), re.M)
    assert {"unpack_a", "product", "round"} < blocks_found <= set(instances)
    picture = Page(blocks.draw_blocks(structure, "x").svg())
    assert all(name in picture.words for name in structure.nodes)


def graph(edges, kinds=None):
    names = dict.fromkeys(name for edge in edges for name in edge)
    return Structure({name: Node((kinds or {}).get(name, "block"), "") for name in names}, edges, 0, 0)


def test_circles_are_cut_once_and_ranks_rise_along_the_rest():
    rng = random.Random(0)
    for _ in range(50):
        size = rng.randint(2, 9)
        edges = {(f"n{rng.randrange(size)}", f"n{rng.randrange(size)}"): rng.randint(0, 2) for _ in range(3 * size)}
        edges = {(a, b): n for (a, b), n in edges.items() if a != b} or {("n0", "n1"): 1}
        structure = graph(edges)
        keys, back = ranks(structure), blocks._feedback(structure)
        for (a, b), registers in edges.items():
            if (a, b) not in back:
                assert keys[a] < keys[b] and keys[b][0] >= keys[a][0] + registers
        blocks.draw_blocks(structure, "any")


def test_blocks_of_a_row_do_not_overlap():
    edges = {(f"in{k}", f"b{j}"): 0 for k in range(5) for j in range(6)} | {(f"b{j}", "out"): j % 2 for j in range(6)}
    structure = graph(edges, {"out": "out"} | {f"in{k}": "in" for k in range(5)})
    svg = blocks.draw_blocks(structure, "x").svg()
    boxes = [tuple(map(float, box)) for box in re.findall(r'<rect class="\w+" x="(.*?)" y="(.*?)" width="(.*?)"', svg)]
    assert len(boxes) == 12
    for x, y, wide in boxes:
        assert x >= 0
        assert not any(y == y1 and x < x1 < x + wide for x1, y1, _ in boxes)


def test_many_instances_of_numbered_names_are_one_node():
    from nervure.generators.page.structure import _family

    named = {"lane0_unpack_bf16": "lane*_unpack_bf16", "element3": "element*", "unpack_a1_e4m3": "unpack_a*_e4m3",
             "add12_3": "add*_3", "unit7_lane0": "unit*_lane*", "u_int4": "u_int4"}  # fmt: skip
    assert {name: _family(name) for name in named} == named


# --- Waves -----------------------------------------------------------------------------------------------------------

SIGNALS = {"clk": 1, "rst": 1, "i_valid": 1, "i_ready": 1, "i_a": 16, "i_b": 16, "i_c": 32, "o_valid": 1, "o_ready": 1,
           "o_y": 32}  # fmt: skip


def vcd(path, module, rows):
    """A wave file: of each cycle the values that stand before its rise; None is x."""
    names = list(SIGNALS)
    lines = ["$timescale 1ps $end", f"$scope module {module} $end"]
    lines += [f"$var wire {bits} {chr(97 + k)} {name} $end" for k, (name, bits) in enumerate(SIGNALS.items())]
    lines += ["$upscope $end", "$enddefinitions $end"]
    for cycle, row in enumerate(rows):
        lines.append(f"#{1000 * cycle}")
        for name, value in {"clk": 0, **row}.items():
            code = chr(97 + names.index(name))
            bits = "x" if value is None else f"{value:b}"
            lines.append(f"{bits}{code}" if SIGNALS[name] == 1 else f"b{bits} {code}")
        lines += [f"#{1000 * cycle + 500}", "1a"]
    path.write_text("\n".join(lines) + "\n")
    return path


def beats(count, into, out):
    """Cycles with a beat in at ``into`` and one out at ``out``; the first two are reset, with valid already high."""
    return [
        {"rst": int(k < 2), "i_valid": int(k < 2 or k == into), "i_ready": 1, "i_a": 3 * k, "i_b": k % 2, "i_c": None
         if k == into + 1 else 5, "o_valid": int(k == out), "o_ready": 1, "o_y": 0xABCD0000 + k}
        for k in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def mac(tmp_path_factory):
    return emit(MacConfig(), tmp_path_factory.mktemp("mac"))


def test_the_snippet_begins_where_the_first_beat_goes_in(mac, tmp_path):
    rows = beats(30, 5, 9)
    snippet = read_waves(vcd(tmp_path / "w.vcd", mac.module, rows), mac)
    assert snippet.windows == ((4, 16),) and list(snippet.signals) == [name for name in SIGNALS if name != "clk"]
    for name, (bits, values) in snippet.signals.items():
        assert bits == SIGNALS[name] and list(values) == [row[name] for row in rows[4:16]]
    picture = Page(draw_waves(snippet, "clk").svg())
    assert picture.open == [] and "abcd0004" in picture.words and "0xabcd0004" in picture.words and "x" in picture.words


def test_a_late_result_has_a_window_of_its_own(mac, tmp_path):
    snippet = read_waves(vcd(tmp_path / "w.vcd", mac.module, beats(90, 3, 60)), mac)
    assert snippet.windows == ((2, 8), (58, 64))
    assert snippet.signals["i_a"][1] == tuple(3 * k for k in (*range(2, 8), *range(58, 64)))
    assert "… 50 …" in Page(draw_waves(snippet, "clk").svg()).words


def test_a_run_without_beats_shows_its_first_cycles(mac, tmp_path):
    snippet = read_waves(vcd(tmp_path / "w.vcd", mac.module, beats(5, 99, 99)), mac)
    assert snippet.windows == ((0, 5),)


def test_without_a_reader_the_sentence_says_what_to_install(mac, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pywellen", None)
    with pytest.raises(ToolMissing, match=r"^pywellen is missing; install it with: pip install 'nervure\[report\]'$"):
        read_waves(tmp_path / "w.vcd", mac)


# --- Points ----------------------------------------------------------------------------------------------------------


def test_the_front_is_what_nothing_beats():
    rng = random.Random(1)
    points = [(rng.randint(0, 12), rng.randint(0, 12)) for _ in range(60)]
    for (x, y), best in zip(points, front(points), strict=True):
        beaten = [(a, b) for a, b in points if (a < x and b <= y) or (a <= x and b < y)]
        assert best == (not beaten)


@pytest.mark.parametrize("low, high", [(0, 1), (0.3, 0.31), (-5, 17), (100, 2800), (1e-6, 9e-6), (0, 12345)])
def test_ticks_are_round_and_inside(low, high):
    found = ticks(low, high)
    assert 4 <= len(found) <= 12 and all(low - 1e-12 <= tick <= high * (1 + 1e-12) for tick in found)
    step = Fraction(str(found[1])) - Fraction(str(found[0]))
    while step < 1:
        step *= 10
    while step >= 10:
        step /= 10
    assert step in (1, 2, 5)
    assert ticks(4, 4) == [4]


def test_plots_hold_all_points_inside_their_edges():
    points = [Point(1, 5, "one", "cmd 1", True), Point(1, 5), Point(4000, -3, "two")]
    svg = scatter(points, "x", "y").svg()
    dots = [(float(x), float(y)) for x, y in re.findall(r'cx="(.*?)" cy="(.*?)"', svg)]
    assert len(dots) == 3 and all(0 <= x <= 470 and 0 <= y <= 300 for x, y in dots)
    assert Page(svg).commands == ["cmd 1"] and "one" in Page(svg).words
    assert "curve1" in curves([("a", [(0, 0), (1, 1)]), ("b", [(0, 1), (1, 1)])], "x", "y").svg()


def test_rows_of_a_sweep_are_flattened(tmp_path):
    file = tmp_path / "points.json"
    rows = [{"config": {"a": "bf16", "latency": 4}, "metrics": {"lut": 7, "latency": 5}, "command": "c"}]
    for data in (rows, {"rows": rows}, {"points": rows}):
        file.write_text(json.dumps(data))
        assert read_points(file) == [{"a": "bf16", "latency": 4, "lut": 7, "metrics.latency": 5, "command": "c"}]


def database(file, *commands):
    with contextlib.closing(sqlite3.connect(file)) as base, base:
        for command in commands:
            base.execute(*command)
    return file


def test_rows_of_a_database_are_read(tmp_path):
    row = ('{"a": "bf16"}', '{"lut": 7}', "{not json", None, 2.5)
    file = database(
        tmp_path / "sweep.sqlite", ("CREATE TABLE other (x)",),
        ("CREATE TABLE points (config, metrics, command, error, seconds)",),
        ("INSERT INTO points VALUES (?, ?, ?, ?, ?)", row),
    )  # fmt: skip
    assert read_points(file) == [{"a": "bf16", "lut": 7, "command": "{not json", "error": None, "seconds": 2.5}]
    only = database(tmp_path / "only.db", ('CREATE TABLE "a ""b" (lut)',), ('INSERT INTO "a ""b" VALUES (3)',))
    assert read_points(only) == [{"lut": 3}]


def test_databases_without_points(tmp_path):
    two = database(tmp_path / "two.db", ("CREATE TABLE a (x)",), ("CREATE TABLE b (x)",))
    with pytest.raises(ConfigError) as error:
        read_points(two)
    assert str(error.value) == f"points file must have a table points, not a, b ({two})"
    cut = tmp_path / "cut.db"
    cut.write_bytes(two.read_bytes()[:600])
    with pytest.raises(ConfigError, match=r"^points file must be a database that can be read \(.*; .*cut\.db\)$"):
        read_points(cut)


@pytest.mark.parametrize("text, sentence", [
    ("{", "points file must be JSON, not {file!r}"),
    ("[]", "points file must hold a list of objects ({file})"),
    ("[1]", "points file must hold a list of objects ({file})"),
    ('{"other": []}', "points file must hold a list of objects ({file})"),
    ("7", "points file must hold a list of objects ({file})"),
])  # fmt: skip
def test_files_that_hold_no_points(tmp_path, text, sentence):
    file = tmp_path / "points.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_points(file)
    assert str(error.value) == sentence.format(file=str(file) if "!r" in sentence else file)


def test_axes_are_asked_for_or_usual():
    rows = [{"lut": 5, "ff": 2, "depth": 3, "name": "a", "ok": True}, {"lut": 6, "ff": 2, "depth": None}, {"depth": 4}]
    assert axes_of(rows, None) == ("lut", "depth") and axes_of(rows, "ff, -lut") == ("ff", "-lut")


@pytest.mark.parametrize("asked, sentence", [
    ("lut", "plot must be two metrics X,Y, not 'lut'"),
    ("lut,ff,x", "plot must be two metrics X,Y, not 'lut,ff,x'"),
    ("lut,lot", "unknown metric 'lot'; did you mean lut?"),
    ("name,lut", "unknown metric 'name'; known: lut, ok_share"),
    (None, "plot must be given as X,Y for these points; known: lut, ok_share"),
])  # fmt: skip
def test_axes_that_no_point_has(asked, sentence):
    with pytest.raises(ConfigError) as error:
        axes_of([{"lut": 5, "name": "a", "ok_share": 0.5, "bad": float("inf")}], asked)
    assert str(error.value) == sentence
