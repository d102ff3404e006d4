"""The batch engine on small hand-written units: every shape of manifest, stalls, broken protocols."""

import re

import numpy as np
import pytest
from nervure.verif import tools
from nervure.verif.artifact import Artifact
from nervure.verif.batch import BatchModel, ProtocolError

# u: 3 x 7 bits from bit 5; q: 61 bits from bit 26, over three words of a port of 90 bits (3 of them padding);
# k: a port of 64 bits; g: 2 x 9 x 3 bits. A rank of registers each, `LATENCY` ranks, one enable.
WIDE = """
module wide({ports}
  input clk, input [89:0] i_w, input [63:0] i__k, input [53:0] i_g,
  output [81:0] o_m, output o_n, output [53:0] o_g);
  wire [6:0] u0 = i_w[11:5] + i__k[6:0], u1 = i_w[18:12] + i__k[6:0], u2 = i_w[25:19] + i__k[6:0];
  wire [60:0] t = i_w[86:26] ^ i__k[60:0];
  wire [136:0] first = {{i__k[63], t, u2, u1, u0, ~i_g}};
  reg [136:0] rank [0:{last}];
  integer j;
  {control}
  always @(posedge clk) if (enable) begin
    rank[0] <= first;
    for (j = 1; j <= {last}; j = j + 1) rank[j] <= rank[j-1];
  end
  assign o_g = rank[{last}][53:0];
  assign o_m = rank[{last}][135:54];
  assign o_n = rank[{last}][136];
endmodule
"""
HANDSHAKE = """
  reg [{last}:0] full{init};
  wire enable = o_ready | ~full[{last}];
  assign i_ready = enable, o_valid = full[{last}];
  always @(posedge clk{edge}) {reset} if (enable) full <= {{full, i_valid}};
"""
HANDSHAKE_PORTS = "input i_valid, output i_ready, output o_valid, input o_ready, "


def field(name, port, offset, width, shape=()):
    return {"field": name, "port": port, "offset": offset, "width": width, "shape": list(shape), "format": "bits"}


def wide(directory, latency, kind, active=None):
    """A unit with all sorts of fields. `kind` is sync, async, none, valid (no ready) or bare."""
    fill = {"last": latency - 1, "edge": "", "reset": "", "init": "", "ports": "", "control": "wire enable = 1;"}
    reset = None
    if kind == "valid":
        fill["ports"] = "input i_valid, output o_valid, "
        fill["control"] += f" reg [{latency - 1}:0] full = 0; assign o_valid = full[{latency - 1}];"
        fill["control"] += " always @(posedge clk) full <= {full, i_valid};"
    elif kind != "bare":
        fill["ports"] = HANDSHAKE_PORTS
        fill["init"] = " = 0" if kind == "none" else ""
        if active:
            port = "rst" if active == "high" else "rst_n"
            reset = {"port": port, "kind": kind, "active": active}
            fill["ports"] += f"input {port}, "
            fill["reset"] = f"if ({'' if active == 'high' else '!'}{port}) full <= 0; else"
            if kind == "async":
                fill["edge"] = f" or {'posedge' if active == 'high' else 'negedge'} {port}"
        fill["control"] = HANDSHAKE.format(**fill)
    (directory / "wide.v").write_text(WIDE.format(**fill))
    handshake = kind != "bare"
    payload_in = [field("k", "i__k", 0, 64), field("q", "i_w", 26, 61), field("u", "i_w", 5, 7, (3,)),
                  field("g", "i_g", 0, 3, (2, 9))]  # fmt: skip
    payload_out = [field("s", "o_m", 0, 7, (3,)), field("t", "o_m", 21, 61), field("n", "o_n", 0, 1),
                   field("h", "o_g", 0, 3, (2, 9))]  # fmt: skip
    whole = manifest("wide", reset, latency, payload_in, payload_out, handshake)
    if kind == "valid":
        for stream in whole["streams"]:
            stream["ready"] = None
    return Artifact(directory, whole)


def manifest(module, reset, latency, payload_in, payload_out, handshake=True):
    def stream(name, direction, payload):
        valid, ready = (f"{name}_valid", f"{name}_ready") if handshake else (None, None)
        return {"name": name, "direction": direction, "valid": valid, "ready": ready, "payload": payload}

    return {
        "unit": "toy", "module": module, "clock": "clk", "reset": reset, "latency_cycles": latency,
        "initiation_interval": 1, "streams": [stream("i", "in", payload_in), stream("o", "out", payload_out)],
    }  # fmt: skip


