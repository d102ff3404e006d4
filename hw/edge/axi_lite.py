"""AXI4-Lite slave of 32 bits (AMBA IHI 0022): one access at a time, turned into strobes for a register file."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

OKAY, SLVERR = 0, 2


def bus_members(address_bits: int) -> dict[str, Any]:
    """The bus as the slave sees it; protection bits are not listened to."""
    return {
        "awaddr": In(address_bits), "awprot": In(3), "awvalid": In(1), "awready": Out(1), "wdata": In(32),
        "wstrb": In(4), "wvalid": In(1), "wready": Out(1), "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
        "araddr": In(address_bits), "arprot": In(3), "arvalid": In(1), "arready": Out(1), "rdata": Out(32),
        "rresp": Out(2), "rvalid": Out(1), "rready": In(1),
    }  # fmt: skip


class AxiLite(Component):
    """The five channels; no output depends combinationally on an input.

    Address and data of a write may come in either order. A write acts in the cycle after both are in, its response is
    offered in the next: at most one write in 3 cycles. Read data is offered in the cycle after the address: at most
    one read in 2 cycles. Reads and writes are independent of each other. The lowest two bits of an address are
    ignored. What the register file does not know is answered SLVERR, reads as 0, and changes nothing.

    Parameters
    ----------
    address_bits : int
        Bits of a byte address.

    Members
    -------
    those of :func:`bus_members`
        The bus.
    write, address, value, strobes : Out
        One cycle per write: the register's number, 32 bits, a bit per byte.
    write_known : In(1)
        Whether that register may be written: answer in the same cycle.
    read, read_address : Out
        One cycle per read.
    read_value, read_known : In
        The answer in the same cycle.
    """

    def __init__(self, address_bits: int):
        self.words = address_bits - 2
        super().__init__({
            **bus_members(address_bits),
            "write": Out(1), "address": Out(self.words), "value": Out(32), "strobes": Out(4), "write_known": In(1),
            "read": Out(1), "read_address": Out(self.words), "read_value": In(32), "read_known": In(1),
        })  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        # A channel is ready while its register is free; low during reset, so that nothing is taken and forgotten.
        awake = Signal()
        has_address = Signal()
        has_value = Signal()
        m.d.sync += awake.eq(1)
        m.d.comb += [
            self.awready.eq(awake & ~has_address), self.wready.eq(awake & ~has_value),
            self.arready.eq(awake & ~self.rvalid), self.write.eq(has_address & has_value & ~self.bvalid),
            self.read.eq(self.arvalid & self.arready), self.read_address.eq(self.araddr[2:]),
        ]  # fmt: skip
        with m.If(self.awvalid & self.awready):
            m.d.sync += [self.address.eq(self.awaddr[2:]), has_address.eq(1)]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [self.value.eq(self.wdata), self.strobes.eq(self.wstrb), has_value.eq(1)]
        with m.If(self.write):
            m.d.sync += [has_address.eq(0), has_value.eq(0), self.bvalid.eq(1),
                         self.bresp.eq(Mux(self.write_known, OKAY, SLVERR))]  # fmt: skip
        with m.Elif(self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(self.read):
            m.d.sync += [self.rvalid.eq(1), self.rdata.eq(Mux(self.read_known, self.read_value, 0)),
                         self.rresp.eq(Mux(self.read_known, OKAY, SLVERR))]  # fmt: skip
        with m.Elif(self.rready):
            m.d.sync += self.rvalid.eq(0)
        return m
