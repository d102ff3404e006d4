"""Proofs: what holds is proved, what does not is refuted in the formats' own values, what is not settled is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.mac import proofs
from nervure.verif.mac.claims import claims
from nervure.verif.mutate import negative_control
from nervure.verif.prove import Claim, Part, prove

from . import rational
from .faults import signed

FP8 = {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16"}
ANCHORS = tuple(f"anchor of {what}" for what in ("operands", "specials", "sums", "rounding"))

# A unit written by hand: y = a * b + c on int4 and int16, two ranks. The braces are what the tests break.
UNIT = """
module toy(clk, rst, i_valid, i_ready, i_a, i_b, i_c, o_valid, o_ready, o_y);
  input clk, rst, i_valid, o_ready; input [3:0] i_a, i_b; input [15:0] i_c;
  output i_ready, o_valid; output [15:0] o_y;
  reg v1 = 0, v2 = 0, s1; reg [7:0] p1; reg [15:0] c1, y2;
  wire [3:0] ma = {magnitude}, mb = i_b[3] ? -i_b : i_b; wire [7:0] p;
  wire e2 = o_ready | ~v2, e1 = {chain};
  assign i_ready = e1, o_valid = v2, o_y = y2;
  toy__product product(.a(ma), .b(mb), .p(p));
  always @(posedge clk) begin
    if (e1) begin v1 <= i_valid; p1 <= p; s1 <= {sign}; c1 <= i_c; end
    if ({load}) begin v2 <= v1; y2 <= {addend} {operation}; end
    if (rst) begin {reset} end
  end
endmodule
module toy__product(input [3:0] a, input [3:0] b, output [7:0] p);
  {product}
endmodule
module toy__tile__multiplier(input [3:0] a, input [3:0] b, output [7:0] p);
  assign p = a {times} b;
endmodule
module toy__half__multiplier(input [1:0] a, input [3:0] b, output [5:0] p);
  assign p = a * b;
