"""The classifier core: counts of a heartbeat in, layer after layer through the elements, class and confidence out."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from .config import EcgConfig
from .config.schedule import shares
from .config.tables import room, word_pieces
from .element import Element
from .loading import Loading

PORTS = {("i", "valid"): "start", ("i", "ready"): "idle", ("o", "valid"): "done", ("o", "ready"): None}
"""Ports of ``interface = start`` for the signals of the streams."""


class Ecg(Component):
    """``n' = clip(floor(4 (sum w n + T b) / theta4), 0, T)`` in each layer, and the first of the largest last sums.

    Each element walks the weights of its own neurons, one a cycle, and without a pause where the coding leaves zeros
    out; all layers are one list. Counts are in two banks: a layer reads one and writes the other. With ``neuron = if``
    the list is walked T times, the banks hold spikes, and each element keeps the U of its neurons in a memory.

    Parameters
    ----------
    config : EcgConfig

    Members
    -------
    i : In(stream of {n}, or where the network is loaded of {n, load, address, word})
        Counts; a code above T counts as T. With ``load`` high a word instead, which has no answer: see
        :class:`~nervure.hw.ecg.loading.Loading`. With ``interface = start`` its valid is the port ``start`` and its
        ready ``idle``: a start while the core is not idle is not seen.
    o : Out(stream of {label, confidence})
        The class and by how much its sum leads. With ``interface = start`` its valid is the port ``done``, high for one
        cycle, and there is no ready; the answer stays until the next beat's sums are compared.

    Latency: ``W + (layers - 1)(count_width + 2) + 5 + E`` cycles from a beat to its class, the same for all beats. W
    adds up, layer by layer, the weights of the busiest element (all, or with ``bitmap`` and ``runs`` those that are not
    0; a neuron without any counts 1, and a hidden one at least count_width where another is before it); E is the number
    of elements that have a class. The next beat is taken one cycle after the class. With ``neuron = if`` a
    hidden neuron takes at least 1, and a beat ``T (W + 3 layers) + 2 + E``. See
    :mod:`nervure.hw.ecg.config.schedule`.

    With ``storage = loaded`` it is that of the network that was loaded last; without one, the answer is class 0 with
    confidence 0 in the next cycle. A word is taken in one cycle, when no beat is worked on and no answer waits: with
    ``interface = stream`` it is held until then, with ``start`` not seen.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone. With ``gating`` no register but those
    of the handshake is enabled while no beat is worked on.

    Source: the neuron is that of SparrowSNN, arXiv 2406.06543; the core is our own.
    """

    i: Any
    o: Any

    def __init__(self, config: EcgConfig):
        self.config = config
        loads = {}
        if config.storage == "loaded":
            pieces, width = word_pieces(config)
            word = data.ArrayLayout(width, pieces)
            loads = {"load": 1, "address": room(config).address_bits, "word": word}
        counts = data.StructLayout({"n": data.ArrayLayout(config.count_width, config.widths[0]), **loads})
        answer = data.StructLayout({"label": config.class_width, "confidence": config.confidence_width})
        starts = config.interface == "start"
        self.handshake = PORTS if starts else {}
        super().__init__({"i": In(stream.Signature(counts)), "o": Out(stream.Signature(answer, always_ready=starts))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config, final = self.config, self.config.num_layers - 1
        loaded, most = config.storage == "loaded", final
        idle, begin, running, merging = (Signal(name=n, init=int(n == "idle")) for n in
                                         ("idle", "begin", "running", "merging"))  # fmt: skip
        taken, go, ends, steps, last = (Signal(name=n) for n in ("taken", "go", "ends", "steps", "last_step"))
        layer, following = Signal(range(most + 1), name="layer"), Signal(range(most + 1), name="following")
        given = shares(config)
        numbers = ([*range(room(config).elements)] if loaded else
                   [e for e in range(config.pes) if any(elements[e] for elements in given)])  # fmt: skip
        elements = [Element(config, e) for e in numbers]
        for e, element in zip(numbers, elements, strict=True):
            m.submodules[f"element{e}"] = element
        words, empty = Const(0, 1), Const(0, 1)
        if loaded:
            m.submodules.loading = loading = Loading(config)
            words, empty, final = self.i.payload.load, loading.empty, loading.final
            self._load(m, loading, elements, layer, following)
        m.d.comb += [
            self.i.ready.eq(idle), taken.eq(self.i.valid & idle & ~words & ~empty),
            ends.eq(running & Cat(*(element.quiet for element in elements)).all()),
            steps.eq(begin | (ends & (layer == final) & ~last)),
            go.eq(steps | (ends & (layer != final))), following.eq(Mux(steps, 0, layer + 1)),
        ]  # fmt: skip
        m.d.sync += begin.eq(taken)
        with m.If(taken):
            m.d.sync += [idle.eq(0), layer.eq(0)]
        with m.If(begin):
            m.d.sync += running.eq(1)
        with m.If(ends):
            with m.If((layer == final) & last):
                m.d.sync += [running.eq(0), merging.eq(1)]
            with m.Else():
                m.d.sync += layer.eq(following)
        banks = self._banks(m, elements, numbers, given, layer)
        if config.neuron == "ssf":
            m.d.comb += last.eq(1)
            with m.If(taken):
                m.d.sync += [count.eq(n) for count, n in zip(banks[0], self._counts(), strict=False)]
        else:
            m.d.comb += last.eq(self._spikes(m, banks[0], elements, taken, steps))
        for element in elements:
            m.d.comb += [element.go.eq(go), element.next.eq(following), element.layer.eq(layer),
                         element.output.eq(layer == final)]  # fmt: skip
        judges = [element for e, element in zip(numbers, elements, strict=True) if loaded or given[-1][e]]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [self.o.valid.eq(0), idle.eq(1)]
        over = self._merge(m, judges, merging, loading.classes if loaded else None)
        with m.If(over):
            m.d.sync += [merging.eq(0), self.o.valid.eq(1)]
        if loaded:
            with m.If(self.i.valid & idle & ~words & empty):
                m.d.sync += [idle.eq(0), self.o.valid.eq(1), *(signal.eq(0) for signal in self.answer)]
        return m

    def _load(self, m: Module, loading: Loading, elements: list[Element], layer: Signal, following: Signal) -> None:
        """Words into the layer table and the elements' tables, and what the layer table says to the elements."""
        payload, word = self.i.payload, Value.cast(self.i.payload.word)
        m.d.comb += [
            loading.write.eq(self.i.valid & self.i.ready & payload.load), loading.address.eq(payload.address),
            loading.word.eq(word), loading.layer.eq(layer), loading.following.eq(following),
        ]  # fmt: skip
        for e, element in enumerate(elements):
            m.d.comb += [element.place.eq(loading.place), element.word.eq(word),
                         element.inputs.eq(loading.inputs), element.busy.eq(loading.neurons >= e)]  # fmt: skip
            m.d.comb += [element.load[key].eq(loading.wants[key][e]) for key in element.load]

    def _counts(self) -> list[Value]:
        """The input's counts, T for codes above it."""
        config, bits = self.config, self.config.count_width
        codes = [Value.cast(self.i.payload.n)[k * bits : (k + 1) * bits] for k in range(config.widths[0])]
        return [Mux(code > config.steps, config.steps, code) for code in codes]

    def _spikes(self, m: Module, bank: list[Signal], elements: list[Element], taken: Signal,
                steps: Signal) -> Value:  # fmt: skip
        """The inputs' spikes of the next step into their bank whenever a step begins; gives whether it is the last one.

        ``t n mod T`` is kept for each input: where adding n reaches T, ``floor(t n / T)`` has grown.
        """
        config = self.config
        step = Signal(range(config.steps + 1), name="step", reset_less=True)
        with m.If(taken):
            m.d.sync += step.eq(0)
        with m.Elif(steps):
            m.d.sync += step.eq(step + 1)
        for k, (spike, n) in enumerate(zip(bank, self._counts(), strict=False)):
            count = Signal(config.count_width, name=f"n_{k}", reset_less=True)
            rest, total = Signal.like(count, name=f"rest_{k}"), Signal(config.count_width + 1, name=f"total_{k}")
            m.d.comb += total.eq(rest + count)
            with m.If(taken):
                m.d.sync += [count.eq(n), rest.eq(0)]
            with m.Elif(steps):
                m.d.sync += [spike.eq(total >= config.steps),
                             rest.eq(Mux(total >= config.steps, total - config.steps, total))]  # fmt: skip
        for element in elements:
            m.d.comb += element.fresh_sums.eq(step == 1)
        return step == config.steps

    def _banks(self, m: Module, elements: list[Element], numbers: list[int], given: Any,
               layer: Signal) -> list[list[Signal]]:  # fmt: skip
        """Counts (spikes) of the layers: those that even layers read, and those that odd ones do."""
        config, bits = self.config, self.config.moved_width
        final, loaded = config.num_layers - 1, config.storage == "loaded"
        words = [max((config.widths[k] for k in range(parity, final + 1, 2)), default=0) for parity in (0, 1)]
        if loaded and final:
            # Layers of another network may be as wide wherever they are.
            words = [max(words[0], *config.widths[1:-1]), max(config.widths[1:-1])]
        banks = [[Signal(bits, name=f"count{parity}_{k}", reset_less=True) for k in range(words[parity])]
                 for parity in (0, 1)]  # fmt: skip
        odd = layer[0] if final else 0
        for element in elements:
            read = [Value.cast(Cat(*bank)).word_select(element.index, bits) for bank in banks if bank]
            m.d.comb += element.count.eq(read[0] if len(read) == 1 else Mux(odd, read[1], read[0]))
        for parity, bank in enumerate(banks):
            for k, count in enumerate(bank):
                # Elements that have neuron k of a layer whose counts go into this bank.
                owners = {e for of in range(final) if (of + 1) % 2 == parity for e in numbers
                          if loaded or k in given[of][e]}  # fmt: skip
                for e, element in zip(numbers, elements, strict=True):
                    if e in owners:
                        with m.If(element.write & (element.target == k) & (odd != parity)):
                            m.d.sync += count.eq(element.result)
        return banks

    def _merge(self, m: Module, judges: list[Element], merging: Signal, classes: Signal | None) -> Value:
        """The two largest of all last sums, an element a cycle, into the output; gives the last of these cycles.

        ``classes``: how many there are less one, where that is not known; the first elements have one each.
        """
        config, width = self.config, self.config.sum_width
        best, second = (Signal(signed(width), name=n, reset_less=True) for n in ("best", "second"))
        at = Signal(range(len(judges)), name="judged")
        label = Signal(config.class_width, name="label", reset_less=True)
        first, its = Signal(name="first_judged"), {}
        m.d.comb += first.eq(at == 0)
        for key in ("best", "second", "label"):
            signals = [getattr(element, key) for element in judges]
            its[key] = Signal.like(signals[0], name=f"its_{key}", reset_less=False)
            m.d.comb += its[key].eq(Array(signals)[at])
        wins, over = Signal(name="wins"), Signal(name="over")
        m.d.comb += [
            wins.eq(first | (its["best"] > best) | ((its["best"] == best) & (its["label"] < label))),
            over.eq(merging & ((at == len(judges) - 1) | (0 if classes is None else at >= classes))),
        ]
        self.answer = (best, second, label)
        with m.If(merging):
            m.d.sync += at.eq(Mux(over, 0, at + 1))
            with m.If(wins):
                m.d.sync += [best.eq(its["best"]), label.eq(its["label"])]
                # The one who led is second now, unless the new leader's own second is more.
                m.d.sync += second.eq(Mux(first | (its["second"] > best), its["second"], best))
            with m.Elif(its["best"] > second):
                m.d.sync += second.eq(its["best"])
        lead, most = Signal(width + 1, name="lead"), (1 << config.confidence_width) - 1
        quarters = width - config.accumulator
        m.d.comb += [lead.eq((best - second) >> quarters), self.o.payload.label.eq(label),
                     self.o.payload.confidence.eq(Mux(lead > most, most, lead))]  # fmt: skip
        return over
