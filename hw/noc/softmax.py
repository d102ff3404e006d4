"""The softmax on the network: two rings of rows whose largest number and sum run along the line."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ..activation.ptsoftmax_sum import Top
from ..activation.rows import RowBuffer, add_all, capacity
from ..activation.softmax import FRONT_RANKS, LARGEST_RANKS, OUT_RANKS, Softmax, sum_ranks
from ..activation.softmax_parts import Total
from ..lib.block import place_block
from .config.softmax import NocSoftmaxConfig
from .shared import Circulation, joined, lanes_of, largest, per_router, told


def latency(config: NocSoftmaxConfig, beats: int) -> int:
    """Cycles from the last of a row's beats to its first probabilities; with F > 1 at most so many, and at least
    ``F - 1`` less."""
    largest = LARGEST_RANKS + 2 * config.ahead + 1
    front = (FRONT_RANKS + beats) * config.flits + config.flits - 1
    return largest + front + sum_ranks(config) + 2 * config.ahead + 2 + OUT_RANKS


def drain(config: NocSoftmaxConfig) -> int:
    """Cycles without stalls after which nothing more comes out."""
    way = 2 * config.ahead + 1
    waiting = config.flits * capacity(config.beats, LARGEST_RANKS + way)
    return latency(config, config.beats) + 2 + waiting + capacity(config.beats, sum_ranks(config) + way)


class NocSoftmax(Softmax):
    """``y = exp(x - max) / sum exp(x - max)`` on routers of a line: ``lanes`` probabilities every F cycles.

    Parameters
    ----------
    config : NocSoftmaxConfig
        Its class says what goes over the line.

    Members
    -------
    i : In(stream of {x, on, last})
        Numbers; which of them take part; whether the row ends.
    o : Out(stream of {y, end})
        Probabilities, one beat for each beat in, and whether the row ends.

    With D registers on the line up to the furthest router (as of :class:`~nervure.hw.noc.nova.Nova`), F flits of
    lines, and b beats of a row

    Latency, from a row's last beat to its first probabilities: ``b + 18 + 4 (D + 1)`` cycles for F = 1; else ``(b + 5)
    F + 13 + 4 (D + 1)`` and up to F - 1 more, as the row finds the circulating lines. Throughput: one beat every F
    cycles: rows of any lengths follow each other without a gap, if probabilities are taken at once.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone. Numbers wait for what the line brings
    in rings, not in registers: every router keeps findings of as many rows as there can be.

    Source: lines broadcast past lanes are those of NOVA, arXiv 2405.04206; maxima and sums along the line are this
    library's.
    """

    config: NocSoftmaxConfig

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        way = 2 * config.ahead
        self.lines = Circulation(m, config)
        x, words = self._numbers(m)
        middle = SimpleNamespace(valid=Signal(name="middle_valid"), ready=Signal(name="middle_ready"))
        # Numbers move once in a turn, so that each has seen all lines; what leaves them is offered in that cycle alone.
        moves, offered = Signal(name="moves"), Signal(name="offered")
        m.d.comb += [moves.eq(self.lines.turn & (~middle.valid | middle.ready)),
                     offered.eq(middle.valid & self.lines.turn)]  # fmt: skip
        front = SimpleNamespace(i=self.i, o=SimpleNamespace(valid=Const(1, 1), ready=moves))
        rows = RowBuffer(m, front, words, config.beats, "x_", LARGEST_RANKS + way + 1)
        m.d.comb += rows.last.eq(beat.last)
        flags = rows.delayed(LARGEST_RANKS + way)
        top = self._largest(m, flags[config.ahead], x, Value.cast(beat.on))
        number, tops, valid, last = told(m, config, rows, flags, LARGEST_RANKS + config.ahead, top, "top_")
        powers, last = self._powers(m, rows.enable, number, tops, valid, last, middle)
        back = SimpleNamespace(i=SimpleNamespace(valid=offered, ready=middle.ready), o=self.o)
        rows = RowBuffer(m, back, powers, config.beats, "", sum_ranks(config) + way + 1)
        m.d.comb += rows.last.eq(last)
        flags = rows.delayed(sum_ranks(config) + way)
        finding = self._reciprocal(m, Const(0, 0), self._sum(m, flags[config.ahead], powers))
        word, findings, valid, last = told(m, config, rows, flags, sum_ranks(config) + config.ahead, finding, "sum_")
        self._result(m, rows, word, findings, valid, last)
        return m

    def _beat_top(self, m: Module, x: list[Value], on: Value) -> Signal:
        found, each = [], self.config.lanes // self.config.routers
        for r, mine in enumerate(per_router(self.config, x)):
            top = place_block(m, f"top{r}", Top(len(mine[0]), each))
            m.d.comb += [top.window.eq(Cat(*mine)), top.on.eq(on[r * each :][:each])]
            found.append(top.highest)
        return joined(m, self.config, found, largest, "beat_top")

    def _line(self, m: Module, k: int, f: Value) -> dict[str, Value]:
        return self.lines.catch(k, f)

    def _beat_sum(self, m: Module, powers: Value) -> Signal:
        found = []
        for r, mine in enumerate(per_router(self.config, lanes_of(powers, self.config.lanes))):
            total = place_block(m, f"total{r}", Total(len(mine[0]), len(mine)))
            m.d.comb += total.words.eq(Cat(*mine))
            found.append(total.total)
        return joined(m, self.config, found, add_all, "beat_sum")