def wide_inputs(beats, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "k": rng.integers(0, 1 << 64, beats, np.uint64),
        "q": rng.integers(0, 1 << 61, beats, np.uint64),
        "u": rng.integers(0, 1 << 7, (beats, 3), np.uint8),
        "g": rng.integers(0, 1 << 3, (beats, 2, 9), np.int64),
    }


def wide_expected(inputs):
    k = inputs["k"]
    return {
        "s": (inputs["u"].astype(np.uint64) + k[:, None]) & np.uint64(127),
        "t": inputs["q"] ^ (k & np.uint64((1 << 61) - 1)),
        "n": k >> np.uint64(63),
        "h": (7 - inputs["g"]).astype(np.uint64),
    }


def assert_equal(result, inputs):
    expected = wide_expected(inputs)
    assert list(result.outputs) == list(expected)
    for name, values in expected.items():
        assert result.outputs[name].dtype == np.uint64
        np.testing.assert_array_equal(result.outputs[name], values, err_msg=name)


@pytest.fixture(scope="module")
def sync(tmp_path_factory):
    return BatchModel(wide(tmp_path_factory.mktemp("wide"), 3, "sync", "high"))


def test_stream_without_stalls(sync):
    inputs = wide_inputs(5000)
    result = sync.run(inputs)
    assert_equal(result, inputs)
    assert result.latency == 3
    assert result.cycles == 5000 + 3
    assert result.seconds > 0


@pytest.mark.parametrize(("stall_in", "stall_out"), [(0.5, 0), (0, 0.5), (0.3, 0.3), (0.9, 0.1), (0.1, 0.9)])
def test_stream_with_stalls_keeps_the_order(sync, stall_in, stall_out):
    inputs = wide_inputs(2000)
    result = sync.run(inputs, stall_in=stall_in, stall_out=stall_out, seed=7)
    assert_equal(result, inputs)
    assert result.cycles > 2000 / (1 - max(stall_in, stall_out)) * 0.9
    again = sync.run(inputs, stall_in=stall_in, stall_out=stall_out, seed=7)
    other = sync.run(inputs, stall_in=stall_in, stall_out=stall_out, seed=8)
    assert again.cycles == result.cycles != other.cycles


@pytest.mark.parametrize("beats", [1, 2, 3, 4])
def test_few_beats(sync, beats):
    inputs = wide_inputs(beats)
    for stalls in ({}, {"stall_in": 0.5, "stall_out": 0.5}):
        assert_equal(sync.run(inputs, **stalls), inputs)


@pytest.mark.parametrize(
    ("kind", "active", "latency"),
    [("async", "low", 2), ("none", None, 1), ("valid", None, 4), ("bare", None, 5)],
    ids=["async-low", "none", "valid", "bare"],
)
def test_resets_and_bare(tmp_path, kind, active, latency):
    model = BatchModel(wide(tmp_path, latency, kind, active))
    inputs = wide_inputs(500)
    result = model.run(inputs, seed=3)
    assert_equal(result, inputs)
    assert result.latency == latency
    assert result.cycles == 500 + latency
    if kind in ("valid", "bare"):
        with pytest.raises(ValueError, match=r"^stall_out must be 0 for a stream without that handshake, not 0\.5$"):
            model.run(inputs, stall_out=0.5)
    if kind == "valid":
        assert_equal(model.run(inputs, stall_in=0.5), inputs)
    elif kind != "bare":
        assert_equal(model.run(inputs, stall_in=0.4, stall_out=0.4), inputs)


def test_bare_unit_with_an_interval(tmp_path):
    artifact = wide(tmp_path, 5, "bare")
    artifact.manifest["initiation_interval"] = 3
    inputs = wide_inputs(100)
    result = BatchModel(artifact).run(inputs)
    assert_equal(result, inputs)
    assert result.cycles == 3 * 99 + 5 + 1


def test_raw_loop(sync):
    assert sync.raw_loop(wide_inputs(100), 1000) > 0


# Inputs that do not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": None}, "inputs must be k, q, u, g, not q, u, g"),
        ({"k": np.zeros(0, np.uint64)}, "k must hold at least one beat, not 0"),
        ({"k": np.zeros(4)}, "k must be integer codes, not float64"),
        ({"q": np.zeros(3, np.uint64)}, "q must have shape (4,), not (3,)"),
        ({"u": np.zeros((4, 4), np.uint64)}, "u must have shape (4, 3), not (4, 4)"),
        ({"u": np.full((4, 3), 128)}, "u must be codes of 7 bits, not 128"),
        ({"g": np.full((4, 2, 9), -1)}, "g must be codes of 3 bits, not -1"),
    ],
)
def test_inputs_that_do_not_fit(sync, change, message):
    inputs = {name: values for name, values in {**wide_inputs(4), **change}.items() if values is not None}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sync.run(inputs)


