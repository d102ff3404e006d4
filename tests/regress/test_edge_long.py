"""Every unit of the registry behind AXI, by cocotbext-axi under random back-pressure against its golden model."""

from __future__ import annotations

import inspect
import sys
import textwrap

import pytest
from nervure.generators.registry import UNITS
from nervure.hw.edge import adapt, axi, axi_lite, axi_stream

from ..edge import edged

WIDTHS = (8, 32, 64, 24, 256)
BEATS = {"ecg_front": 3000, "ecg_stream": 3000, "ecg": 20, "snn": 640}


@pytest.mark.parametrize(("unit", "data_width"), [
    (unit, WIDTHS[(at + turn) % len(WIDTHS)]) for at, unit in enumerate(UNITS) for turn in (0, 1)
])  # fmt: skip
def test_every_unit_behind_axi(tmp_path, unit, data_width):
    artifact, found = edged(unit, next(iter(UNITS[unit].presets)), data_width, tmp_path / "unit", BEATS.get(unit, 120))
    assert found["results"] > 0
    interval = artifact.manifest["initiation_interval"]
    if artifact.latency is not None and interval:
        assert found["latency"] == artifact.latency + 2
        if found["results"] == found["beats"]:
            assert found["cycles_out"] == max(*found["words"], interval) * (found["results"] - 1)


FAULTS = [  # where, what is there, what stands there instead
    (axi_stream.Skid, "m.d.sync += [full.eq(waits), ready.eq(~waits)]", "m.d.sync += [full.eq(0), ready.eq(~waits)]"),
    (adapt.Gather, "self.i.ready.eq(~full | self.o.ready)", "self.i.ready.eq(1)"),
    (adapt.Gather, "end.eq(at_end | word.last)", "end.eq(at_end)"),
    (adapt.Gather, "bad.eq(wrong & ~end)", "bad.eq(0)"),
    (adapt.Scatter, "word.last.eq(last & at_end)", "word.last.eq(last)"),
    (adapt.Scatter, "words_of(left, 8)", "self.word // 8"),
    (adapt.Scatter, "full.eq(~at_end)", "full.eq(~at_end | ~self.i.valid & last)"),
    (axi_stream.AxiStreamMaster, "following >= self.packet", "following > self.packet"),
    (axi_stream.AxiStreamSlave, "(needed & ~word.keep).any()", "0"),
    (axi_lite.AxiLite, "has_address & has_value & ~self.bvalid", "has_address & ~self.bvalid"),
    (axi_lite.AxiLite, "awake & ~self.rvalid", "awake"),
    (axi.AxiEdge, "core.reset.eq(restarting)", "core.reset.eq(0)"),
    (axi.AxiEdge, "ResetInserter(restarting)(slave)", "slave"),
    (axi.AxiEdge, "faults[field.name] | (bit", "(bit"),
]


@pytest.mark.parametrize("at", range(len(FAULTS)))
def test_a_fault_in_the_edge_is_seen(tmp_path, monkeypatch, at):
    """Each fault is put into the circuit's source; one of the tests of cocotbext-axi fails."""
    circuit, there, instead = FAULTS[at]
    sources = {name: textwrap.dedent(inspect.getsource(function)) for name, function in vars(circuit).items()
               if inspect.isfunction(function)}  # fmt: skip
    ((method, source),) = [(name, source) for name, source in sources.items() if there in source]
    module = sys.modules[circuit.__module__]
    found: dict = {}
    exec(compile(source.replace(there, instead), "faulty", "exec"), vars(module), found)
    monkeypatch.setattr(circuit, method, found[method])
    with pytest.raises(AssertionError):
        edged("mac", "fp8_bf16", 24, tmp_path / "unit", 60, True)
