"""Proofs of units of several lanes and modes: each lane of each mode, and what becomes of a wire that is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from importlib import import_module

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif.artifact import Artifact
from nervure.verif.mac import proofs
from nervure.verif.mac.claims import claims
from nervure.verif.mac.lanes import Lanes, regions
from nervure.verif.mac.packing_proofs import misplaced

from . import rational

# A unit written by hand: two lanes of int4, or one of int3, or one of int2. The braces are what the tests break.
TOY = {"a": "int4,int3,int2", "b": "int4,int3,int2", "acc": "int16", "lanes_a": [2, 1, 1], "latency": 2,
       "module": "toy"}  # fmt: skip
UNIT = """
module toy(clk, rst, i_valid, i_ready, i_mode, i_a, i_b, i_c, o_valid, o_ready, o_y);
  input clk, rst, i_valid, o_ready; input [1:0] i_mode; input [7:0] i_a; input [3:0] i_b; input [31:0] i_c;
  output i_ready, o_valid; output [31:0] o_y;
  function [3:0] m4(input [3:0] x); m4 = x[3] ? -x : x; endfunction
  function [2:0] m3(input [2:0] x); m3 = x[2] ? -x : x; endfunction
  function [1:0] m2(input [1:0] x); m2 = x[1] ? -x : x; endfunction
  wire [1:0] k = {mode};
  wire [{wa}-1:0] fa = k == 0 ? m4(i_a[3:0]) << {a00} | m4(i_a[7:4]) << {a01} :
                       k == 1 ? m3(i_a[2:0]) << {a10} : m2(i_a[1:0]) << {a20};
  wire [{wb}-1:0] fb = k == 0 ? m4(i_b) << {b00} : k == 1 ? m3({narrow}) << {b10} : m2(i_b[1:0]) << {b20};
  wire [{wa}+{wb}-1:0] p; toy__product product(.a(fa), .b(fb), .p(p));
  wire s0 = k == 0 ? i_a[3] ^ i_b[3] : k == 1 ? i_a[2] ^ i_b[2] : i_a[1] ^ i_b[1];
  reg v1 = 0, v2 = 0, r0, r1; reg [1:0] k1; reg [{wa}+{wb}-1:0] p1; reg [31:0] c1, y2;
  wire [6:0] w0 = k1 == 0 ? p1[{at00} +: {n0}] : k1 == 1 ? p1[{at10} +: {n1}] : p1[{at20} +: {n2}];
  wire [6:0] w1 = p1[{window} +: {n0}];
  wire e = o_ready | ~v2;
  assign i_ready = e, o_valid = v2, o_y = y2;
  always @(posedge clk) begin
    if (e) begin
      v1 <= i_valid; k1 <= k; p1 <= p; c1 <= i_c; r0 <= s0; r1 <= {sign};
      v2 <= v1; y2[15:0] <= c1[15:0] + (r0 ? -{9'b0, w0} : {9'b0, w0}) + ({first});
      y2[31:16] <= {idle} ? c1[31:16] + (r1 ? -{9'b0, w1} : {9'b0, w1}) + ({second}) : 0;
    end
    if (rst) begin v1 <= 0; v2 <= 0; end
  end
endmodule
module toy__product(input [{wa}-1:0] a, input [{wb}-1:0] b, output [{wa}+{wb}-1:0] p);
  toy__product__multiplier block(.a(a), .b(b), .p(p));
endmodule
module toy__product__multiplier(input [{wa}-1:0] a, input [{wb}-1:0] b, output [{wa}+{wb}-1:0] p);
  assign p = a * b;
endmodule
"""
SOUND = {"mode": "i_mode == 3 ? 2 : i_mode", "narrow": "i_b[2:0]", "sign": "i_a[7] ^ i_b[3]", "idle": "k1 == 0",
         "first": "0", "second": "0"}  # fmt: skip


def toy(directory, **changes):
    """The unit written by hand as an artefact, with some of its text replaced."""
    config = MacConfig(**TOY)
    artifact = emit(config, directory)
    (whole,) = regions(config)
    places = {"wa": whole.a.stop, "wb": whole.b.stop, "window": config.modes[0].packing.at(1, 0)}
    for k, mode in enumerate(config.modes):
        packing = mode.packing
        places |= {f"n{k}": packing.window, f"b{k}0": packing.b[0], f"at{k}0": packing.at(0, 0)}
        places |= {f"a{k}{i}": start for i, start in enumerate(packing.a)}
    fill = {**places, **SOUND, **changes}
    text = re.sub(r"\{(\w+)\}", lambda found: str(fill.get(found[1], found[0])), UNIT)
    return rewritten(artifact, text)


def rewritten(artifact, text):
    """The artefact with another file."""
    artifact.verilog.write_text(text)
    manifest = json.loads(json.dumps(artifact.manifest))
    manifest["files"][0]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (artifact.directory / f"{artifact.module}.json").write_text(json.dumps(manifest))
    return Artifact.load(artifact.directory)


def tried(artifact, *names):
    """Verdicts by claim, of some claims or of all: the last of each claim's parts that is not proved, or the last."""
    found = {}
    for claim in claims(artifact):
        if names and claim.name not in names:
            continue
        for part in claim.parts:
            module, _, name = part.function.partition(":")
            verdict = getattr(import_module(module), name)(artifact.directory, **part.arguments)
            if claim.name not in found or verdict.status != "proved":
                found[claim.name] = verdict
    return found


