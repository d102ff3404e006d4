"""A processing element: walks its list of weights, sums, and makes a count of each sum by comparing bit by bit."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory

from .config import EcgConfig
from .config.schedule import shares
from .config.tables import fields, packed, room, tables


class Element(Elaboratable):
    """One element of the core: weights and neurons as tables, an accumulator, a divider of one bit a cycle.

    The first rank holds a weight and says which count it wants; the second multiplies and adds. A finished sum goes to
    the comparison, ``count_width`` cycles for the count's bits from the top, while the next neuron is summed; in the
    last layer to the largest and second largest sum so far. With ``neuron = if`` sums start at what a memory holds, one
    comparison gives the spike, and what is left goes back.

    Parameters
    ----------
    config : EcgConfig
    number : int
        Which element it is.

    Attributes
    ----------
    go, next, layer, output : Signal
        In: a layer starts, which; the layer now; it is the last one.
    fresh_sums : Signal
        In (``if``): it is the first step, and all U are 0.
    busy, inputs : Signal
        In (loaded): it has neurons of the layer that starts; how many inputs the layer now has, less one.
    load, place, word : dict of Signal, Signal, Signal
        In (loaded): a word for the table of that name; where in it; which.
    index, count : Signal
        Out: which of the layer's counts (spikes) the weight wants; in: that one.
    write, target, result : Signal
        Out: a hidden neuron's count (spike) is there; which neuron's; the count.
    quiet : Signal
        Out: after this cycle, all of the layer's counts or sums of this element are there.
    best, label, second : Signal
        Out: the largest of its last sums, the first neuron that has it, the largest of the others.
    """

    def __init__(self, config: EcgConfig, number: int):
        self.config, self.number = config, number
        width, layers = config.sum_width, range(config.num_layers)
        self.go, self.output, self.fresh_sums = Signal(), Signal(), Signal()
        self.next, self.layer = Signal(layers), Signal(layers)
        self.index = Signal(range(max(config.widths[:-1])))
        self.count, self.result = Signal(config.moved_width), Signal(config.moved_width)
        self.write, self.quiet = Signal(), Signal()
        self.target = Signal(range(max(config.widths[1:])))
        self.best, self.second = Signal(signed(width), reset_less=True), Signal(signed(width), reset_less=True)
        self.label = Signal(config.class_width, reset_less=True)
        self.mine = [elements[number] for elements in shares(config)]
        if config.storage == "loaded":
            self.room = room(config)
            self.load = {name: Signal(name=f"load_{name}") for name in ("weights", "neurons")}
            self.busy, self.inputs = Signal(), Signal(range(max(config.widths)))
            self.place = Signal(self.room.index_bits)
            self.word = Signal(max(sum(self.room.weight.values()), sum(self.room.neuron.values())))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config, loaded = self.config, self.config.storage == "loaded"
        entries, neurons = tables(config, self.number)
        widths = fields(config, entries, neurons)
        there, first, last, moves, ends = (Signal(name=n) for n in ("there", "first", "last", "moves", "ends"))
        start = Signal(name="start")
        busy = Cat(*(Const(int(bool(mine)), 1) for mine in self.mine)).bit_select(self.next, 1)
        m.d.comb += start.eq(self.go & (self.busy if loaded else busy))
        weight = self._table(m, "weights", widths[0], entries, start | (moves & ~ends))
        neuron = self._table(m, "neurons", widths[1], neurons, start | (moves & last & ~ends))
        # A hidden neuron's last weight waits until the comparison of the one before is over when its sum is there.
        gap = Signal(range(config.moved_width), name="gap")
        # Whatever was loaded, a walk comes to its end: at the latest with the memory.
        end = neuron["end"] | (neuron["at"] == self.room.neurons - 1) if loaded else neuron["end"]
        m.d.comb += [moves.eq(there & ~(last & (gap != 0))), ends.eq(moves & last & end)]
        m.d.sync += there.eq(start | (there & ~ends))
        with m.If(start):
            m.d.sync += first.eq(1)
        with m.Elif(moves):
            m.d.sync += first.eq(last)
        with m.If(moves & last & ~self.output):
            m.d.sync += gap.eq(config.moved_width - 1)
        with m.Elif(gap != 0):
            m.d.sync += gap.eq(gap - 1)
        self._place(m, weight, neuron, first, last, moves)
        self._sum(m, weight["weight"].as_signed(), neuron, first, last, there, moves)
        return m

    def _table(self, m: Module, name: str, widths: dict[str, int], rows: list[dict[str, int]],
               enable: Value) -> dict[str, Value]:  # fmt: skip
        """Words that are read one after the other, from the first again after the last."""
        loaded = self.config.storage == "loaded"
        words = [] if loaded else [packed(widths, row) for row in rows]
        depth = max(getattr(self.room, name) if loaded else len(words), 2)
        m.submodules[name] = memory = Memory(shape=sum(widths.values()), depth=depth, init=words)
        fetch, at = memory.read_port(), Signal(range(depth), name=f"{name}_at")
        here, last = at, depth - 1 if loaded else len(words) - 1
        if loaded:
            into, first = memory.write_port(), self.go & (self.next == 0)
            m.d.comb += [into.en.eq(self.load[name]), into.addr.eq(self.place), into.data.eq(self.word)]
            # How many words a network has is not known: each walk begins anew.
            here = Mux(first, 0, at)
            with m.If(first):
                m.d.sync += at.eq(0)
        m.d.comb += [fetch.en.eq(enable), fetch.addr.eq(here)]
        with m.If(enable):
            m.d.sync += at.eq(Mux(here == last, 0, here + 1))
        found, begin = {}, 0
        for key, width in widths.items():
            found[key] = fetch.data[begin : begin + width]
            begin += width
        found["at"] = Signal.like(at, name=f"{name}_here", reset_less=True)
        with m.If(enable):
            m.d.sync += found["at"].eq(here)
        return found

    def _place(self, m: Module, weight: dict[str, Value], neuron: dict[str, Value], first: Signal, last: Signal,
               moves: Signal) -> None:  # fmt: skip
        """Which count the weight wants, and whether it is its neuron's last: what the coding says."""
        config = self.config
        if config.coding == "bitmap":
            rest = Signal(len(neuron["bitmap"]), name="rest", reset_less=True)
            now, after = Signal.like(rest, name="now"), Signal.like(rest, name="after")
            m.d.comb += [now.eq(Mux(first, neuron["bitmap"], rest)), after.eq(now & (now - 1)), last.eq(after == 0)]
            # The lowest one alone is left; each bit of its number is an OR.
            lowest = Signal.like(rest, name="lowest")
            m.d.comb += lowest.eq(now & ~after)
            m.d.comb += self.index.eq(Cat(*(
                Cat(*(lowest[k] for k in range(len(lowest)) if k >> bit & 1)).any() for bit in range(len(self.index))
            )))  # fmt: skip
            with m.If(moves):
                m.d.sync += rest.eq(after)
            return
        reached = Signal(range(max(config.widths[:-1]) + 1), name="reached", reset_less=True)
        place = Mux(first, 0, reached)
        if config.coding == "runs":
            final = (weight["at"] == self.room.weights - 1) if config.storage == "loaded" else 0
            m.d.comb += [self.index.eq(place + weight["run"]), last.eq(weight["last"] | final)]
        elif config.storage == "loaded":
            m.d.comb += [self.index.eq(place), last.eq(self.index == self.inputs[: len(self.index)])]
        else:
            ends = [self.index == width - 1 for width in config.widths[:-1]]
            m.d.comb += [self.index.eq(place), last.eq(Cat(*ends).bit_select(self.layer, 1))]
        with m.If(moves):
            m.d.sync += reached.eq(self.index + 1)

    def _sum(self, m: Module, weight: Value, neuron: dict[str, Value], first: Signal, last: Signal, there: Signal,
             moves: Signal) -> None:  # fmt: skip
        config, width, spikes = self.config, self.config.sum_width, self.config.neuron == "if"
        adds, done, opens, closes = (Signal(name=n) for n in ("adds", "done", "opens", "closes"))
        factor = Signal(signed(len(weight)), name="factor", reset_less=True)
        taken = Signal.like(self.count, name="taken_count", reset_less=True)
        v = Signal(signed(width), name="v", reset_less=True)
        begin = Signal(signed(width), name="begin", reset_less=True)
        ranks = [{key: Signal.like(neuron[key], name=f"{key}_{rank}", reset_less=True)
                  for key in ("target", "theta", *(["at"] if spikes else []))} for rank in (2, 3)]  # fmt: skip
        clocked = moves if config.gating else Const(1, 1)
        m.d.sync += [adds.eq(moves), done.eq(adds & closes)]
        with m.If(clocked):
            m.d.sync += [factor.eq(weight), taken.eq(self.count), opens.eq(first), closes.eq(last),
                         *(ranks[0][key].eq(neuron[key]) for key in ranks[0])]  # fmt: skip
            if not spikes:
                m.d.sync += begin.eq(neuron["start"])
        total = Signal(signed(max(width, len(weight) + config.count_width + 2) + 1), name="total")
        joins = Mux(taken, factor << 2, 0) if spikes else factor * taken
        m.d.comb += total.eq(Mux(opens, begin, v) + joins)
        with m.If(adds):
            m.d.sync += v.eq(self._clamped(total))
            with m.If(closes):
                m.d.sync += [ranks[1][key].eq(ranks[0][key]) for key in ranks[1]]
        self._largest(m, v, done, ranks[1]["target"])
        if spikes:
            m.d.comb += self.quiet.eq(~(there | adds | done))
            kept = self._fire(m, v, done, ranks[1], neuron["at"])
            begins = Signal(signed(max(width, config.bias_bits + 2) + 1), name="begins")
            m.d.comb += begins.eq(Mux(self.fresh_sums, 0, kept) + (neuron["start"].as_signed() << 2))
            with m.If(clocked):
                m.d.sync += begin.eq(self._clamped(begins))
        else:
            left = self._compare(m, v, done, ranks[1])
            m.d.comb += self.quiet.eq(~(there | adds | done | (left > 1)))

    def _clamped(self, total: Signal) -> Value:
        """A sum clamped to the accumulator."""
        most = (1 << (self.config.sum_width - 1)) - 1
        return Mux(total > most, most, Mux(total < self.lowest, self.lowest, total))

    def _fire(self, m: Module, v: Signal, done: Signal, neuron: dict[str, Signal], at: Value) -> Value:
        """Spikes of hidden sums, and the memory of what is left of each sum; gives what the neuron at hand has left."""
        theta, fires = neuron["theta"], Signal(name="fires")
        depth = 1 << max(1, len(at))
        m.submodules.potentials = memory = Memory(shape=signed(len(v)), depth=depth, init=[])
        back, there = memory.write_port(), memory.read_port(domain="comb")
        if len(theta):
            m.d.comb += fires.eq(~self.output & (v >= theta))
        m.d.comb += [
            self.write.eq(done & ~self.output), self.target.eq(neuron["target"]), self.result.eq(fires),
            back.en.eq(done), back.addr.eq(neuron["at"]), back.data.eq(Mux(fires, v - theta, v)), there.addr.eq(at),
        ]  # fmt: skip
        return there.data

    def _largest(self, m: Module, v: Signal, done: Signal, target: Signal) -> None:
        """The two largest sums of the last layer."""
        fresh = Signal(name="fresh")
        with m.If(self.go):
            m.d.sync += fresh.eq(1)
        with m.If(done & self.output):
            more = fresh | (v > self.best)
            behind = Mux(more, self.best, Mux(v > self.second, v, self.second))
            m.d.sync += [fresh.eq(0), self.second.eq(Mux(fresh, self.lowest, behind))]
            with m.If(more):
                m.d.sync += [self.best.eq(v), self.label.eq(target)]

    def _compare(self, m: Module, v: Signal, done: Signal, neuron: dict[str, Signal]) -> Value:
        """Counts of hidden sums; gives how many bits of a count are still to come."""
        config, bits = self.config, self.config.count_width
        if config.num_layers == 1 or not len(neuron["theta"]):
            return Const(0, 2)
        left = Signal(range(bits + 1), name="left")
        rest = Signal(config.accumulator + 1, name="rest_of_v", reset_less=True)
        divisor = Signal(len(neuron["theta"]) + bits - 1, name="divisor", reset_less=True)
        target = Signal.like(self.target, name="target_4", reset_less=True)
        found, fits = Signal(bits, name="found", reset_less=True), Signal(name="fits")
        quotient = Cat(fits, found[: bits - 1])
        m.d.comb += [
            fits.eq(rest >= divisor), self.target.eq(target), self.write.eq(left == 1),
            self.result.eq(Mux(quotient > config.steps, config.steps, quotient)),
        ]  # fmt: skip
        with m.If(done & ~self.output):
            # A sum below 0 makes the count 0, as 0 does.
            m.d.sync += [left.eq(bits), rest.eq(Mux(v < 0, 0, v << 2)), target.eq(neuron["target"]),
                         divisor.eq(neuron["theta"] << (bits - 1))]  # fmt: skip
        with m.Elif(left != 0):
            m.d.sync += [left.eq(left - 1), rest.eq(Mux(fits, rest - divisor, rest)), divisor.eq(divisor >> 1),
                         found.eq(quotient)]  # fmt: skip
        return left

    @property
    def lowest(self) -> int:
        """The least sum that there is: no other sum is below it."""
        return -(1 << (self.config.sum_width - 1))
