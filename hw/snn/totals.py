"""The end of a spiking pipeline: sums over the time steps, and the number of the greatest."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from math import prod
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from .config import SnnConfig
from .config.plan import bits_of
from .config.shape import Shape


class Totals(Component):
    """Adds up what the last layer gives in all time steps of a frame.

    Parameters
    ----------
    config : SnnConfig
    grid : (int, int, int)
        Channels, rows and columns of the last layer's tokens.

    Members
    -------
    i : In(stream)
        Tokens of the last layer.
    o : Out(stream of {y})
        With output=totals a beat for each place, its channels' totals, in the last time step; else the class of the
        frame, the first of equal totals.

    Latency: none of the totals; 2 cycles from the last token to the class. Where there are several time steps, totals
    are kept in a memory of a word for each place; for the class in registers, since all are compared.
    """

    i: Any
    o: Any

    def __init__(self, config: SnnConfig, grid: Shape):
        self.config, self.grid = config, grid
        self.number, self.has_sign = bits_of(config.facts[config.layers[-1].name].values)
        self.width, _ = bits_of(config.total_range)
        shape = signed(self.width) if self.has_sign else self.width
        self.results = data.StructLayout({"y": data.ArrayLayout(shape, grid[0]) if config.output == "totals" else
                                          max(1, (prod(grid) - 1).bit_length())})  # fmt: skip
        super().__init__({"i": In(stream.Signature(self.number * grid[0])), "o": Out(stream.Signature(self.results))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        (channels, rows, columns), passes = self.grid, self.config.passes
        places, width = rows * columns, self.width
        place, step = Signal(range(max(places, 2)), name="place"), Signal(range(max(passes, 2)), name="step")
        last_place, last_step = place == places - 1, step == passes - 1
        take, word = Signal(name="take"), Signal(width * channels, name="word")
        m.d.comb += take.eq(self.i.valid & self.i.ready)
        new = []
        for channel in range(channels):
            part = self._seen(self.i.payload[channel * self.number : (channel + 1) * self.number])
            before = self._seen(word[channel * width : (channel + 1) * width])
            total = Signal(width, name=f"total_{channel}")
            m.d.comb += total.eq(Mux(step == 0, 0, before) + part if passes > 1 else part)
            new.append(total)
        with m.If(take):
            m.d.sync += place.eq(Mux(last_place, 0, place + 1))
            with m.If(last_place):
                m.d.sync += step.eq(Mux(last_step, 0, step + 1))
        if self.config.output == "totals":
            self._each(m, take, last_step, place, last_place, word, new)
        else:
            self._label(m, take, last_place & last_step, word, new)
        return m

    def _each(self, m: Module, take: Signal, last_step: Value, place: Signal, last_place: Value, word: Signal,
              new: list[Signal]) -> None:  # fmt: skip
        """Totals leave place by place; until then they are kept."""
        places = self.grid[1] * self.grid[2]
        m.d.comb += [self.o.valid.eq(self.i.valid & last_step), self.i.ready.eq(self.o.ready | ~last_step)]
        m.d.comb += [self.o.payload.y[channel].eq(self._seen(total)) for channel, total in enumerate(new)]
        if self.config.passes == 1:
            return
        if places == 1:
            with m.If(take):
                m.d.sync += word.eq(Cat(*new))
            return
        m.submodules.kept = memory = Memory(shape=len(word), depth=places, init=[])
        write, read = memory.write_port(), memory.read_port()
        # Read ahead: the next place's totals lie ready when its token comes.
        m.d.comb += [read.addr.eq(Mux(take, Mux(last_place, 0, place + 1), place)), word.eq(read.data),
                     write.addr.eq(place), write.en.eq(take), write.data.eq(Cat(*new))]  # fmt: skip

    def _label(self, m: Module, take: Signal, last: Value, word: Signal, new: list[Signal]) -> None:
        """All totals of a frame stand side by side, and the greatest is looked for."""
        (channels, rows, columns), width = self.grid, self.width
        places = rows * columns
        held = Signal(width * channels * places, name="held")
        whole, gone, valid = Signal(name="whole"), Signal(name="gone"), Signal(name="valid")
        label = Signal(len(self.o.payload.y), name="label")
        # The oldest place comes round again in the next step.
        m.d.comb += [word.eq(held[: width * channels]), self.i.ready.eq(~whole | gone),
                     gone.eq(whole & (~valid | self.o.ready)), self.o.valid.eq(valid),
                     self.o.payload.y.eq(label)]  # fmt: skip
        numbers = [self._seen(held[k * width : (k + 1) * width])
                   for k in (at % places * channels + at // places for at in range(channels * places))]  # fmt: skip
        with m.If(gone):
            m.d.sync += [whole.eq(0), label.eq(_largest(numbers)), valid.eq(1)]
        with m.Elif(self.o.ready):
            m.d.sync += valid.eq(0)
        with m.If(take):
            m.d.sync += held.eq(Cat(held[width * channels :], *new))
            with m.If(last):
                m.d.sync += whole.eq(1)

    def _seen(self, value: Value) -> Value:
        return value.as_signed() if self.has_sign else value


def _largest(numbers: list[Value]) -> Value:
    """The number of the first of the greatest."""
    found: list[tuple[Value, Any]] = [(number, at) for at, number in enumerate(numbers)]
    while len(found) > 1:
        pairs = [(Mux(a >= b, a, b), Mux(a >= b, i, j))
                 for (a, i), (b, j) in zip(found[::2], found[1::2], strict=False)]  # fmt: skip
        found = pairs + ([found[-1]] if len(found) % 2 else [])
    return found[0][1]