def refuted(artifact, name):
    verdict = tried(artifact, name)[name]
    assert verdict.status == "refuted", verdict
    return verdict.counterexample


# Proved.


def test_a_unit_written_by_hand_is_proved(tmp_path):
    found = tried(toy(tmp_path))
    assert {name: verdict.method for name, verdict in found.items() if verdict.status != "proved"} == {}
    of_modes = [f"{claim} of mode {k}, lanes {shape}" for k, shape in enumerate(("2x1", "1x1", "1x1"))
                for claim in ("packing", "significands", "range", "sum", "anchor")]  # fmt: skip
    assert list(found) == ["balance", "handshake", "product", *of_modes, "modes beyond the last", "netlist"]


@pytest.mark.parametrize("changes", [
    {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "fp8_e4m3", "lanes_a": 2, "lanes_b": 2},
    {"a": "fp4_e2m1,int2", "b": "int2,int2", "acc": "fp8_e5m2,int16", "lanes_a": [1, 2], "lanes_b": [2, 1],
     "multiplier": "lut", "interface": "bare"},
], ids=["fp4", "apart"])  # fmt: skip
def test_every_lane_is_proved(changes, tmp_path):
    artifact = emit(MacConfig(**changes), tmp_path)
    names = [claim.name for claim in claims(artifact) if claim.name != "netlist"]
    found = tried(artifact, *names)
    assert {name: verdict.method for name, verdict in found.items() if verdict.status != "proved"} == {}
    assert len(found) == len(names) >= 7


def test_scopes_name_formats_and_lanes(tmp_path):
    config = MacConfig(a="bf16,fp8_e4m3", b="bf16,fp8_e4m3", acc="bf16", lanes_a="max", lanes_b="max")
    scopes = {claim.name: claim.scope for claim in claims(emit(config, tmp_path))}
    assert "b (fp8_e4m3) and c (bf16), all 8-bit products, 2x2 lanes" in scopes["sum of mode 1, lanes 2x2"]
    assert "the packed product of bf16 and bf16" in scopes["packing of mode 0, lanes 2x1"]
    assert "anchor of sums of mode 0, lanes 2x1" in scopes
    one = {claim.name for claim in claims(emit(MacConfig(a="int8", b="int8", acc="int32"), tmp_path / "one"))}
    assert one == {"balance", "handshake", "product", "significands", "range", "sum", "anchor", "netlist"}


# Refuted.


@pytest.mark.parametrize("changes, name, lane", [
    ({"window": "6"}, "sum of mode 0, lanes 2x1", "1, 0"),
    ({"sign": "i_a[3] ^ i_b[3]"}, "sum of mode 0, lanes 2x1", "1, 0"),
    ({"n0": "6"}, "sum of mode 0, lanes 2x1", "0, 0"),
    ({"at10": "0"}, "sum of mode 1, lanes 1x1", "0, 0"),
    ({"idle": "1"}, "sum of mode 1, lanes 1x1", "1, 0"),
    ({"idle": "k1 != 1"}, "sum of mode 2, lanes 1x1", "1, 0"),
    ({"narrow": "i_b[3:1]"}, "significands of mode 1, lanes 1x1", "0, 0"),
    ({"a01": "8"}, "significands of mode 0, lanes 2x1", "1, 0"),
])  # fmt: skip
def test_a_wrong_wire_is_refuted_with_mode_and_lane(changes, name, lane, tmp_path):
    found = refuted(toy(tmp_path, **changes), name)
    config = MacConfig(**TOY)
    number = int(name.split("mode ")[1][0])
    assert (found["mode"], found["lane"]) == (f"{number} ({config.modes[number].name})", lane)
    assert "beat" in found
    if "(a lane" in found["expected"]:
        assert int(found["y"], 16) != 0
        return
    codes = {key: int(found[key].split()[0], 16) for key in ("a", "b", "c", "expected")}
    assert codes["expected"] == rational.fma(config.lane(number), codes["a"], codes["b"], codes["c"])
    assert "(" in found["a"]
    assert found["y"] != found["expected"]


