"""The softmax: rows wait in a ring for their largest number, their powers in another for their sum (or only there)."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.block import place_block
from ..lib.handshake import ports
from .config.softmax import PLACES, SoftmaxConfig
from .line import apply, line
from .power import Normalise
from .ptsoftmax_sum import Top
from .rows import RowBuffer, capacity
from .softmax_parts import POWER_WIDTH, Distance, Exponent, Move, Power, Probability, Total, places

LARGEST_RANKS, FRONT_RANKS, OUT_RANKS = 2, 5, 3
"""Of the largest number; from a number to its power; from a power to its probability."""


def sum_ranks(config: SoftmaxConfig) -> int:
    """Ranks that look at powers: their sum, normalised, and its reciprocal."""
    return 6 if config.online else 5


def latency(config: SoftmaxConfig, beats: int) -> int:
    """Cycles from the last of a row's beats to its first probabilities."""
    into = FRONT_RANKS - 1 if config.online else LARGEST_RANKS + 2 + FRONT_RANKS + beats - 1
    return into + sum_ranks(config) + 2 + OUT_RANKS


def drain(config: SoftmaxConfig) -> int:
    """Cycles without stalls after which nothing more comes out."""
    rings = 2 if not config.online else 1
    return latency(config, config.beats) + 2 + rings * capacity(config.beats, sum_ranks(config) + 1)


