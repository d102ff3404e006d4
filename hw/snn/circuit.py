"""A spiking network as a pipeline of layers: tokens in, totals or a class out."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out

from .config import SnnConfig
from .config.layer import Layer
from .config.plan import Plan, bits_of, consumers, crosses, plans, ranges, slack
from .config.shape import grid_of
from .region import Crossing
from .stage import Stage
from .totals import Totals
from .window import LineBuffer


class Snn(Component):
    """The network of :class:`~nervure.hw.snn.config.SnnConfig`, every layer a stage of its own, all at work at once.

    Parameters
    ----------
    config : SnnConfig

    Members
    -------
    i : In(stream of {x})
        A place a beat, with all its channels, row after row; all time steps of a frame one after the other (pixels are
        sent again in each step), with code=counts once. Of input=counts a number over input_high counts as input_high.
    o : Out(stream of {y})
        With output=totals a beat for each place of the last layer, its channels' totals, in the last time step; else a
        beat a frame, the class.

    A frame takes ``passes * max(tokens in, cycles of the slowest layer)`` cycles when it follows another and the sink
    is ready; a layer's are ``rows * columns * ceil(fan-in / (8 kappa)) * ceil(channels / omega)``, and more where its
    line buffer's walk from one window to the next is longer (:class:`.config.shape.Walk`, exactly).

    Source: DeepFire2, arXiv 2305.05187.
    """

    i: Any
    o: Any

    def __init__(self, config: SnnConfig):
        self.config = config
        self.plans = plans(config)
        number, _ = bits_of((0, config.highest_input))
        self.grid = grid_of(config.input_shape)
        given = data.StructLayout({"x": data.ArrayLayout(number, self.grid[0])})
        self.totals = Totals(config, self.plans[config.layers[-1].name].grid)
        super().__init__({"i": In(stream.Signature(given)),
                          "o": Out(stream.Signature(self.totals.results))})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        self.taken = {layer.name for layer in config.layers}
        m.submodules[self._free("totals")] = self.totals
        number, _ = bits_of((0, config.highest_input))
        source = stream.Signature(number * self.grid[0]).create(path=("given",))
        numbers = [self.i.payload.x[k] for k in range(self.grid[0])]
        high = config.highest_input
        if high < (1 << number) - 1:
            numbers = [Mux(x > high, high, x)[:number] for x in numbers]
        m.d.comb += [source.payload.eq(Cat(*numbers)), source.valid.eq(self.i.valid), self.i.ready.eq(source.ready)]
        streams = self._forked(m, "input", source)
        for layer in config.layers:
            plan = self.plans[layer.name]
            sources = [self._crossed(m, name, layer, streams[name, layer.name])
                       for name in config.facts[layer.name].sources]  # fmt: skip
            out = self._layer(m, layer, plan, sources)
            if layer is config.layers[-1]:
                m.d.comb += [self.totals.i.payload.eq(out.payload), self.totals.i.valid.eq(out.valid),
                             out.ready.eq(self.totals.i.ready)]  # fmt: skip
            else:
                streams |= self._forked(m, layer.name, out)
        m.d.comb += [self.o.payload.eq(self.totals.o.payload), self.o.valid.eq(self.totals.o.valid),
                     self.totals.o.ready.eq(self.o.ready)]  # fmt: skip
        return m

    def _free(self, name: str) -> str:
        """That name, or one like it that neither a layer nor another part has: layers are called as users like."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _forked(self, m: Module, name: str, source: Any) -> dict[tuple[str, str], Any]:
        """A stream for each reader: a token goes on when all have it."""
        readers = consumers(self.config)[name]
        if len(readers) == 1:
            return {(name, readers[0]): source}
        out, all_have = {}, []
        for reader in readers:
            branch = stream.Signature(len(source.payload)).create(path=(f"{name}_to_{reader}",))
            has = Signal(name=f"{name}_at_{reader}")
            m.d.comb += [branch.payload.eq(source.payload), branch.valid.eq(source.valid & ~has)]
            all_have.append(has | branch.ready)
            with m.If(source.valid & source.ready):
                m.d.sync += has.eq(0)
            with m.Elif(branch.valid & branch.ready):
                m.d.sync += has.eq(1)
            out[name, reader] = branch
        m.d.comb += source.ready.eq(Cat(*all_have).all())
        return out

    def _crossed(self, m: Module, name: str, layer: Layer, given: Any) -> Any:
        """The stream where the layer is: through registers if its source is in another region."""
        if not crosses(self.config, name, layer):
            return given
        m.submodules[self._free(f"{name}_to_{layer.name}_crossing")] = crossing = Crossing(len(given.payload))
        m.d.comb += [crossing.i.payload.eq(given.payload), crossing.i.valid.eq(given.valid),
                     given.ready.eq(crossing.i.ready)]  # fmt: skip
        return crossing.o

    def _layer(self, m: Module, layer: Layer, plan: Plan, sources: list[Any]) -> Any:
        """A layer's stream of tokens."""
        if layer.kind == "flatten" and layer.neuron is None and not layer.bias:
            return sources[0]
        m.submodules[layer.name] = stage = Stage(self.config, layer, plan)
        widths = [bits_of(ranges(self.config)[name])[0] for name in self.config.facts[layer.name].sources]
        windows = [self._windows(m, layer, plan, at, width, given)
                   for at, (width, given) in enumerate(zip(widths, sources, strict=True))]  # fmt: skip
        valid = Cat(*(window.valid for window in windows)).all()
        m.d.comb += [stage.i.payload.eq(Cat(*(window.payload for window in windows))), stage.i.valid.eq(valid)]
        m.d.comb += [window.ready.eq(valid & stage.i.ready) for window in windows]
        return stage.o

    def _windows(self, m: Module, layer: Layer, plan: Plan, at: int, width: int, given: Any) -> Any:
        """The windows of a layer over one of its sources."""
        channels, rows, columns = plan.grids[at]
        token = width * channels
        if layer.kind == "add":
            # The shorter way waits for the longer one here; how many tokens is arithmetic.
            depth = slack(self.config)[layer.name][at]
            m.submodules[self._free(f"{layer.name}_wait{at}")] = wait = SyncFIFOBuffered(width=token, depth=depth)
            m.d.comb += [wait.w_data.eq(given.payload), wait.w_en.eq(given.valid), given.ready.eq(wait.w_rdy)]
            held = stream.Signature(token).create(path=(f"{layer.name}_held{at}",))
            m.d.comb += [held.payload.eq(wait.r_data), held.valid.eq(wait.r_rdy), wait.r_en.eq(held.ready)]
            given = held
        walked, real, kernel = plan.scanned, (rows, columns), plan.kernel
        stride, padding, fill = plan.stride, plan.padding, 0
        if plan.gathers:
            places = rows * columns
            walked, real, kernel, stride, padding = (1, places), (1, places), (1, places), (1, 1), (0, 0)
        if kernel == (1, 1) and stride == (1, 1) and padding == (0, 0) and walked == real:
            return given
        if layer.kind == "max_pool":
            # Places in the padding do not count: they are as small as a number can be.
            low, _ = ranges(self.config)[self.config.facts[layer.name].sources[0]]
            fill = sum((low & ((1 << width) - 1)) << (k * width) for k in range(channels))
        lines = LineBuffer(token, walked, real, kernel, stride, padding, fill)
        m.submodules[self._free(f"{layer.name}_lines{at}")] = lines
        m.d.comb += [lines.i.payload.eq(given.payload), lines.i.valid.eq(given.valid), given.ready.eq(lines.i.ready)]
        return lines.o


