"""Layer norm and RMS norm on the network: a ring of rows whose sums run along the line, and the root back."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Module, Signal, Value

from ..activation.norm import RANKS, Norm
from ..activation.norm import latency as in_one_place
from ..activation.norm_parts import signed_sum
from ..activation.rows import RowBuffer, add_all, capacity
from .config.norm import NocNormConfig
from .shared import joined, per_router, told


def latency(config: NocNormConfig) -> int:
    """Cycles from a row's last beat to its first results."""
    return in_one_place(config) + 2 * config.ahead


def drain(config: NocNormConfig) -> int:
    """Cycles without stalls after which nothing more comes out."""
    return latency(config) + 2 + capacity(config.beats, RANKS + 2 * config.ahead + 1)


class NocNorm(Norm):
    """``y = (x - mean) / sqrt(variance + eps) * gamma + beta``, or by the mean of squares, on routers of a line:
    ``lanes`` numbers a cycle.

    Parameters
    ----------
    config : NocNormConfig
        Its class says what goes over the line.

    Members
    -------
    i : In(stream of {x})
        Codes, row after row, ``config.beats`` beats each.
    o : Out(stream of {y})
        One beat for each beat in.

    With D registers on the line up to the furthest router (as of :class:`~nervure.hw.noc.nova.Nova`)

    Latency, from a row's last beat to its first results: ``14 + 2 (D + 1)`` cycles, one more with constants.
    Throughput: one beat per cycle, rows one after the other without a gap.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.
    """

    config: NocNormConfig

    def elaborate(self, platform):
        m = Module()
        config = self.config
        way = 2 * config.ahead
        words = Signal(config.input_format.width * config.lanes, name="words")
        m.d.comb += words.eq(Value.cast(self.i.payload.x))
        rows = RowBuffer(m, self, words, config.beats, find=RANKS + way + 1)
        m.d.comb += rows.last.eq(0)
        flags = rows.delayed(RANKS + way)
        finding = self._root(m, *self._sums(m, rows, flags[1 + config.ahead], words))
        word, findings, valid, last = told(m, config, rows, flags, RANKS + config.ahead, finding, "root_")
        self._results(m, rows, word, findings, valid, last)
        return m

    def _beat_sums(self, m: Module, squares: list[Value], values: list[Value]) -> tuple[Signal, Signal]:
        config = self.config
        found = [add_all(mine) for mine in per_router(config, squares)]
        sums = [signed_sum(mine) for mine in per_router(config, values)]
        return (joined(m, config, found, add_all, "beat_squares"), joined(m, config, sums, signed_sum, "beat_sum"))
