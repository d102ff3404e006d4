"""One layer: windows come in, tokens go out, as many at once as its buffer can take."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out

from .config import WEIGHTED, SnnConfig
from .config.layer import Layer
from .config.plan import Plan, bits_of, ranges
from .fire import Fire
from .sums import WeightedSums, pooled


class Stage(Component):
    """A layer behind its line buffer: sums, neurons, and the buffer of what comes out.

    Nothing in it ever stops: a window is taken when the buffer has a place for its token, counted down then and up when
    a token leaves. So registers need no enable, and the reset of a weight register is free to be the AND.

    Parameters
    ----------
    config : SnnConfig
    layer : Layer
    plan : Plan

    Members
    -------
    i : In(stream)
        Windows: of a layer with several sources the tokens of each, side by side.
    o : Out(stream)
        Tokens.

    A window takes ``groups * chunks`` cycles. Latency from a window to its token: that, and 6 cycles with weights, 4
    without.
    """

    i: Any
    o: Any

    def __init__(self, config: SnnConfig, layer: Layer, plan: Plan):
        self.config, self.layer, self.plan = config, layer, plan
        found, facts = ranges(config), config.facts[layer.name]
        self.kinds = [bits_of(found[source]) for source in facts.sources]
        places = plan.kernel[0] * plan.kernel[1] if not plan.gathers else plan.grids[0][1] * plan.grids[0][2]
        # Of each source: how many numbers.
        self.counts = [places * grid[0] if layer.kind != "add" else grid[0] * (grid[1] * grid[2] if plan.gathers else 1)
                       for grid in plan.grids]  # fmt: skip
        size = sum(count * width for count, (width, _) in zip(self.counts, self.kinds, strict=True))
        self.width, _ = bits_of(facts.values)
        super().__init__({"i": In(stream.Signature(size)),
                          "o": Out(stream.Signature(self.width * plan.grid[0]))})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.fire = fire = Fire(self.config, self.layer, plan)
        m.submodules.buffer = buffer = SyncFIFOBuffered(width=len(fire.token), depth=plan.depth)
        room = Signal(range(plan.depth + 1), init=plan.depth, name="room")
        take, gone = Signal(name="take"), Signal(name="gone")
        m.d.comb += [buffer.w_data.eq(fire.token), buffer.w_en.eq(fire.done), self.o.payload.eq(buffer.r_data),
                     self.o.valid.eq(buffer.r_rdy), buffer.r_en.eq(self.o.ready), gone.eq(buffer.r_rdy & self.o.ready),
                     take.eq(self.i.valid & self.i.ready)]  # fmt: skip
        m.d.sync += room.eq(room + gone - take)
        if self.layer.kind in WEIGHTED:
            self._weighted(m, fire, room, take)
        else:
            numbers = [self._numbers(source) for source in range(len(self.counts))]
            m.d.comb += [self.i.ready.eq(room != 0), fire.soon.eq(take)]
            m.d.sync += fire.y.eq(self._unweighted(m, numbers, len(fire.y) // plan.lanes))
        return m

    def _numbers(self, source: int) -> list[Value]:
        """The numbers of a source's window."""
        start = sum(count * width for count, (width, _) in list(zip(self.counts, self.kinds, strict=True))[:source])
        width, has_sign = self.kinds[source]
        parts = [self.i.payload[start + k * width : start + (k + 1) * width] for k in range(self.counts[source])]
        return [part.as_signed() if has_sign else part for part in parts]

    def _unweighted(self, m: Module, numbers: list[list[Value]], size: int) -> Value:
        """A sum of every channel."""
        channels = self.plan.grid[0]
        if self.layer.kind == "add":
            if self.plan.gathers:
                # Lists are row-major; a map's window has a place's channels side by side.
                numbers = [[row[at % (g[1] * g[2]) * g[0] + at // (g[1] * g[2])] for at in range(channels)]
                           for row, g in zip(numbers, self.plan.grids, strict=True)]  # fmt: skip
            of = [[row[channel] for row in numbers] for channel in range(channels)]
        else:
            of = [numbers[0][channel::channels] for channel in range(channels)]
        out = []
        for channel, found in enumerate(of):
            y = Signal(size, name=f"y_{channel}")
            m.d.comb += y.eq(pooled(m, self.layer.kind, found))
            out.append(y)
        return Cat(*out)

    def _weighted(self, m: Module, fire: Fire, room: Signal, take: Signal) -> None:
        """The window is kept while its steps are done; the next one is taken at the last."""
        plan, layer = self.plan, self.layer
        (width, has_sign), own = self.kinds[0], 0
        numbers = self._numbers(0)
        if layer.kind == "recurrent":
            own = layer.channels
            sizes = (width, self.width + has_sign)
            width = max(sizes)
        size = self.config.facts[layer.name].sum_width
        m.submodules.sums = sums = WeightedSums(layer, plan, width, has_sign, size, self.config.gate)
        kept = Signal(self.counts[0] * width, name="kept")
        busy, step = Signal(name="busy"), Signal(range(max(plan.steps, 2)), name="step")
        chunk = Signal(range(max(plan.chunks, 2)), name="chunk")
        last_chunk, last = chunk == plan.chunks - 1, step == plan.steps - 1
        open_ = room != 0
        if own:
            # Its own spikes of the step before are part of the window: they must have come.
            flying, back = Signal(name="flying"), Signal(own * self.width, name="back")
            with m.If(fire.done):
                m.d.sync += [flying.eq(0), back.eq(Mux(fire.last, 0, fire.token))]
            with m.If(take):
                m.d.sync += flying.eq(1)
            open_ = open_ & ~flying
            spikes = [back[k * self.width : (k + 1) * self.width] for k in range(own)]
            m.d.comb += sums.window.eq(Cat(kept, *(_wide(m, s, width, f"own_{k}") for k, s in enumerate(spikes))))
        else:
            m.d.comb += sums.window.eq(kept)
        m.d.comb += [self.i.ready.eq(open_ & (~busy | last)), sums.step.eq(step), sums.chunk.eq(chunk)]
        with m.If(take):
            m.d.sync += kept.eq(Cat(*(_wide(m, number, width, f"in_{k}") for k, number in enumerate(numbers))))
        with m.If(busy):
            m.d.sync += [step.eq(Mux(last, 0, step + 1)), chunk.eq(Mux(last_chunk, 0, chunk + 1))]
        with m.If(take | (busy & last)):
            m.d.sync += busy.eq(take)
        # Sums stand three cycles after the step of their last chunk.
        ended, soon = Signal(name="ended"), Signal(name="soon")
        m.d.sync += [ended.eq(busy & last_chunk), soon.eq(ended)]
        m.d.comb += [fire.soon.eq(soon), fire.y.eq(sums.y)]


def _wide(m: Module, number: Value, width: int, name: str) -> Value:
    """The number on so many wires."""
    if len(number) == width:
        return number
    out = Signal(width, name=name)
    m.d.comb += out.eq(number)
    return out