endmodule
"""
SOUND = {
    "magnitude": "i_a[3] ? -i_a : i_a", "chain": "e2 | ~v1", "sign": "i_a[3] ^ i_b[3]", "load": "e2", "addend": "c1",
    "operation": "+ (s1 ? -{8'b0, p1} : {8'b0, p1})", "reset": "v1 <= 0; v2 <= 0;", "times": "*",
    "product": "toy__tile__multiplier tile(.a(a), .b(b), .p(p));",
}  # fmt: skip
TILED = (
    "wire [5:0] low, high; assign p = low + (high << {shift}); toy__half__multiplier t0(.a(a[1:0]), .b(b), .p(low)), "
    "t1(.a(a[3:2]), .b(b), .p(high));"
)


def toy(directory, **changes):
    """The unit written by hand as an artefact, with some of its text replaced."""
    config = MacConfig(a="int4", b="int4", acc="int16", latency=2, module="toy")
    artifact = emit(config, directory)
    text = UNIT
    for key, value in {**SOUND, **changes}.items():
        text = text.replace(f"{{{key}}}", value)
    return signed(artifact, text)


def tried(artifact, *names, **options):
    """Results by name of some claims, or of all."""
    chosen = [claim for claim in claims(artifact) if not names or claim.name in names]
    return {result.name: result for result in prove(artifact, chosen, **options)}


def refuted(artifact, name):
    result = tried(artifact, name)[name]
    assert result.status == "refuted", result
    assert result.counterexample
    return result.counterexample


# The proof of a unit.


def test_fp8_is_proved_at_full_width(tmp_path):
    results = tried(emit(MacConfig(**FP8), tmp_path))
    assert {name: result.status for name, result in results.items()} == dict.fromkeys(
        ("balance", "handshake", "product", "significands", "range", "sum", *ANCHORS, "netlist"), "proved"
    )
    assert "all codes of a (fp8_e4m3), b (fp8_e4m3) and c (bf16)" in results["sum"].scope
    assert "fp.fma(a, b, c)" in results["anchor of specials"].method
    assert "to_fp of Float128" in results["anchor of rounding"].method
    assert set(results["sum"].to_dict()) == {"name", "scope", "status", "method", "seconds", "counterexample"}


@pytest.mark.parametrize(
    "changes",
    [{}, {"chain": "e2"}, {"product": TILED.replace("{shift}", "2")}],
    ids=["chained enables", "one enable", "tiled"],
)
def test_a_unit_written_by_hand_is_proved(changes, tmp_path):
    results = tried(toy(tmp_path, **changes))
    assert [(r.name, r.status, r.method) for r in results.values() if r.status != "proved"] == []


@pytest.mark.parametrize(
    "name, changes, where",
    [
        ("balance", {"addend": "i_c"}, "must lie equally far from all inputs, not 0 registers by i_c and 1 by"),
        ("balance", {"addend": "y2"}, "y2[0] must not depend on itself through registers"),
        ("handshake", {"load": "1"}, "rank 1 does not keep a beat that moves on"),
        ("handshake", {"chain": "1"}, "rank 1 is overwritten only when its beat moves on"),
        ("handshake", {"chain": "o_ready", "load": "o_ready"}, "all ranks move when the output offers no beat"),
        ("handshake", {"sign": "i_a[3] ^ i_b[3] ^ o_ready"}, "rank 1 loads whole or holds whole"),
        ("handshake", {"reset": "v1 <= 0;"}, "one cycle of reset empties every rank, from any state"),
        ("product", {"times": "+"}, "it must be one multiplication, not $add"),
    ],
)
def test_faults_of_structure_are_refuted(name, changes, where, tmp_path):
    found = refuted(toy(tmp_path, **changes), name)
    assert where in found.get("where", "") + found.get("violated", "")


def test_faults_of_arithmetic_are_refuted_in_the_formats_own_values(tmp_path):
    found = refuted(toy(tmp_path / "sum", operation="- (s1 ? -{8'b0, p1} : {8'b0, p1})"), "sum")
    codes = {key: int(value.split()[0], 16) for key, value in found.items()}
    config = MacConfig(a="int4", b="int4", acc="int16")
    assert codes["expected"] == rational.fma(config, codes["a"], codes["b"], codes["c"]) != codes["y"]
    assert all("(" in value for value in found.values())
    # A fault that one sum in 2^24 shows: no random vector does, the solver does.
    rare = "+ (s1 ? -{8'b0, p1} : {8'b0, p1}) + (c1 == 16'h1234 && p1 == 8'd35 && s1)"
    found = refuted(toy(tmp_path / "rare", operation=rare), "sum")
    assert found["c"] == "0x1234 (4660)"
    assert int(found["y"].split()[0], 16) == int(found["expected"].split()[0], 16) + 1
    refuted(toy(tmp_path / "magnitude", magnitude="i_a[3] ? ~i_a : i_a"), "significands")
    wrong = refuted(toy(tmp_path / "tiles", product=TILED.replace("{shift}", "3")), "product")
    assert int(wrong["p"], 16) != int(wrong["a"], 16) * int(wrong["b"], 16)


def test_a_unit_of_another_config_is_refuted(tmp_path):
    artifact = signed(emit(MacConfig(**FP8), tmp_path), rounding="rtz")
    found = refuted(artifact, "sum")
    config = MacConfig(**artifact.manifest["config"])
    codes = {key: int(value.split()[0], 16) for key, value in found.items()}
    assert codes["expected"] == rational.fma(config, codes["a"], codes["b"], codes["c"]) != codes["y"]


def test_a_bare_unit_moves_in_every_cycle(tmp_path):
    artifact = emit(MacConfig(a="int4", b="int4", acc="int16", interface="bare", latency=3), tmp_path)
    results = tried(artifact, "balance", "advance")
    assert [result.status for result in results.values()] == ["proved", "proved"]


def test_eight_bit_results_are_exhausted(tmp_path):
    config = MacConfig(a="fp4_e2m1", b="fp6_e3m2", acc="fp8_e4m3", product="rounded", subnormals="flush")
    artifact = emit(config, tmp_path)
    result = tried(artifact, "sum")["sum"]
    assert (result.status, result.method) == ("proved", "all 262144 sums simulated against the golden model")
    found = refuted(signed(artifact, overflow="saturate"), "sum")
    assert found["expected"] == "0xfe (-448.0)" or found["expected"] == "0x7e (448.0)"


# Proved is never said of what is not.


def test_what_is_not_settled_in_time_is_unknown(tmp_path):
    results = tried(emit(MacConfig(a="fp32", b="fp32", acc="fp32"), tmp_path), "sum", timeout=0.05)
    assert (results["sum"].status, results["sum"].method) == ("unknown", "no verdict after 0.05 s")


def test_what_fails_or_is_empty_is_unknown(tmp_path):
    artifact = toy(tmp_path)
    bad = [
        Claim("fails", "", (Part("nervure.verif.proofs:same", {"other": str(tmp_path / "nowhere")}),)),
        Claim("dies", "", (Part("os:_exit"),)),
        Claim("says nothing", "", (Part("builtins:str"),)),
        Claim("is empty", "", ()),
    ]
    results = prove(artifact, bad)
    assert [result.status for result in results] == ["unknown"] * 4
    assert results[0].method.startswith("ValueError: directory must hold one manifest, not 0")
    with pytest.raises(ValueError, match="timeout must be positive, not 0"):
        prove(artifact, [], timeout=0)


# The negative control.


def test_every_fault_is_found_or_none(tmp_path):
    control = negative_control(emit(MacConfig(**FP8), tmp_path), bench, count=8, seed=3)
    assert len(control.faults) == 8
    assert control.survivors == []
    assert control.count("vectors") >= 4
    assert control.to_dict()["survived"] == 0


def test_a_miter_needs_both_files(tmp_path):
    artifact = toy(tmp_path)
    miter = proofs.Miter(artifact.directory)
    codes = {"a": np.array([8, 7, 15]), "b": np.array([8, 8, 15]), "c": np.array([0, 1, 65535])}
    out = miter.evaluate({key: value.astype(np.uint64)[:, None] for key, value in codes.items()}, (0, 0))
    assert out["y"].tolist() == out["expected"].tolist() == [64, 65536 - 55, 0]


def test_the_anchor_of_lanes_is_decided(tmp_path):
    artifact = emit(MacConfig(a="int8", b="int8", acc="int32", lanes_a=2), tmp_path)
    anchors = [claim for claim in claims(artifact) if claim.name.startswith("anchor")]
    assert [(r.name, r.status) for r in prove(artifact, anchors)] == [("anchor of lanes 2x1", "proved")]
