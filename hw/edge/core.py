"""An emitted unit, instantiated by name, with its streams as beat images."""

# Amaranth's annotations do not know a component's members, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import Component, In, Out


@dataclass(frozen=True)
class Ports:
    """What a unit's Verilog module is called and how its ports are, as its manifest says.

    Parameters
    ----------
    module, clock, reset : str
        Names of the module, its clock and its reset.
    reset_active : str
        ``high`` or ``low``.
    i, o : tuple of (port, bits)
        Payload ports in the manifest's order.
    handshake : tuple of 4 str
        Names of the input's valid and ready, and of the output's.
    """

    module: str
    clock: str
    reset: str
    reset_active: str
    i: tuple[tuple[str, int], ...]
    o: tuple[tuple[str, int], ...]
    handshake: tuple[str, str, str, str]

    @property
    def bits(self) -> tuple[int, int]:
        """Bits of the beat that goes in, and of the one that comes out."""
        return sum(width for _, width in self.i), sum(width for _, width in self.o)


class Core(Component):
    """The unit in the clock domain ``sync``; combinational but for what is in the unit.

    Members
    -------
    i, o : In(stream), Out(stream)
        Beat images (:mod:`nervure.verif.image`), without padding.
    reset : In(1)
        High resets the unit; from a register, since the unit's reset may be asynchronous.
    """

    def __init__(self, ports: Ports):
        self.ports = ports
        super().__init__({"i": In(stream.Signature(ports.bits[0])), "o": Out(stream.Signature(ports.bits[1])),
                          "reset": In(1)})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m, ports = Module(), self.ports
        i_valid, i_ready, o_valid, o_ready = ports.handshake
        pins: dict[str, Any] = {
            f"i_{ports.clock}": ClockSignal(),
            f"i_{ports.reset}": self.reset if ports.reset_active == "high" else ~self.reset,
            f"i_{i_valid}": self.i.valid, f"o_{i_ready}": self.i.ready,
            f"o_{o_valid}": self.o.valid, f"i_{o_ready}": self.o.ready,
        }  # fmt: skip
        start = 0
        for port, width in ports.i:
            pins[f"i_{port}"] = self.i.payload[start : start + width]
            start += width
        results = [Signal(width, name=port) for port, width in ports.o]
        pins |= {f"o_{port}": result for (port, _), result in zip(ports.o, results, strict=True)}
        m.d.comb += self.o.payload.eq(Cat(results))
        m.submodules.unit = Instance(ports.module, **pins)
        return m