@pytest.mark.parametrize("stall", [-0.1, 1.0])
def test_stall_probability_is_checked(sync, stall):
    with pytest.raises(ValueError, match=f"^stall_out must be at least 0 and below 1, not {stall}$"):
        sync.run(wide_inputs(4), stall_out=stall)


def test_manifests_that_cannot_be_driven(tmp_path):
    one = [field("x", "i_x", 0, 65)]
    with pytest.raises(ValueError, match=r"^x must be at most 64 bits wide for the batch engine, not 65$"):
        BatchModel(Artifact(tmp_path, manifest("toy", None, 1, one, [field("y", "o_y", 0, 1)])))
    bad = manifest("toy", None, 1, [field("x", "i_x", 0, 1)], [field("y", "o_y", 0, 1)])
    bad["streams"][0]["valid"] = None
    with pytest.raises(ValueError, match=r"^streams must both have valid or neither, not None in and o_valid out$"):
        BatchModel(Artifact(tmp_path, bad))
    bad["streams"].pop()
    with pytest.raises(ValueError, match=r"^streams must be one in and one out, not 0 out$"):
        BatchModel(Artifact(tmp_path, bad))


def test_missing_compiler(tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    message = "g++ is missing; install a C++ compiler (Debian: apt-get install g++) or set CXX"
    with pytest.raises(tools.ToolMissing, match=f"^{re.escape(message)}$"):
        BatchModel(wide(tmp_path, 3, "sync", "high"))


# Units that break the protocol

FAULTY = """
module faulty(input clk, input rst, input i_valid, output i_ready, input [7:0] i_x,
  output o_valid, input o_ready, output [7:0] o_y);
  reg full, waited, again;
  reg [7:0] x;
  assign o_valid = full & ~(x == 1 & waited) & (x != 2 | o_ready) & x != 3;
  assign o_y = x == 4 & waited ? 8'hff : x;
  wire leaves = o_valid & o_ready & (x != 5 | again);
  assign i_ready = ~full | leaves;
  always @(posedge clk) begin
    waited <= full & ~o_ready;
    if (o_valid & o_ready) again <= 1;
    if (i_valid & i_ready) begin x <= i_x; full <= 1; again <= 0; end
    else if (leaves) full <= 0;
    if (rst) full <= 0;
  end
endmodule
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    directory = tmp_path_factory.mktemp("faulty")
    (directory / "faulty.v").write_text(FAULTY)
    reset = {"port": "rst", "kind": "sync", "active": "high"}
    ports = [field("x", "i_x", 0, 8)], [field("y", "o_y", 0, 8)]
    return BatchModel(Artifact(directory, manifest("faulty", reset, 1, *ports)))


@pytest.mark.parametrize(
    ("fault", "stall", "rule"),
    [
        (1, 0.5, "o_valid must stay high until the beat is taken"),
        (2, 0.5, "o_valid and payload must not depend on o_ready"),
        (3, 0.0, "unit must move a beat within 1000 cycles, not stand still with 51 beats taken and 50 delivered"),
        (3, 0.5, "unit must move a beat within 1000 cycles, not stand still with 51 beats taken and 50 delivered"),
        (4, 0.5, "payload of stream o must not change until the beat is taken"),
        (5, 0.0, "stream o must deliver one beat for each beat taken, not more"),
        (5, 0.5, "stream o must deliver one beat for each beat taken, not more"),
    ],
)
def test_broken_protocol_is_reported(faulty, fault, stall, rule):
    x = np.full(100, 9)
    assert (faulty.run({"x": x}, stall_in=stall, stall_out=stall).outputs["y"] == 9).all()
    x[50] = fault
    if fault != 3:
        x[50:] = fault  # so that some of them wait
    with pytest.raises(ProtocolError, match=rf"^{re.escape(rule)} \(cycle \d+, beat \d+\)$"):
        faulty.run({"x": x}, stall_in=stall, stall_out=stall, patience=1000)


def test_combinational_loop_is_an_error_and_not_the_end_of_the_process(tmp_path):
    (tmp_path / "loop.v").write_text(
        "module loop(input clk, input [1:0] i_x, output [1:0] o_y); assign o_y = i_x[0] ? ~o_y : 0; endmodule"
    )
    ports = [field("x", "i_x", 0, 2)], [field("y", "o_y", 0, 2)]
    model = BatchModel(Artifact(tmp_path, manifest("loop", None, 0, *ports, handshake=False)))
    with pytest.raises(ProtocolError, match=r"did not converge"):
        model.run({"x": np.ones(3, np.uint8)})
