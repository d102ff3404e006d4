"""The accumulator: a ring of partial sums that moves with the beats, and the addition of partial sums at the end."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import ports
from ..lib.pipeline import Pipeline
from .accumulate_sum import Reduction, schedule
from .config.accumulate import AccumulateConfig
from .datapath import Datapath, ranks


def reduction_cycles(config: AccumulateConfig) -> int:
    """Cycles T from the last partial sum in the bank to the total."""
    return schedule(config)[1]


class Accumulate(Component):
    """``y[i, j] = sum_n a_n[i] * b_n[j]``: one beat of operands per cycle, one result per sum.

    The registers of the multiply-add loop form a ring of ``k = latency`` ranks, each of which moves if it is empty or
    the one after it moves. A beat enters with -0 (integers: 0) for c while the sum has fewer than k beats; then the
    ring is full, and a beat takes the partial sum that is at the exit, that of k beats ago. Between beats nothing moves
    but to close gaps, so that results do not depend on when beats come. After ``last`` the partial sums leave the ring
    one by one for a bank, while beats of the next sums enter behind them; then one adder adds them pairwise.

    Parameters
    ----------
    config : AccumulateConfig

    Members
    -------
    i : In(stream of {a, b, clear, last})
        Operand codes as those of :class:`~nervure.hw.mac.circuit.Mac`; ``clear``: this beat starts a sum, and what was
        begun is dropped; ``last``: this beat ends the sum, and the next one starts one.
    o : Out(stream of {y})
        The sum of each beat with ``last``, in order.

    Latency: from the beat with ``last`` to y, ``latency + T + 1`` cycles if the sum before is taken by then, with
    T = :func:`reduction_cycles`. Throughput: one beat per cycle. In sums of N beats one after the other, a sum takes
    ``max(N, min(N, k) + T + 1)`` cycles if y is taken at once: from N = k + T + 1 on, no beat waits.

    ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.

    Source: interleaved partial sums as in any loop around a pipelined adder; the datapath is that of
    :class:`~nervure.hw.mac.circuit.Mac`.
    """

    i: Any
    o: Any

    def __init__(self, config: AccumulateConfig):
        self.config = config
        rows, columns = config.grid
        single = rows * columns == 1

        def field(width: int, count: int) -> Any:
            return width if single else data.ArrayLayout(width, count)

        operands = {"a": field(config.a_format.width, rows), "b": field(config.b_format.width, columns)}
        result = {"y": field(config.acc_format.width, rows * columns)}
        beat = data.StructLayout({**operands, "clear": 1, "last": 1})
        super().__init__(ports("stream", beat, data.StructLayout(result)))

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        k, (rows, columns) = config.partials, config.grid
        # The ranks of the ring: empty, or a partial sum of the sum that goes on (going) or of one that is over.
        going, over, end = ([Signal(name=f"{name}_{rank + 1}") for rank in range(k)]
                            for name in ("going", "over", "end"))  # fmt: skip
        slot = [Signal(range(k), name=f"slot_{rank + 1}") for rank in range(k)]
        enable = [Signal(name=f"enable_{rank + 1}") for rank in range(k)]
        full, leaves, taken = (Signal(name=name) for name in ("full", "leaves", "taken"))
        # All ranks hold the sum that goes on: it has k beats or more, and the exit holds that of k beats ago.
        m.d.comb += [
            full.eq(Cat(*going).all()),
            self.i.ready.eq(full | leaves | ~Cat(*(x | y for x, y in zip(going, over, strict=True))).all()),
            taken.eq(self.i.valid & self.i.ready),
        ]
        for rank in range(k):
            moves = enable[rank + 1] if rank + 1 < k else leaves | (taken & full)
            m.d.comb += enable[rank].eq(~(going[rank] | over[rank]) | moves)

        first = Signal(range(k), name="next_slot")
        now = Mux(beat.clear, 0, first)
        with m.If(taken):
            m.d.sync += first.eq(Mux(beat.last | (now == k - 1), 0, now + 1))
        for rank in range(k):
            before = (Const(0, 1), Const(0, 1)) if rank == 0 else (going[rank - 1], over[rank - 1])
            was_going = Mux(enable[rank], before[0], going[rank])
            was_over = Mux(enable[rank], before[1], over[rank])
            enters = taken if rank == 0 else Const(0, 1)
            m.d.sync += [
                going[rank].eq((was_going & ~(taken & (beat.clear | beat.last))) | (enters & ~beat.last)),
                over[rank].eq(was_over | (was_going & taken & beat.last & ~beat.clear) | (enters & beat.last)),
            ]
            with m.If(enable[rank]):
                m.d.sync += [
                    slot[rank].eq(slot[rank - 1] if rank else now),
                    end[rank].eq(end[rank - 1] if rank else beat.last),
                ]

        y = Signal(config.acc_format.width * rows * columns, name="partial")
        neutral = Cat(*(Const(config.neutral, config.acc_format.width) for _ in range(rows * columns)))
        pipe = Pipeline(m, ranks(config.mac), enable)
        live = pipe.cut("input", {
            "a": Value.cast(beat.a), "b": Value.cast(beat.b), "c": Mux(full & ~beat.clear, y, neutral),
        })  # fmt: skip
        m.d.comb += y.eq(Datapath(m, pipe, config.mac, live).result())

        total = Reduction(m, config, y, slot[-1], over[-1], end[-1], self.o.ready)
        m.d.comb += [
            leaves.eq(over[-1] & total.takes),
            self.o.valid.eq(total.done),
            Value.cast(self.o.payload.y).eq(total.total),
        ]
        return m