class Softmax(Component):
    """``y = exp(x - max) / sum exp(x - max)``: ``lanes`` probabilities per clock cycle.

    Parameters
    ----------
    config : SoftmaxConfig
        Its class states the integers.

    Members
    -------
    i : In(stream of {x, on, last})
        Numbers; which of them take part; whether the row ends.
    o : Out(stream of {y, end})
        Probabilities, one beat for each beat in, and whether the row ends.

    Latency, from a row's last beat to its first probabilities: ``row beats + 18`` cycles, 15 online. Throughput: one
    beat per cycle: rows of any lengths follow each other without a gap, if probabilities are taken at once.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.

    Source: online, the row's sum follows a running maximum by shifts as in Softermax, arXiv 2103.09301.
    """

    i: Any
    o: Any

    def __init__(self, config: SoftmaxConfig):
        self.config = config

        def field(width: int) -> Any:
            return data.ArrayLayout(width, config.lanes) if config.lanes > 1 else width

        super().__init__(ports("stream", data.StructLayout({"x": field(config.input_format.width), "on": field(1),
                                                            "last": 1}),
                               data.StructLayout({"y": field(config.output_format.width), "end": 1})))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        width = config.input_format.width
        x, words = self._numbers(m)
        middle = SimpleNamespace(valid=Signal(name="middle_valid"), ready=Signal(name="middle_ready"))
        if config.online:
            top = Const((1 << width) - 1, width)
            enable = Signal(name="x_enable")
            m.d.comb += [enable.eq(~middle.valid | middle.ready), self.i.ready.eq(enable)]
            number, valid, last = words, self.i.valid, beat.last
        else:
            rows = RowBuffer(m, SimpleNamespace(i=self.i, o=middle), words, config.beats, "x_", LARGEST_RANKS + 1)
            m.d.comb += rows.last.eq(beat.last)
            flags = rows.delayed(LARGEST_RANKS)
            top = self._largest(m, flags[0], x, Value.cast(beat.on))
            number, top, valid, last = rows.findings(flags[-1][1], top)
            enable = rows.enable
        powers, last = self._powers(m, enable, number, [top], valid, last, middle)
        rows = RowBuffer(m, SimpleNamespace(i=middle, o=self.o), powers, config.beats, "", sum_ranks(config) + 1)
        m.d.comb += rows.last.eq(last)
        flags = rows.delayed(sum_ranks(config))
        base, total = self._running(m, flags, powers) if config.online else (
            Const(0, 0), self._sum(m, flags[0], powers))  # fmt: skip
        finding = self._reciprocal(m, base, total)
        word, found, valid, last = rows.findings(flags[-1][1], finding)
        self._result(m, rows, word, [found], valid, last)
        return m

    def _numbers(self, m: Module) -> tuple[list[Value], Signal]:
        """A beat's numbers from 0 on; and all, each with its `on` above it."""
        beat, width, lanes = self.i.payload, self.config.input_format.width, range(self.config.lanes)
        x = [Value.cast(beat.x)[k * width :][:width] ^ (1 << (width - 1)) for k in lanes]
        words = Signal((width + 1) * self.config.lanes, name="words")
        m.d.comb += words.eq(Cat(*(Cat(x[k], Value.cast(beat.on)[k]) for k in lanes)))
        return x, words

    def _beat_top(self, m: Module, x: list[Value], on: Value) -> Signal:
        """The largest number of a beat, a rank behind it."""
        width = len(x[0])
        top = place_block(m, "top", Top(width, len(x)))
        m.d.comb += [top.window.eq(Cat(*x)), top.on.eq(on)]
        part = Signal(width, name="beat_top", reset_less=True)
        m.d.sync += part.eq(top.highest)
        return part

    def _largest(self, m: Module, flags: tuple[Signal, Signal], x: list[Value], on: Value) -> Signal:
        """The largest number of the row so far, a rank behind that of its last beat, which ``flags`` are with."""
        part = self._beat_top(m, x, on)
        row = Signal(len(part), name="row_top", reset_less=True)
        fresh, (looks, ends) = Signal(name="x_fresh", init=1), flags
        with m.If(looks):
            m.d.sync += [row.eq(Mux(~fresh & (row > part), row, part)), fresh.eq(ends)]
        return row

    def _powers(self, m: Module, enable: Value, number: Value, tops: Sequence[Value], valid: Value, last: Value,
                middle: Any) -> tuple[Signal, Value]:  # fmt: skip
        """Powers of the numbers' distances from ``tops`` (one for as many lanes as another), ``FRONT_RANKS`` later;
        online their values, n and ``on``."""
        config = self.config
        width, lanes = config.input_format.width, range(config.lanes)
        ranks = FRONT_RANKS - 1 if config.online else FRONT_RANKS
        live: list[dict[str, Any]] = [{} for _ in lanes]
        for rank in range(1, ranks + 1):
            following = middle.valid if rank == ranks else Signal(name=f"power_valid_{rank}")
            end = Signal(name=f"power_last_{rank}", reset_less=True)
            with m.If(enable):
                m.d.sync += [following.eq(valid), end.eq(last)]
            valid, last = following, end
            for k in lanes:
                top = tops[k * len(tops) // config.lanes]
                stage = self._power(m, rank, k, live[k], number[k * (width + 1) :][: width + 1], top)
                for key, value in stage.items():
                    kept = Signal(len(value), name=f"{key}_{rank}_{k}", reset_less=True)
                    with m.If(enable):
                        m.d.sync += kept.eq(value)
                    live[k][key] = kept
        powers = Signal(sum(len(lane[key]) for lane in live for key in self._kept), name="powers")
        m.d.comb += powers.eq(Cat(*(lane[key] for lane in live for key in self._kept)))
        return powers, last

    @property
    def _kept(self) -> tuple[str, ...]:
        return ("m", "n", "on") if self.config.online else ("e",)

    def _power(self, m: Module, rank: int, k: int, live: dict[str, Any], word: Value, top: Value) -> dict[str, Value]:
        """What a rank of a lane makes of what is alive."""
        config = self.config
        if rank == 1:
            distance = place_block(m, f"distance{k}", Distance(config))
            m.d.comb += [distance.top.eq(top), distance.x.eq(word[:-1])]
            return {"d": distance.d, "on": word[-1]}
        if rank == 2:
            exponent = place_block(m, f"exponent{k}", Exponent(config))
            m.d.comb += exponent.d.eq(live["d"])
            return {"n": exponent.n, "f": exponent.f, "on": live["on"]}
        passed = {key: live[key] for key in ("n", "on")}
        if rank == 3:
            return {**self._line(m, k, live["f"]), **passed}
        if rank == 4:
            return {"m": apply(m, f"exp_value{k}", config.exp_table, live), **passed}
        power = place_block(m, f"power{k}", Power(config, places(config)))
        m.d.comb += [power.value.eq(live["m"]), power.steps.eq(live["n"]), power.on.eq(live["on"])]
        return {"e": power.e}

    def _line(self, m: Module, k: int, f: Value) -> dict[str, Value]:
        """The line of ``2^-f`` that a lane needs."""
        return line(m, f"exp{k}", self.config.exp_table, f)

    def _beat_sum(self, m: Module, powers: Value) -> Signal:
        """The sum of a beat's powers, a rank behind it."""
        total = place_block(m, "total", Total(self.config.one + 1, self.config.lanes))
        m.d.comb += total.words.eq(powers)
        part = Signal(len(total.total), name="beat_sum", reset_less=True)
        m.d.sync += part.eq(total.total)
        return part

    def _sum(self, m: Module, flags: tuple[Signal, Signal], powers: Value) -> Signal:
        """The row's sum so far, a rank behind that of its last beat, which ``flags`` are with."""
        config, (looks, ends) = self.config, flags
        part = self._beat_sum(m, powers)
        row, fresh = Signal(config.sum_width, name="row_sum", reset_less=True), Signal(name="fresh", init=1)
        with m.If(looks):
            m.d.sync += [row.eq(Mux(fresh, 0, row) + part), fresh.eq(ends)]
        return row

    def _reciprocal(self, m: Module, base: Value, total: Value) -> Value:
        """What a row's numbers need: base (online), shift, and the reciprocal; three ranks later."""
        config = self.config
        normal = place_block(m, "normal", Normalise(config.sum_width))
        m.d.comb += normal.value.eq(total)
        top = config.sum_width - 1
        z = Signal((top - config.lowest).bit_length(), name="z")
        m.d.comb += z.eq(top - config.lowest - normal.zeros)
        live: dict[str, Any] = {"g": normal.significand[top - PLACES : top], "z": z, "base": base}
        for rank in range(1, 4):
            if rank == 2:
                live = {**line(m, "sum", config.sum_table, live["g"]), "z": live["z"], "base": live["base"]}
            elif rank == 3:
                live = {"r": apply(m, "sum_value", config.sum_table, live), "z": live["z"], "base": live["base"]}
            kept = {key: Signal(len(value), name=f"sum_{key}_{rank}", reset_less=True) for key, value in live.items()}
            m.d.sync += [kept[key].eq(value) for key, value in live.items()]
            live = kept
        return Cat(live["r"], live["z"], live["base"])

    def _result(self, m: Module, rows: RowBuffer, word: Value, findings: Sequence[Value], valid: Value,
                last: Value) -> None:  # fmt: skip
        """Probabilities of a beat beside its row's findings (one for as many lanes as another): shifted, multiplied,
        rounded."""
        config, lanes = self.config, range(self.config.lanes)
        shift_width = (config.sum_width - 1 - config.lowest).bit_length()
        each, of = len(word) // config.lanes, [k * len(findings) // config.lanes for k in lanes]
        shifts: list[Value] = []
        for k in lanes:
            lane, rest = word[k * each :][:each], findings[of[k]][POWER_WIDTH:]
            z, base = rest[:shift_width], rest[shift_width:]
            if config.online:
                value, n, on = lane[:POWER_WIDTH], lane[POWER_WIDTH:-1], lane[-1]
                steps = Signal(len(n) + 1, name=f"steps{k}")
                m.d.comb += steps.eq(n - base + z)
                power = place_block(m, f"power{k}", Power(config, len(steps)))
                m.d.comb += [power.value.eq(value), power.steps.eq(steps), power.on.eq(on)]
                shifted = power.e
            else:
                shifted = lane >> z
            shifts.append(shifted[: config.lowest + 1])
        rank_r = [Signal(POWER_WIDTH, name=f"r{at or ''}", reset_less=True) for at in range(len(findings))]
        scaled = [Signal(config.lowest + 1, name=f"scaled{k}", reset_less=True) for k in lanes]
        product = [Signal(config.lowest + 1 + POWER_WIDTH, name=f"product{k}", reset_less=True) for k in lanes]
        ends = [Signal(name=f"last_{rank}", reset_less=True) for rank in (1, 2)]
        flags = [Signal(name=name) for name in ("scaled_valid", "product_valid")]
        y = []
        for k in lanes:
            result = place_block(m, f"result{k}", Probability(config))
            m.d.comb += result.product.eq(product[k])
            y.append(result.y)
        with m.If(rows.enable):
            m.d.sync += [r.eq(finding[:POWER_WIDTH]) for r, finding in zip(rank_r, findings, strict=True)]
            m.d.sync += [scaled[k].eq(shifts[k]) for k in lanes]
            m.d.sync += [product[k].eq(scaled[k] * rank_r[of[k]]) for k in lanes]
            m.d.sync += [flags[0].eq(valid), flags[1].eq(flags[0]), self.o.valid.eq(flags[1])]
            m.d.sync += [ends[0].eq(last), ends[1].eq(ends[0]), self.o.payload.end.eq(ends[1])]
            m.d.sync += Value.cast(self.o.payload.y).eq(Cat(*y))

    def _running(self, m: Module, flags: list[tuple[Signal, Signal]], powers: Value) -> tuple[Signal, Signal]:
        """The row's least n and its sum beside it so far, there in rank 3."""
        config, lanes = self.config, range(self.config.lanes)
        count = places(config)
        each = POWER_WIDTH + count + 1
        words = [powers[k * each :][:each] for k in lanes]
        least = place_block(m, "least", Top(count, config.lanes))
        m.d.comb += [least.window.eq(Cat(*(~w[POWER_WIDTH:-1] for w in words))),
                     least.on.eq(Cat(*(w[-1] for w in words)))]  # fmt: skip
        kept = Signal(len(powers), name="first_words", reset_less=True)
        base = Signal(count, name="first_least", reset_less=True)
        m.d.sync += [kept.eq(powers), base.eq(~least.highest)]
        total = place_block(m, "total", Total(config.one + 1, config.lanes))
        terms = []
        for k in lanes:
            word = kept[k * each :][:each]
            term = place_block(m, f"term{k}", Power(config, count))
            m.d.comb += [term.value.eq(word[:POWER_WIDTH]), term.steps.eq(word[POWER_WIDTH:-1] - base),
                         term.on.eq(word[-1])]  # fmt: skip
            terms.append(term.e)
        m.d.comb += total.words.eq(Cat(*terms))
        part = Signal(len(total.total), name="beat_sum", reset_less=True)
        part_base = Signal(count, name="beat_least", reset_less=True)
        m.d.sync += [part.eq(total.total), part_base.eq(base)]
        row, row_base = (Signal(size, name=name, reset_less=True)
                         for size, name in ((config.sum_width, "row_sum"), (count, "row_least")))  # fmt: skip
        fresh, (looks, ends) = Signal(name="fresh", init=1), flags[1]
        move = place_block(m, "move", Move(config))
        m.d.comb += [move.row.eq(Mux(fresh, 0, row)), move.row_base.eq(Mux(fresh, (1 << count) - 1, row_base)),
                     move.beat.eq(part), move.beat_base.eq(part_base)]  # fmt: skip
        with m.If(looks):
            m.d.sync += [row.eq(move.sum), row_base.eq(move.base), fresh.eq(ends)]
        return row_base, row