@pytest.mark.parametrize("lane, word, addend", [("first", "w0", "c1[15:0]"), ("second", "w1", "c1[31:16]")])
def test_what_no_operands_multiply_to_does_not_matter(lane, word, addend, tmp_path):
    """A lane that is wrong where its product is 11 is right: 11 is no product of two factors of at most 8; 49 is."""
    artifact = toy(tmp_path / "right", **{lane: f"k1 == 0 && {word} == 11"})
    verdict = proofs.total(artifact.directory, 0) if lane == "first" else proofs.alike(artifact.directory, 0)
    assert (verdict.status, verdict.method) == ("proved", "kissat, multiplier included")
    wrong = {lane: f"k1 == 0 && {word} == 49 && {addend} == 16'h1234"}
    found = refuted(toy(tmp_path / "wrong", **wrong), "sum of mode 0, lanes 2x1")
    y, expected = (int(found[key].split()[0], 16) for key in ("y", "expected"))
    assert (found["c"], y) == ("0x1234 (4660)", expected + 1)


def test_a_mode_beyond_the_last_is_refuted(tmp_path):
    found = refuted(toy(tmp_path, mode="i_mode == 3 ? 1 : i_mode"), "modes beyond the last")
    assert found["mode"] == "3, not as 2"


def test_a_lane_that_is_not_like_the_first_is_refuted(tmp_path):
    changes = {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "fp8_e4m3", "lanes_a": 2, "lanes_b": 2}
    artifact = emit(MacConfig(**changes), tmp_path)
    # Lane 0, 1 is given the addend of lane 0, 0.
    broken = re.sub(r"\bi_c\b", "given", artifact.verilog.read_text())
    broken = broken.replace(", given,", ", i_c,", 1).replace("input [31:0] given;", "input [31:0] i_c;", 1)
    broken = broken.replace("wire [31:0] given;", "wire [31:0] given = {i_c[31:16], i_c[7:0], i_c[7:0]};", 1)
    found = refuted(rewritten(artifact, broken), "sum of lanes 2x2")
    assert found["lane"] == "0, 1"


# The places of operands and windows.

GRIDS = {
    "fp8": MacConfig(a="fp8_e4m3", b="fp8_e4m3", acc="bf16", lanes_a=2, lanes_b=2),
    "fp4": MacConfig(a="fp4_e2m1", b="fp4_e2m1", acc="bf16", lanes_a=3, lanes_b=3),
    "apart": MacConfig(a="fp4_e2m1", b="fp4_e2m1", acc="bf16", lanes_a=2, lanes_b=2, multiplier="lut"),
}


@pytest.mark.parametrize("name, change, where", [
    ("fp8", {}, None), ("fp4", {}, None), ("apart", {}, None),
    ("fp8", {"a": (0, 15)}, "windows must not overlap"),
    ("fp8", {"b": (0, 3)}, "operands of b must not overlap"),
    ("fp8", {"a": (0, 40)}, "all 4 lanes must be multiplied"),
    ("fp8", {"a": (0, 18)}, "operand 1 of a must lie inside bits 0 to 19"),
    ("fp8", {"window": 7}, "windows must hold 225, the largest product, in more than 7 bits"),
    ("fp4", {"window": 5}, "must end within 36 bits"),
    ("apart", {"slots": (2, 3)}, "the window of lane (0, 1) must start at bit 4, not 3"),
    ("apart", {"a": (0, 1)}, "operands of a must not overlap"),
])  # fmt: skip
def test_packing_is_refused_where_products_mix(name, change, where):
    config = GRIDS[name]
    (mode,) = config.modes
    found = misplaced(config, replace(mode, packing=replace(mode.packing, **change)))
    assert found == where if where is None else where in str(found)


def test_regions_cover_the_product():
    assert [(r.a, r.b, r.p) for r in regions(GRIDS["apart"])][-1] == (slice(2, 4), slice(2, 4), slice(12, 16))
    assert [r.p.stop for r in regions(GRIDS["fp8"])] == [32]


def test_lanes_of_a_mode_read_their_own_codes(tmp_path):
    unit = Lanes(toy(tmp_path).directory, 1)
    assert unit.used == [(0, 0)]
    assert [len(word) for word in unit.of_lane((0, 0)).values()] == [3, 3, 16, unit.mode.packing.window]
    assert unit.aig.support(unit.y[0]) <= {x >> 1 for word in unit.of_lane((0, 0)).values() for x in word}
    assert unit.y[1] == [0] * 16
