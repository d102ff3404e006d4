"""A unit behind AXI: AXI-Stream in and out, AXI4-Lite registers, around the emitted Verilog module."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from typing import Any

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib.wiring import Component, In, Out

from .axi_lite import AxiLite, bus_members
from .axi_stream import AxiStreamMaster, AxiStreamSlave
from .core import Core, Ports
from .registers import ADDRESS_BITS, COUNTERS, REGISTERS


class AxiEdge(Component):
    """The wrapper; its members are its ports, named as Vivado infers them, beside ``aclk`` and ``aresetn``.

    With ``S_in`` and ``S_out`` transfers of a beat and a unit of latency L and initiation interval I, the first
    transfer that comes out is offered ``L + 2`` cycles after the last one of its beat was taken, and a beat is done in
    every ``max(S_in, I, S_out)`` cycles. TREADY of the input, TVALID and payload of the output, and all of AXI4-Lite
    come from registers. Unit and input leave reset two cycles after ``aresetn`` rises, the output and the registers
    one.

    Parameters
    ----------
    ports : Ports
        The unit's.
    data_width : int
        Bits of TDATA, a multiple of 8.
    constants : dict
        Values of the constant registers (:func:`.registers.constants`).
    """

    def __init__(self, ports: Ports, data_width: int, constants: dict[str, int]):
        self.ports, self.data_width, self.constants = ports, data_width, constants
        members: dict[str, Any] = {}
        for side, flow, back in (("s", In, Out), ("m", Out, In)):
            members |= {f"{side}_axis_tdata": flow(data_width), f"{side}_axis_tkeep": flow(data_width // 8),
                        f"{side}_axis_tlast": flow(1), f"{side}_axis_tvalid": flow(1),
                        f"{side}_axis_tready": back(1)}  # fmt: skip
        members |= {f"s_axi_{name}": member for name, member in bus_members(ADDRESS_BITS).items()}
        super().__init__(members)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        into, out = self.ports.bits
        m.submodules.core = core = Core(self.ports)
        slave, master = AxiStreamSlave(into, self.data_width), AxiStreamMaster(out, self.data_width)
        # A register, because the unit's reset may be asynchronous; high at the start and while aresetn is low.
        restart = Signal()
        restarting = Signal(init=1)
        m.d.sync += restarting.eq(restart)
        m.submodules.slave = ResetInserter(restarting)(slave)
        m.submodules.master = master
        m.d.comb += [
            slave.i.valid.eq(self.s_axis_tvalid), self.s_axis_tready.eq(slave.i.ready),
            slave.i.payload.data.eq(self.s_axis_tdata), slave.i.payload.keep.eq(self.s_axis_tkeep),
            slave.i.payload.last.eq(self.s_axis_tlast),
            core.reset.eq(restarting), core.i.valid.eq(slave.o.valid & ~restarting),
            core.i.payload.eq(slave.o.payload), slave.o.ready.eq(core.i.ready),
            master.i.valid.eq(core.o.valid & ~restarting), master.i.payload.eq(core.o.payload),
            core.o.ready.eq(master.i.ready), master.restart.eq(restarting),
            self.m_axis_tvalid.eq(master.o.valid), master.o.ready.eq(self.m_axis_tready),
            self.m_axis_tdata.eq(master.o.payload.data), self.m_axis_tkeep.eq(master.o.payload.keep),
            self.m_axis_tlast.eq(master.o.payload.last),
        ]  # fmt: skip
        counted = {
            "BEATS_IN": core.i.valid & core.i.ready, "BEATS_OUT": master.i.valid & master.i.ready,
            "STALLS_IN": self.s_axis_tvalid & ~self.s_axis_tready,
            "STALLS_OUT": self.m_axis_tvalid & ~self.m_axis_tready,
            "SHORT_COUNT": slave.short, "SPOILT_COUNT": slave.spoilt,
        }  # fmt: skip
        self._registers(m, counted, {"PARTIAL": slave.partial, "OFFERED": self.m_axis_tvalid},
                        {"SHORT": slave.short, "SPOILT": slave.spoilt}, restart, master.packet)  # fmt: skip
        return m

    def _registers(self, m: Module, counted: dict[str, Any], state: dict[str, Any], faults: dict[str, Any],
                   restart: Signal, packet: Any) -> None:  # fmt: skip
        """The register file, as the table says."""
        m.submodules.lite = lite = AxiLite(ADDRESS_BITS)
        for name, member in bus_members(ADDRESS_BITS).items():
            mine, its = getattr(self, f"s_axi_{name}"), getattr(lite, name)
            m.d.comb += its.eq(mine) if member.flow == In else mine.eq(its)
        values: dict[str, Any] = dict(self.constants)
        written: dict[str, Signal] = {}
        low = Mux(lite.strobes[0], lite.value[:8], 0)
        pulses = {"RESTART": restart, "CLEAR": (clear := Signal())}
        for register in REGISTERS:
            name, width = register.name, len(register.fields) or 32  # fields are the lowest bits, one each
            if register.access != "constant":
                values[name] = Signal(width, name=name.lower(), init=register.reset)
            if register.access in ("rw", "pulse", "w1c"):
                written[name] = Signal(name=f"write_{name.lower()}")
            for field in register.fields:
                bit, to_low = values[name][field.low], low[field.low]
                if register.access == "pulse":
                    m.d.comb += pulses[field.name].eq(written[name] & to_low)
                elif register.access == "w1c":
                    m.d.sync += bit.eq(faults[field.name] | (bit & ~(written[name] & to_low)))
                else:
                    m.d.comb += bit.eq(state[field.name])
        for name in COUNTERS:
            with m.If(clear):
                m.d.sync += values[name].eq(0)
            with m.Elif(counted[name]):
                m.d.sync += values[name].eq(values[name] + 1)
        with m.Switch(lite.read_address):
            for register in REGISTERS:
                with m.Case(register.offset // 4):
                    m.d.comb += [lite.read_known.eq(1), lite.read_value.eq(values[register.name])]
        with m.Switch(lite.address):
            for register in REGISTERS:
                if register.name in written:
                    with m.Case(register.offset // 4):
                        m.d.comb += [lite.write_known.eq(1), written[register.name].eq(lite.write)]
        for lane in range(4):
            with m.If(written["PACKET"] & lite.strobes[lane]):
                part = slice(8 * lane, 8 * lane + 8)
                m.d.sync += values["PACKET"][part].eq(lite.value[part])
        m.d.comb += packet.eq(values["PACKET"])
