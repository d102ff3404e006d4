"""Width adaption between words of a bus and beats of a unit.

A beat of ``N`` bits (the *beat image*: :mod:`nervure.verif.image`) is carried by ``S = ceil(N / W)`` words of ``W``
bits, the first word being the beat's low bits; every beat begins with a word of its own, and what is left over in its
last word is padding. Both circuits keep the rules of a stream: valid waits for nothing, a payload stays until taken.
Where N or W is not a whole number of bytes the arithmetic is the same; the edges only use whole bytes.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out


def words_of(beat: int, word: int) -> int:
    """Words of ``word`` bits that carry a beat of ``beat`` bits: ``ceil(beat / word)``."""
    return -(-beat // word)


class Gather(Component):
    """Words to beats.

    A beat is offered in the cycle after its last word was taken (latency 1), and a word is taken in every cycle in
    which no beat waits: throughput is one beat in S cycles, without a gap. ``i.ready`` depends combinationally on
    ``o.ready``.

    ``last`` ends a packet, which is any number of whole beats. A packet that ends in mid-beat (``last`` in a word that
    is not a beat's last) and a beat with a word marked ``bad`` are not passed on: the beat is dropped, and the word
    after ``last`` begins a beat in any case, so that a lost word does no harm beyond its packet.

    Parameters
    ----------
    beat, word : int
        Bits of a beat and of a word, both positive.

    Members
    -------
    i : In(stream of {data: word, last: 1, bad: 1})
    o : Out(stream of beat)
    short : Out(1)
        High in the cycle in which a packet ends in mid-beat.
    spoilt : Out(1)
        High in the cycle in which the last word of a beat with a bad word is taken. Never with ``short``.
    partial : Out(1)
        High while some, not all words of a beat are there.
    at_end : Out(1)
        High while the next word to be taken is a beat's last.
    """

    def __init__(self, beat: int, word: int):
        self.beat, self.word, self.words = beat, word, words_of(beat, word)
        super().__init__({
            "i": In(stream.Signature(data.StructLayout({"data": word, "last": 1, "bad": 1}))),
            "o": Out(stream.Signature(beat)), "short": Out(1), "spoilt": Out(1), "partial": Out(1),
            "at_end": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        # Words move down, so that none needs a decoder; S words put the first at the bottom.
        held = Signal(self.words * self.word, reset_less=True)
        count = Signal(range(self.words))
        full = Signal()
        bad = Signal()
        end = Signal()
        wrong = Signal()
        taken = Signal()
        word, at_end = self.i.payload, self.at_end
        m.d.comb += [
            self.i.ready.eq(~full | self.o.ready), taken.eq(self.i.valid & self.i.ready),
            at_end.eq(count == self.words - 1), end.eq(at_end | word.last), wrong.eq(bad | word.bad),
            self.short.eq(taken & word.last & ~at_end), self.spoilt.eq(taken & at_end & wrong),
            self.partial.eq(count != 0), self.o.valid.eq(full), self.o.payload.eq(held),
        ]  # fmt: skip
        with m.If(taken):
            m.d.sync += [
                held.eq(Cat(held, word.data)[self.word :]),
                count.eq(Mux(end, 0, count + 1)), bad.eq(wrong & ~end), full.eq(at_end & ~wrong),
            ]  # fmt: skip
        with m.Elif(self.o.ready):
            m.d.sync += full.eq(0)
        return m


class Scatter(Component):
    """Beats to words.

    A beat's first word is offered in the cycle after the beat was taken (latency 1); the next beat is taken with the
    last word, so that throughput is one beat in S cycles, without a gap. ``i.ready`` depends combinationally on
    ``o.ready``. Padding is zero. ``keep`` has a bit for each byte of the word, all ones but in a packet's last word,
    where only the beat's own bytes are marked: so the bytes that are kept lie together.

    Parameters
    ----------
    beat, word : int
        Bits of a beat and of a word, both positive; ``word`` a multiple of 8.

    Members
    -------
    i : In(stream of {data: beat, last: 1})
        ``last``: the beat ends a packet.
    o : Out(stream of {data: word, keep: word / 8, last: 1})
    """

    def __init__(self, beat: int, word: int):
        self.beat, self.word, self.words = beat, word, words_of(beat, word)
        super().__init__({
            "i": In(stream.Signature(data.StructLayout({"data": beat, "last": 1}))),
            "o": Out(stream.Signature(data.StructLayout({"data": word, "keep": word // 8, "last": 1}))),
        })  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        held = Signal(self.beat, reset_less=True)
        count = Signal(range(self.words))
        full = Signal()
        last = Signal()
        at_end = Signal()
        left, lanes = self.beat - (self.words - 1) * self.word, self.word // 8  # bits in the last word; its bytes
        word = self.o.payload
        m.d.comb += [
            at_end.eq(count == self.words - 1), self.i.ready.eq(~full | (self.o.ready & at_end)),
            self.o.valid.eq(full), word.data.eq(held[: self.word]), word.last.eq(last & at_end),
            word.keep.eq(Mux(word.last, Const((1 << words_of(left, 8)) - 1, lanes), Const((1 << lanes) - 1, lanes))),
        ]  # fmt: skip
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [held.eq(self.i.payload.data), last.eq(self.i.payload.last), full.eq(1), count.eq(0)]
        with m.Elif(self.o.ready & full):
            m.d.sync += [held.eq(held[self.word :]), count.eq(count + 1), full.eq(~at_end)]
        return m
