"""AXI-Stream ends (AMBA IHI 0051): TDATA, TKEEP, TLAST with TVALID and TREADY, any whole number of bytes wide."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from .adapt import Gather, Scatter, words_of


def transfer(word: int) -> data.StructLayout:
    """What one transfer carries: ``word`` bits, a bit for each byte that counts, the end of a packet."""
    return data.StructLayout({"data": word, "keep": word // 8, "last": 1})


class Skid(Component):
    """A stream through a spare register, so that ``i.ready`` is a register.

    Latency 0 while nothing waits; a beat in every cycle. ``i.ready`` is low during reset and in the cycle after.

    Members
    -------
    i, o : In(stream of shape), Out(stream of shape)
    """

    def __init__(self, shape: Any):
        self.shape = shape
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        spare = Signal(self.shape, reset_less=True)
        full = Signal()
        ready = Signal()
        waits = Signal()
        m.d.comb += [
            self.i.ready.eq(ready), self.o.valid.eq(full | (self.i.valid & ready)),
            self.o.payload.eq(Mux(full, spare, self.i.payload)), waits.eq(self.o.valid & ~self.o.ready),
        ]  # fmt: skip
        m.d.sync += [full.eq(waits), ready.eq(~waits)]
        with m.If(~full):
            m.d.sync += spare.eq(self.i.payload)
        return m


class AxiStreamSlave(Component):
    """Transfers to beats: :class:`Skid`, the check of TKEEP, :class:`~.adapt.Gather`.

    A beat is offered in the cycle after its last transfer (latency 1), one beat in ``S = ceil(beat / word)`` cycles.
    Every transfer must keep all bytes that belong to the beat (those of the padding may be kept or not), and TLAST may
    only come with a beat's last transfer; otherwise the beat is dropped, as :class:`~.adapt.Gather` says.

    Parameters
    ----------
    beat, word : int
        Bits of a beat, and of TDATA, a multiple of 8.

    Members
    -------
    i : In(stream of transfer(word))
    o : Out(stream of beat)
    short, spoilt, partial : Out(1)
        As those of :class:`~.adapt.Gather`; a word is bad where TKEEP is.
    """

    def __init__(self, beat: int, word: int):
        self.beat, self.word = beat, word
        super().__init__({
            "i": In(stream.Signature(transfer(word))), "o": Out(stream.Signature(beat)),
            "short": Out(1), "spoilt": Out(1), "partial": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(transfer(self.word))
        m.submodules.gather = gather = Gather(self.beat, self.word)
        lanes, words = self.word // 8, words_of(self.beat, self.word)
        ends = (1 << words_of(self.beat - (words - 1) * self.word, 8)) - 1
        word = skid.o.payload
        needed = Signal(lanes)
        m.d.comb += [
            skid.i.valid.eq(self.i.valid), skid.i.payload.eq(self.i.payload), self.i.ready.eq(skid.i.ready),
            needed.eq(Mux(gather.at_end, Const(ends, lanes), Const((1 << lanes) - 1, lanes))),
            gather.i.valid.eq(skid.o.valid), skid.o.ready.eq(gather.i.ready),
            gather.i.payload.data.eq(word.data), gather.i.payload.last.eq(word.last),
            gather.i.payload.bad.eq((needed & ~word.keep).any()),
            self.o.valid.eq(gather.o.valid), self.o.payload.eq(gather.o.payload), gather.o.ready.eq(self.o.ready),
            self.short.eq(gather.short), self.spoilt.eq(gather.spoilt), self.partial.eq(gather.partial),
        ]  # fmt: skip
        return m


class AxiStreamMaster(Component):
    """Beats to transfers: :class:`~.adapt.Scatter`, and TLAST after every ``packet`` beats.

    The first transfer is offered in the cycle after the beat was taken (latency 1), one beat in ``S = ceil(beat /
    word)`` cycles. TVALID, TDATA, TKEEP and TLAST come from registers and stay until taken.

    Parameters
    ----------
    beat, word : int
        Bits of a beat, and of TDATA, a multiple of 8.

    Members
    -------
    i : In(stream of beat)
    o : Out(stream of transfer(word))
    packet : In(32)
        Beats in a packet; 0: no TLAST. A new length counts from the next beat; a packet that is longer ends with it.
    restart : In(1)
        The next beat that is taken is a packet's first.
    """

    def __init__(self, beat: int, word: int):
        self.beat, self.word = beat, word
        super().__init__({"i": In(stream.Signature(beat)), "o": Out(stream.Signature(transfer(word))),
                          "packet": In(32), "restart": In(1)})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.scatter = scatter = Scatter(self.beat, self.word)
        sent = Signal(32)
        following = Signal(32)
        last = Signal()
        m.d.comb += [
            following.eq(sent + 1), last.eq((self.packet != 0) & (following >= self.packet)),
            scatter.i.valid.eq(self.i.valid), self.i.ready.eq(scatter.i.ready),
            scatter.i.payload.data.eq(self.i.payload), scatter.i.payload.last.eq(last),
            self.o.valid.eq(scatter.o.valid), self.o.payload.eq(scatter.o.payload), scatter.o.ready.eq(self.o.ready),
        ]  # fmt: skip
        with m.If(self.restart):
            m.d.sync += sent.eq(0)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += sent.eq(Mux(last | (self.packet == 0), 0, following))
        return m
