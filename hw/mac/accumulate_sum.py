"""The end of a sum: a bank that takes the partial sums as they come, and one adder that adds them pairwise."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, ValueLike, signed
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline, place
from .config.accumulate import AccumulateConfig
from .config.cuts import CUTS
from .geometry import Factor, Geometry
from .integer import saturated
from .lane import Numerics, addend_live, float_lane
from .unpack import INF, NAN, NONE, Operand

SPARE = "operands"
"""The cut that takes the registers left over."""


@dataclass(frozen=True)
class Step:
    """One addition of the schedule: ``p[left] = p[left] + p[right]`` of a lane, its operands read in cycle ``at``."""

    at: int
    left: int
    right: int
    lane: int


def schedule(config: AccumulateConfig) -> tuple[list[Step], int]:
    """The additions of all lanes on one adder, each as soon as the adder is free and its operands are there.

    A sum that is begun in cycle t is in the bank in cycle t + latency + 1.

    Returns
    -------
    steps : list of Step
    cycles : int
        From the first operands read to the last sum in the bank.
    """
    rows, columns = config.grid
    waiting = [(left, right, lane) for level in config.tree for lane in range(rows * columns) for left, right in level]
    ready: dict[tuple[int, int], int] = {}
    steps: list[Step] = []
    at = 0
    while waiting:
        # In the order of the levels: operands that are still to be made by an addition that waits are not there.
        made: set[tuple[int, int]] = set()
        for left, right, lane in waiting:
            needs = {(left, lane), (right, lane)}
            if not needs & made and all(ready.get(need, 0) <= at for need in needs):
                waiting.remove((left, right, lane))
                steps.append(Step(at, left, right, lane))
                ready[left, lane] = at + config.latency + 1
                break
            made.add((left, lane))
        at += 1
    return steps, max(ready.values())


def cuts(config: AccumulateConfig) -> list[tuple[str, int]]:
    """The adder's places for registers, each with the delay of the segment before it: choice of operands, then sum."""
    if config.acc_format.is_integer:
        return [(SPARE, 4), ("result", 5)]
    # Unlike in the loop, no multiplication hides the comparison of exponents.
    return [(SPARE, 4), *((name, delay + 7 if name == CUTS[0][0] else delay) for name, delay in CUTS)]


class Plus(Component):
    """``y = x + c`` in two's complement, wrapped or saturated.

    Parameters
    ----------
    fmt : Format
    saturate : bool

    Members
    -------
    x, c : In(fmt.width)
    y : Out(fmt.width)
    """

    x: Signal
    c: Signal
    y: Signal

    def __init__(self, fmt: Format, saturate: bool):
        self.saturate = saturate
        super().__init__({"x": In(fmt.width), "c": In(fmt.width), "y": Out(fmt.width)})

    def elaborate(self, platform):
        m = Module()
        total = Signal(signed(len(self.y) + 1))
        m.d.comb += [
            total.eq(self.x.as_signed() + self.c.as_signed()),
            self.y.eq(saturated(total, len(self.y)) if self.saturate else total),
        ]
        return m


def add_codes(m: Module, config: AccumulateConfig, x: ValueLike, c: ValueLike) -> ValueLike:
    """``round(x + c)`` of two codes, ``config.latency`` cycles later; no stall."""
    acc = config.acc_format
    pipe = Pipeline(m, place(cuts(config), config.latency, spare=SPARE))
    held = pipe.cut(SPARE, {"x": x, "c": c}, "reduce_")
    if acc.is_integer:
        plus = place_block(m, "reduce_plus", Plus(acc, config.overflow == "saturate"))
        m.d.comb += [plus.x.eq(held["x"]), plus.c.eq(held["c"])]
        return pipe.cut("result", {"y": plus.y}, "reduce_")["y"]
    operands = {}
    for key in ("x", "c"):
        operands[key] = place_block(m, f"reduce_unpack_{key}", Operand(acc, config.flush))
        m.d.comb += operands[key].code.eq(held[key])
    first = operands["x"]
    live = {
        "p": first.significand, "sign_p": first.sign, "e_p": first.e, "zero_p": first.zero,
        "special_p": Mux(first.nan, NAN, Mux(first.inf, INF, NONE)), **addend_live(operands["c"]),
    }  # fmt: skip
    numerics = Numerics(acc, config.rounding, config.flush, config.overflow == "saturate")
    geometry = Geometry(Factor.of_rounded(acc), acc)
    return float_lane(m, pipe, numerics, geometry, live, prefix="reduce_", compared=None)["y"]


