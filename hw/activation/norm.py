"""Layer norm and RMS norm: rows wait in a ring for their sums, then each number is centred, multiplied and rounded."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component

from ..lib.block import place_block
from ..lib.handshake import ports
from .config.norm import PLACES, NormConfig
from .line import apply, line
from .norm_parts import ROOT_WIDTH, Centre, Result, Round, Squares, signed_sum
from .power import Normalise
from .rows import RowBuffer, add_all

RANKS = 8
"""Ranks that look at rows: squares, sums of a beat and of the row, their products, T, and its root in three."""


def latency(config: NormConfig) -> int:
    """Cycles from a row's last beat to its first results."""
    return RANKS + 2 + (5 if config.scaled else 4)


class Norm(Component):
    """``y = (x - mean) / sqrt(variance + eps) * gamma + beta``, or by the mean of squares: ``lanes`` numbers a cycle.

    Parameters
    ----------
    config : NormConfig
        Its class states the integers.

    Members
    -------
    i : In(stream of {x})
        Codes, row after row, ``config.beats`` beats each.
    o : Out(stream of {y})
        One beat for each beat in.

    Latency, from a row's last beat to its first results: 14 cycles, 15 with constants. Throughput: one beat per cycle,
    rows one after the other without a gap.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.
    """

    i: Any
    o: Any

    def __init__(self, config: NormConfig):
        self.config = config

        def field(width: int) -> Any:
            return data.ArrayLayout(width, config.lanes) if config.lanes > 1 else width

        super().__init__(ports("stream", data.StructLayout({"x": field(config.input_format.width)}),
                               data.StructLayout({"y": field(config.output_format.width)})))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        words = Signal(config.input_format.width * config.lanes, name="words")
        m.d.comb += words.eq(Value.cast(self.i.payload.x))
        rows = RowBuffer(m, self, words, config.beats, find=RANKS + 1)
        m.d.comb += rows.last.eq(0)
        flags = rows.delayed(RANKS)
        finding = self._root(m, *self._sums(m, rows, flags[1], words))
        word, found, valid, last = rows.findings(flags[-1][1], finding)
        self._results(m, rows, word, [found], valid, last)
        return m

    def _beat_sums(self, m: Module, squares: list[Value], values: list[Value]) -> tuple[Signal, Signal]:
        """The sums of a beat's squares and numbers, a rank behind them."""
        config = self.config
        width = len(squares[0]) + (len(squares) - 1).bit_length()
        beat_squares = Signal(width, name="beat_squares", reset_less=True)
        beat_sum = Signal(config.sum_width, name="beat_sum", reset_less=True)
        m.d.sync += [beat_squares.eq(add_all(squares)), beat_sum.eq(signed_sum(values))]
        return beat_squares, beat_sum

    def _sums(self, m: Module, rows: RowBuffer, flags: tuple[Signal, Signal],
              words: Signal) -> tuple[Signal, Signal]:  # fmt: skip
        """The row's sum and its sum of squares so far, a rank behind those of its last beat, which ``flags`` are
        with."""
        config, lanes = self.config, range(self.config.lanes)
        width = config.input_format.width
        left = config.elements - (config.beats - 1) * config.lanes
        squares = place_block(m, "squares", Squares(config))
        m.d.comb += squares.words.eq(words)
        closing = Signal(name="closing")
        m.d.comb += closing.eq(rows.number == config.beats - 1)
        kept, values = [], []
        for k in lanes:
            beyond = closing if k >= left else Const(0, 1)
            square = Signal(2 * width - 1, name=f"square{k}", reset_less=True)
            x = Signal(width, name=f"x{k}", reset_less=True)
            m.d.sync += [square.eq(Mux(beyond, 0, squares.squares[k * (2 * width - 1) :][: 2 * width - 1])),
                         x.eq(Mux(beyond, 0, words[k * width :][:width]))]  # fmt: skip
            kept.append(square)
            values.append(x.as_signed())
        beat_squares, beat_sum = self._beat_sums(m, kept, values)
        row_squares = Signal(config.square_width, name="row_squares", reset_less=True)
        row_sum = Signal(config.sum_width, name="row_sum", reset_less=True)
        fresh, (looks, ends) = Signal(name="fresh", init=1), flags
        with m.If(looks):
            m.d.sync += [row_squares.eq(Mux(fresh, 0, row_squares) + beat_squares),
                         row_sum.eq(Mux(fresh, 0, row_sum) + beat_sum), fresh.eq(ends)]  # fmt: skip
        return row_sum, row_squares

    def _root(self, m: Module, row_sum: Signal, row_squares: Signal) -> Value:
        """Sum, r and h of a row, there in rank ``RANKS``."""
        config = self.config
        width = config.total_width
        live: dict[str, Any] = {"sum": row_sum, "many": row_squares * config.elements}
        if config.kind == "layer":
            live["square"] = row_sum.as_signed() * row_sum.as_signed()
        for rank in range(4, RANKS + 1):
            if rank == 5:
                total = Signal(width, name="total")
                m.d.comb += total.eq(((live["many"] - live.get("square", 0)) << 2 * config.fine) + config.added)
                live = {"sum": live["sum"], "total": total}
            elif rank == 6:
                normal = place_block(m, "normal", Normalise(width))
                m.d.comb += normal.value.eq(live["total"])
                k = Signal(range(width), name="k")
                m.d.comb += k.eq(width - 1 - normal.zeros)
                # Bits below the top one; k odd is the second octave.
                below = Cat(Const(0, max(PLACES + 1 - width, 0)), normal.significand)[-1 - PLACES : -1]
                live = {"sum": live["sum"], "u": Cat(below, k[0]), "h": k[1:]}
            elif rank == 7:
                live = {"sum": live["sum"], "h": live["h"], **line(m, "root", config.root_table, live["u"])}
            elif rank == 8:
                live = {"sum": live["sum"], "h": live["h"], "r": apply(m, "root_value", config.root_table, live)}
            kept = {key: Signal(len(value), name=f"{key}_{rank}", reset_less=True) for key, value in live.items()}
            m.d.sync += [kept[key].eq(value) for key, value in live.items()]
            live = kept
        return Cat(live["r"], live["h"], live["sum"] if config.kind == "layer" else Const(0, 0))

    def _results(self, m: Module, rows: RowBuffer, word: Value, findings: Sequence[Value], valid: Value,
                 last: Value) -> None:  # fmt: skip
        """Results of a beat beside its row's findings (one for as many lanes as another)."""
        config, lanes = self.config, range(self.config.lanes)
        width = config.input_format.width
        left = config.elements - (config.beats - 1) * config.lanes
        h_width = (config.total_width - 1).bit_length() - 1
        of = [k * len(findings) // config.lanes for k in lanes]
        ranks = latency(config) - RANKS - 2
        live: list[dict[str, Any]] = [{} for _ in lanes]
        common: list[dict[str, Any]] = [
            {"r": found[:ROOT_WIDTH], "h": found[ROOT_WIDTH:][:h_width]} for found in findings]  # fmt: skip
        constants: Value = Const(0, 0)
        for rank in range(1, ranks + 1):
            flag = self.o.valid if rank == ranks else Signal(name=f"valid_{rank}")
            if rank == 3 and config.scaled:
                constants = self._constants(m, rows.enable, valid)
            with m.If(rows.enable):
                m.d.sync += flag.eq(valid)
            valid = flag
            results = []
            for k in lanes:
                stage: dict[str, Any] = {}
                if rank == 1:
                    centre = place_block(m, f"centre{k}", Centre(config))
                    m.d.comb += [centre.x.eq(word[k * width :][:width]),
                                 centre.sum.eq(findings[of[k]][ROOT_WIDTH + h_width :])]  # fmt: skip
                    stage["c"] = Mux(last, 0, centre.c) if k >= left else centre.c
                elif rank == 2:
                    stage["v"] = live[k]["c"].as_signed() * common[of[k]]["r"]
                elif rank == 3:
                    rounded = place_block(m, f"round{k}", Round(config))
                    m.d.comb += [rounded.v.eq(live[k]["v"]), rounded.h.eq(common[of[k]]["h"])]
                    stage["z"] = rounded.z
                elif rank == 4 and config.scaled:
                    each = config.gamma_format.width + config.beta_format.width
                    of_lane = constants[k * each :][:each]
                    gamma = of_lane[: config.gamma_format.width].as_signed()
                    stage = {"p": live[k]["z"].as_signed() * gamma, "beta": of_lane[config.gamma_format.width :]}
                else:
                    result = place_block(m, f"result{k}", Result(config))
                    m.d.comb += [getattr(result, key).eq(value) for key, value in live[k].items()]
                    results.append(result.y)
                    continue
                live[k] = {}
                for key, value in stage.items():
                    live[k][key] = kept = Signal(len(value), name=f"{key}_{rank}_{k}", reset_less=True)
                    with m.If(rows.enable):
                        m.d.sync += kept.eq(value)
            if results:
                with m.If(rows.enable):
                    m.d.sync += Value.cast(self.o.payload.y).eq(Cat(*results))
            if rank <= 2:
                for at, told in enumerate(common):
                    kept = {key: Signal(len(value), name=f"{key}{at or ''}_at_{rank}", reset_less=True)
                            for key, value in told.items()}  # fmt: skip
                    with m.If(rows.enable):
                        m.d.sync += [kept[key].eq(value) for key, value in told.items()]
                    common[at] = kept

    def _constants(self, m: Module, enable: Value, moves: Value) -> Value:
        """Gamma and beta of the beat whose z is there: of each lane, gamma below."""
        config = self.config
        gamma, beta = config.gamma_format, config.beta_format

        def entry(beat: int) -> int:
            word = 0
            for k in reversed(range(config.lanes)):
                factor, added = config.constants(beat * config.lanes + k)
                pair = (added & ((1 << beta.width) - 1)) << gamma.width | factor & ((1 << gamma.width) - 1)
                word = word << (gamma.width + beta.width) | pair
            return word

        width = config.lanes * (gamma.width + beta.width)
        if config.beats == 1:
            return Const(entry(0), width)
        at = Signal(range(config.beats), name="place")
        with m.If(enable & moves):
            m.d.sync += at.eq(Mux(at == config.beats - 1, 0, at + 1))
        m.submodules.constants = memory = Memory(shape=width, depth=config.beats,
                                                 init=[entry(beat) for beat in range(config.beats)])  # fmt: skip
        fetch = memory.read_port()
        word = Signal(width, name="constants_word")
        m.d.comb += [fetch.en.eq(enable), fetch.addr.eq(at), word.eq(fetch.data)]
        return word
