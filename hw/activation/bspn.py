"""The bit-shifting power norm: groups wait in a ring for their mean, then are shifted, biased and rounded."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component

from ..lib.block import place_block
from ..lib.handshake import ports, stall
from ..lib.pipeline import Pipeline, place
from .bspn_parts import Magnitudes, Result, Scale, Shift
from .config.bspn import BspnConfig
from .power import Normalise
from .rows import RowBuffer

RANKS = 3
CUTS = [("shifted", 5), ("sum", 4), ("normal", 6), ("result", 4)]
"""The places where registers can go after the memory, in order, each with the delay of the segment before it."""
SPARE = "normal"


def latency(config: BspnConfig) -> int:
    """Cycles from a group's last beat to its first results; from each beat to its own where psi is a constant."""
    return config.latency + (1 if config.psi is not None else RANKS + 2)


class Bspn(Component):
    """``sgn(y) 2^round(log2|y|)``, ``y = w' x / 2^ceil(log2(psi + eps)) + b``: ``lanes`` numbers per clock cycle.

    The mean is never divided: the sum of ``|x|`` is compared with ``n 2^k`` for each k that there can be, less what eps
    takes. Products are shifts, exact in the width that the config derives.

    Parameters
    ----------
    config : BspnConfig

    Members
    -------
    i : In(stream of {x})
        Codes, group after group, ``config.beats`` beats each.
    o : Out(stream of {e, sign, zero} or of {y})
        One beat for each beat in.

    Latency: ``latency + 5`` cycles from a group's last beat to its first results; where psi is a constant
    ``latency + 1`` from each beat to its own. Throughput: one beat per cycle, groups one after the other without a gap.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone, but for a constant psi on ``o.ready``
    too: a stall then freezes every register.

    Source: Sorbet, arXiv 2409.15298 (BSPN).
    """

    i: Any
    o: Any

    def __init__(self, config: BspnConfig):
        self.config = config

        def field(width: int) -> Any:
            return data.ArrayLayout(width, config.lanes) if config.lanes > 1 else width

        fmt = config.output_format
        results = {"y": field(fmt.width)} if fmt else {"e": field(config.exponent_width), "sign": field(1),
                                                       "zero": field(1)}  # fmt: skip
        super().__init__(ports("stream", data.StructLayout({"x": field(config.input_format.width)}),
                               data.StructLayout(results)))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        words = Signal(config.input_format.width * config.lanes, name="words")
        m.d.comb += words.eq(Value.cast(self.i.payload.x))
        if config.psi is None:
            rows = RowBuffer(m, self, words, config.beats)
            m.d.comb += rows.last.eq(0)
            steps = self._steps(m, rows, words)
            x, below, valid, _ = rows.findings(rows.delayed(RANKS)[-1][1], steps)
            enable, moves = rows.enable, rows.reads
        else:
            enable, moves, valid = stall(m, self), self.i.valid, Signal(name="reads")
            x, below = Signal.like(words, name="kept", reset_less=True), Const(0, 1)
            with m.If(enable):
                m.d.sync += [x.eq(words), valid.eq(self.i.valid)]
        weights = self._weights(m, enable, moves)
        self._arithmetic(m, enable, x, below, weights, valid)
        return m

    def _steps(self, m: Module, rows: RowBuffer, words: Signal) -> Value:
        """How many powers of two the group's scale is below the greatest one; there in rank ``RANKS``."""
        config = self.config
        sizes = place_block(m, "magnitudes", Magnitudes(config))
        m.d.comb += [sizes.words.eq(words), sizes.closing.eq(rows.number == config.beats - 1)]
        part = Signal(len(sizes.total), name="part", reset_less=True)
        first, begins = Signal(name="first", reset_less=True), Signal(name="begins")
        total = Signal(config.largest_sum.bit_length(), name="total", reset_less=True)
        m.d.comb += begins.eq(rows.number == 0)
        scale = place_block(m, "scale", Scale(config))
        m.d.comb += scale.total.eq(total)
        steps = Signal(len(scale.steps), name="steps", reset_less=True)
        busy = Signal(name="part_valid")
        m.d.sync += [part.eq(sizes.total), first.eq(begins), busy.eq(rows.taken), steps.eq(scale.steps)]
        with m.If(busy):
            m.d.sync += total.eq(Mux(first, 0, total) + part)
        return steps

    def _weights(self, m: Module, enable: Signal, moves: Value) -> Value:
        """The constants of the beat in the first rank: shift, negative, used and bias of each lane."""
        config = self.config
        entries = [Cat(*(self._constants(beat * config.lanes + k) for k in range(config.lanes)))
                   for beat in range(config.beats)]  # fmt: skip
        if config.beats == 1:
            return entries[0]
        at = Signal(range(config.beats), name="place")
        with m.If(enable & moves):
            m.d.sync += at.eq(Mux(at == config.beats - 1, 0, at + 1))
        m.submodules.weights = memory = Memory(shape=len(entries[0]), depth=config.beats,
                                               init=[Const.cast(entry).value for entry in entries])  # fmt: skip
        fetch = memory.read_port()
        m.d.comb += [fetch.en.eq(enable), fetch.addr.eq(at)]
        return fetch.data

    def _constants(self, index: int) -> Value:
        config = self.config
        low, high = config.weights
        shift, negative, used, bias = 0, 0, 0, 0
        if index < config.group:
            sign, bias = config.signs[index], config.biases[index]
            used, negative = int(sign != 0), int(sign < 0)
            shift = config.exponents[index] - low if used else 0
        bits = (high - low).bit_length()
        return Cat(Const(shift, bits), Const(negative, 1), Const(used, 1), Const(bias, config.bias_format.width))

    def _arithmetic(self, m: Module, enable: Signal, x: Value, below: Value, weights: Value, valid: Value) -> None:
        config = self.config
        pipe = Pipeline(m, place(CUTS, config.latency, spare=SPARE), enable)
        width, each = config.input_format.width, len(weights) // config.lanes
        lanes = range(config.lanes)

        def cut(name: str, stages: list[Mapping[str, Value]]) -> list[dict[str, Signal]]:
            live = pipe.cut(
                name, {f"{key}{k}": value for k, stage in enumerate(stages) for key, value in stage.items()}
            )
            return [{key: live[f"{key}{k}"] for key in stage} for k, stage in enumerate(stages)]

        stages: list[Mapping[str, Value]] = []
        for k in lanes:
            shift = place_block(m, f"shift{k}", Shift(config))
            m.d.comb += [shift.x.eq(x[k * width :][:width]), shift.below.eq(below),
                         shift.weight.eq(weights[k * each :][:each])]  # fmt: skip
            stages.append({"product": shift.product, "minus": shift.minus, "bias": shift.bias})
        live, stages = cut("shifted", stages), []
        for k in lanes:
            lane, y = live[k], Signal(config.magnitude_width + 1, name=f"y{k}")
            product = lane["product"]
            places = config.fraction_bits - config.bias_format.fraction_bits
            m.d.comb += y.eq(Mux(lane["minus"], -product, product) + (lane["bias"].as_signed() << places))
            size = Signal(config.magnitude_width, name=f"size{k}")
            m.d.comb += size.eq(Mux(y[-1], -y, y))
            stages.append({"size": size, "sign": y[-1]})
        live, stages = cut("sum", stages), []
        for k in lanes:
            normal = place_block(m, f"normalise{k}", Normalise(config.magnitude_width))
            m.d.comb += normal.value.eq(live[k]["size"])
            stages.append({"significand": normal.significand, "zeros": normal.zeros, "sign": live[k]["sign"]})
        live, stages = cut("normal", stages), []
        names = ("y",) if config.output_format else ("e", "sign", "zero")
        for k in lanes:
            result = place_block(m, f"result{k}", Result(config))
            m.d.comb += [result.significand.eq(live[k]["significand"]), result.zeros.eq(live[k]["zeros"]),
                         result.negative.eq(live[k]["sign"])]  # fmt: skip
            stages.append({name: getattr(result, name) for name in names})
        live = cut("result", stages)
        for name in names:
            m.d.comb += Value.cast(self.o.payload[name]).eq(Cat(*(lane[name] for lane in live)))
        for rank in range(pipe.depth):
            following = Signal(name=f"valid_{rank + 1}")
            with m.If(enable):
                m.d.sync += following.eq(valid)
            valid = following
        m.d.comb += self.o.valid.eq(valid)