class Reduction:
    """Bank, adder and control, put into ``m``: partial sums in, their total out.

    Parameters
    ----------
    m : Module
    config : AccumulateConfig
    codes : Signal
        A partial sum of every lane, side by side.
    slot : ValueLike
        Which one.
    offered, end : ValueLike
        There is one; it is the last of its sum.
    taken : ValueLike
        The total is taken.

    Attributes
    ----------
    takes : Signal
        A partial sum that is offered is taken in this cycle.
    done : Signal
        ``total`` is there, and stays until it is taken; until then no partial sum is.
    total : Value
        The codes of all lanes.
    """

    def __init__(self, m: Module, config: AccumulateConfig, codes: Signal, slot: ValueLike, offered: ValueLike,
                 end: ValueLike, taken: ValueLike):  # fmt: skip
        self.config = config
        k, width = config.partials, config.acc_format.width
        lanes = len(codes) // width
        steps, cycles = schedule(config)
        self.takes, self.done = Signal(name="takes"), Signal(name="done")
        busy, at = Signal(name="reducing"), Signal(range(cycles), name="reduce_at")
        present = [Signal(name=f"present_{i}") for i in range(k)]
        bank = [[Signal(width, name=f"bank_{i}_{lane}", reset_less=True) for lane in range(lanes)] for i in range(k)]
        self.total = Cat(*bank[0])

        m.d.comb += self.takes.eq(~busy & ~self.done)
        with m.If(offered & self.takes):
            m.d.sync += busy.eq(end)
        with m.If(busy):
            m.d.sync += at.eq(at + 1)
            with m.If(at == cycles - 1):
                m.d.sync += [at.eq(0), busy.eq(0), self.done.eq(1)]
        with m.If(self.done & taken):
            m.d.sync += [self.done.eq(0), *(flag.eq(0) for flag in present)]

        x, c = self._operands(m, steps, at, bank, present)
        y = add_codes(m, config, x, c)
        for i in range(k):
            captured = Signal(name=f"captured_{i}")
            m.d.comb += captured.eq(offered & self.takes & (slot == i))
            with m.If(captured):
                m.d.sync += present[i].eq(1)
            for number, word in enumerate(bank[i]):
                ends = [step.at + config.latency for step in steps if (step.left, step.lane) == (i, number)]
                added = Signal(name=f"added_{i}_{number}")
                m.d.comb += added.eq(busy & _among(at, ends))
                with m.If(captured):
                    m.d.sync += word.eq(codes[number * width : (number + 1) * width])
                with m.Elif(added):
                    m.d.sync += word.eq(y)

    def _operands(self, m: Module, steps: Sequence[Step], at: Signal, bank: list[list[Signal]],
                  present: list[Signal]) -> tuple[Signal, Signal]:  # fmt: skip
        """What the schedule adds in this cycle; partial sums that no beat reached are neutral."""
        k, width = self.config.partials, len(bank[0][0])
        lane = Signal(range(len(bank[0])), name="reduce_lane")
        places = {key: Signal(range(k), name=f"reduce_{key}") for key in ("left", "right")}
        with m.Switch(at):
            for step in steps:
                with m.Case(step.at):
                    m.d.comb += [lane.eq(step.lane), places["left"].eq(step.left), places["right"].eq(step.right)]
        neutral = Const(self.config.neutral, width)
        # One choice among lanes for each partial sum serves both operands.
        words = [Mux(flag, Array(word)[lane], neutral) for word, flag in zip(bank, present, strict=True)]
        chosen = []
        for key, name in (("left", "x"), ("right", "c")):
            wanted = sorted({getattr(step, key) for step in steps})
            word = Signal(width, name=f"reduce_{name}_code")
            m.d.comb += word.eq(words[wanted[-1]])
            with m.Switch(places[key]):
                for i in wanted[:-1]:
                    with m.Case(i):
                        m.d.comb += word.eq(words[i])
            chosen.append(word)
        return chosen[0], chosen[1]


def _among(at: Signal, values: Sequence[int]) -> ValueLike:
    return Cat(*(at == value for value in values)).any() if values else Const(0, 1)
