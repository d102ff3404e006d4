"""The vector unit with its tables in memories: at the source, at every router, or at every lane."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ..activation.segments import select, shape_of
from .config.stores import StoresConfig
from .line import Flit, Source, links
from .nova import Nova, Pairs
from .words import Words, padded


def pair_words(config: StoresConfig, made: Words) -> list[int | None]:
    """Slope and constant of each segment of each table, by index and table."""
    slope, constant = shape_of(*made.slope), shape_of(*made.constant)
    size, found = 1 << (config.count - 1).bit_length(), []
    for table in config.tables:
        rows = [(of_slope, bias + made.half) for _, of_slope, bias in padded(table, config.count)]
        words = [s & ((1 << slope.width) - 1) | (b & ((1 << constant.width) - 1)) << slope.width for s, b in rows]
        found += [*words, *[None] * (size - len(words))]
    return [*found, *[None] * (config.words - len(found))]


def pair_width(made: Words) -> int:
    """Bits of a pair."""
    return shape_of(*made.slope).width + shape_of(*made.constant).width


def split(made: Words, word: Value) -> tuple[Value, Value]:
    """Slope and constant of a pair."""
    slope, constant = shape_of(*made.slope), shape_of(*made.constant)
    low, high = word[: slope.width], word[slope.width :]
    return low.as_signed() if slope.signed else low, high.as_signed() if constant.signed else high


class Filling:
    """Writes words, one a cycle, from a reset on.

    Parameters
    ----------
    m : Module
    count : int
        Words, a power of two.

    Attributes
    ----------
    on : Signal
        Words are being written.
    to : Signal
        Which.
    """

    def __init__(self, m: Module, count: int):
        self.m = m
        self.on, self.to = Signal(name="filling", init=1), Signal((count - 1).bit_length(), name="fills")
        with m.If(self.on):
            m.d.sync += [self.to.eq(self.to + 1), self.on.eq(self.to != count - 1)]

    def store(self, name: str, word: Value, addresses: Sequence[Value]) -> list[Value]:
        """A memory that takes ``word`` while words are written; what it holds at some addresses."""
        self.m.submodules[name] = memory = Memory(shape=len(word), depth=1 << len(self.to), init=[])
        port = memory.write_port()
        self.m.d.comb += [port.en.eq(self.on), port.addr.eq(self.to), port.data.eq(word)]
        found = []
        for address in addresses:
            read = memory.read_port(domain="comb")
            self.m.d.comb += read.addr.eq(address)
            found.append(read.data)
        return found


class NovaStores(Nova):
    """``y = f(x)`` on many lanes, by pairs kept in memories: :class:`~nervure.hw.noc.config.stores.StoresConfig` says
    where.

    Parameters
    ----------
    config : StoresConfig

    Members
    -------
    i : In(stream of {x, table})
        As of :class:`~nervure.hw.noc.nova.Nova`. No beat is taken in the first ``config.words`` cycles after a reset.
    o : Out(stream of {y, status})
        As there.

    Latency: that of :class:`~nervure.hw.noc.nova.Nova` for ``line``, else ``stages`` cycles in which the output is not
    stalled. Throughput: as there, else one beat per cycle.
    """

    config: StoresConfig

    def __init__(self, config: StoresConfig):
        super().__init__(config)
        self.ahead = 1 if config.organisation == "line" else 0

    def _fill(self, m: Module) -> Value:
        self.filling = Filling(m, self.config.words)
        return ~self.filling.on

    def _taps(self, m: Module, made: Words, enable: Value, start: Value, table: Value) -> list[Flit]:
        if self.config.organisation != "line":
            return []
        source = Source(m, self.config, made, "sync", enable, start, table, lookup=self._stored)
        return links(m, self.config, source.flit, "sync", enable)

    def _stored(self, address: Value, words: Sequence[int | None], shape: Shape) -> Value:
        """The word of an address, from a memory that is filled with the words."""
        return self.filling.store("tables", select(self.filling.to, words, shape), [address])[0]

    def _pairs(self, m: Module, made: Words, r: int, taps: list[Flit], table: Value) -> Pairs:
        config = self.config
        if config.organisation == "line":
            return super()._pairs(m, made, r, taps, table)
        word = select(self.filling.to, pair_words(config, made), unsigned(pair_width(made)))
        addresses = [Signal((config.words - 1).bit_length(), name=f"router{r}_asked{k}") for k in range(config.lanes)]
        if config.organisation == "core":
            found = self.filling.store(f"router{r}_tables", word, addresses)
        else:
            found = [self.filling.store(f"router{r}_lane{k}_tables", word, [address])[0]
                     for k, address in enumerate(addresses)]  # fmt: skip

        def pair(part: object, live: dict[str, Value], lane: int) -> tuple[Value, Value, Value]:
            m.d.comb += addresses[lane].eq(Cat(live["index"], table[: (len(config.tables) - 1).bit_length()]))
            held = found[lane]
            return Const(1, 1), *split(made, held)

        return pair
