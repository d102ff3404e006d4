"""The power-of-two softmax: rows wait in a ring while their sum is made, then every share is a subtraction."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.block import place_block
from ..lib.handshake import ports
from .config.ptsoftmax import PtsoftmaxConfig
from .power import Power
from .ptsoftmax_sum import Combine, Share, Terms, Top
from .rows import FIND, RowBuffer

RANKS = 4
LATENCY = FIND + 2
"""Cycles from a row's last beat to its first shares, if those of the row before are taken by then."""


class Ptsoftmax(Component):
    """``p = 2^(z - max z) / P``, P the power of two nearest to the row's sum: ``lanes`` shares per clock cycle.

    Scores are counted in windows of G = ``window`` numbers, aligned to multiples of G. Of a row the sums over the
    window of its largest score and over the one below are kept; when a score comes from a higher window, they move
    down. The largest score itself cancels: ``p = 2^z / P'`` with P' nearest to the sum of all ``2^z``.

    Parameters
    ----------
    config : PtsoftmaxConfig

    Members
    -------
    i : In(stream of {z, on, last})
        Scores; which of them take part; whether the row ends.
    o : Out(stream of {k, zero, end} or of {p, end})
        ``p = 2^-k``, or 0 where ``zero`` is set; or p as a fixed-point code; and whether the row
        ends. One beat for each beat in.

    Latency: 7 cycles from a row's last beat to its first shares; ``row beats + 6`` from its first beat. Throughput: one
    beat per cycle: rows of any lengths follow each other without a gap on either side, if shares are taken at once.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.

    Source: Sorbet, arXiv 2409.15298 (PTsoftmax).
    """

    i: Any
    o: Any

    def __init__(self, config: PtsoftmaxConfig):
        self.config = config

        def field(width: int) -> Any:
            return data.ArrayLayout(width, config.lanes) if config.lanes > 1 else width

        fmt = config.output_format
        shares = {"p": field(fmt.width)} if fmt else {"k": field(config.share_width), "zero": field(1)}
        super().__init__(ports("stream", data.StructLayout({"z": field(config.bits), "on": field(1), "last": 1}),
                               data.StructLayout({**shares, "end": 1})))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        bits, low, lanes = config.bits, config.span.bit_length() - 1, range(config.lanes)
        # Scores from 0 on: their windows then have numbers without sign.
        z = [Value.cast(beat.z)[k * bits :][:bits] ^ (1 << (bits - 1)) for k in lanes]
        words = Signal((bits + 1) * config.lanes, name="words")
        m.d.comb += words.eq(Cat(*(Cat(z[k], Value.cast(beat.on)[k]) for k in lanes)))
        rows = RowBuffer(m, self, words, config.beats)
        m.d.comb += rows.last.eq(beat.last)
        _, summed, _, found = rows.delayed(RANKS)

        def registers(prefix: str, **values: Value) -> dict[str, Signal]:
            kept = {key: Signal(len(value), name=f"{prefix}_{key}", reset_less=True) for key, value in values.items()}
            m.d.sync += [kept[key].eq(value) for key, value in values.items()]
            return kept

        # The window of the beat's largest score, the sums over that and the one below, and then over those of the row.
        top = place_block(m, "top", Top(bits - low, config.lanes))
        m.d.comb += [top.window.eq(Cat(*(score[low:] for score in z))), top.on.eq(Value.cast(beat.on))]
        live = registers("first", top=top.highest, words=words)
        terms = place_block(m, "terms", Terms(config))
        m.d.comb += [terms.words.eq(live["words"]), terms.top.eq(live["top"])]
        part = registers("beat", top=live["top"], upper=terms.upper, lower=terms.lower)
        row = {
            key: Signal(width, name=f"row_{key}", reset_less=True)
            for key, width in (("top", bits - low), ("upper", config.half_width), ("lower", config.half_width))
        }
        combine, fresh = place_block(m, "combine", Combine(config)), Signal(name="fresh", init=1)
        for key, value in row.items():
            # A row that begins adds to nothing, in window 0.
            m.d.comb += [getattr(combine, f"row_{key}").eq(Mux(fresh, 0, value)),
                         getattr(combine, f"beat_{key}").eq(part[key])]  # fmt: skip
        with m.If(summed[0]):
            m.d.sync += [value.eq(getattr(combine, key)) for key, value in row.items()]
            m.d.sync += fresh.eq(summed[1])
        total = Signal(config.sum_width, name="total")
        m.d.comb += total.eq(Cat(row["lower"], 0).as_unsigned() + (row["upper"] << config.span))
        whole = registers("whole", top=row["top"], total=total)
        power = place_block(m, "power", Power(config.sum_width, "arithmetic"))
        m.d.comb += power.value.eq(whole["total"])

        kept, finding, valid, last = rows.findings(found[1], Cat(whole["top"], power.e))
        shares = []
        for k in lanes:
            share = place_block(m, f"share{k}", Share(config))
            m.d.comb += [Cat(share.z, share.on).eq(kept[k * (bits + 1) :][: bits + 1]),
                         Cat(share.top, share.e).eq(finding)]  # fmt: skip
            shares.append(share)
        with m.If(rows.enable):
            m.d.sync += [self.o.valid.eq(valid), self.o.payload.end.eq(last)]
            for key in ("p",) if config.output_format else ("k", "zero"):
                m.d.sync += Value.cast(self.o.payload[key]).eq(Cat(*(getattr(share, key) for share in shares)))
        return m
