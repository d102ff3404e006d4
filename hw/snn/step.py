"""A neuron's time step as a circuit without registers: state and drive in, spikes and the next state out."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from math import isqrt
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from .config.neuron import Neuron


class NeuronStep(Component):
    """The step of :class:`~nervure.hw.snn.config.neuron.Neuron`, for one neuron.

    Parameters
    ----------
    law : Neuron
        With one threshold it is a constant of the circuit, with several it comes in.
    drive_width : int
        Bits of x in two's complement.

    Members
    -------
    x : In(signed)
        What drives the neuron, in units of the membrane.
    theta : In
        The neuron's threshold, where the law has several.
    v, i, waiting, silent : In
        State: membrane, current, code of the reset that waits, steps of silence left; those that the law has.
    v_next, i_next, waiting_next, silent_next : Out
    spikes : Out
        How many; of ShiftLIF the number of the level, 0 for none: level q stands for 2^(q - 1) parts.

    Latency: none, no register. State that the law has not has no port.
    """

    x: Any
    v: Any
    v_next: Any
    spikes: Any

    def __init__(self, law: Neuron, drive_width: int):
        self.law = law
        width = law.membrane_width
        members = {"x": In(signed(drive_width)), "v": In(signed(width)), "v_next": Out(signed(width)),
                   "spikes": Out(law.spike_width)}  # fmt: skip
        if len(law.threshold) > 1:
            members["theta"] = In(max(law.threshold).bit_length())
        for name, there, shape in (
            ("i", law.current != "absent", signed(law.current_width)),
            ("waiting", law.reset_delay, unsigned(law.spike_width)),
            ("silent", law.refractory > 0, unsigned(law.refractory.bit_length())),
        ):
            if there:
                members |= {name: In(shape), f"{name}_next": Out(shape)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        law = self.law
        theta = self.theta if len(law.threshold) > 1 else Const(law.threshold[0])
        drive = self.x
        if law.current != "absent":
            new = _held(m, _leaked(self.i, law.current, law.current_shift, law.current_multiplier) + self.x,
                        law.current_width, law.overflow, "current")  # fmt: skip
            m.d.comb += self.i_next.eq(new)
            drive = new if law.current_order == "new" else self.i
        start = self.v
        if law.reset_delay and law.reset == "value":
            start = Mux(self.waiting.any(), Const(law.reset_value, signed(law.membrane_width)), self.v)
        exact = _leaked(start, law.leak, law.leak_shift, law.leak_multiplier) + drive
        if law.reset_delay and law.reset == "subtract":
            exact = exact - _taken(law, theta, self.waiting)
        u = _held(m, exact, law.membrane_width, law.overflow, "sum")
        seen = u
        if law.rearm:
            seen = u - Mux(self.v > theta if law.compare == ">" else self.v >= theta, theta, 0)
        fired = _fired(m, law, theta, seen)
        stays = Const(0, 1)
        if law.refractory:
            stays = self.silent.any()
            m.d.comb += self.silent_next.eq(Mux(stays, self.silent - 1, Mux(fired.any(), law.refractory, 0)))
        m.d.comb += self.spikes.eq(Mux(stays, 0, fired))
        after = u
        if not law.reset_delay and law.reset == "subtract":
            after = u - _taken(law, theta, fired)
        elif not law.reset_delay and law.reset == "value":
            after = Mux(fired.any(), Const(law.reset_value, signed(law.membrane_width)), u)
        left = Mux(stays, self.v, after)
        if law.floor == "threshold":
            kept = Signal(signed(max(len(left), law.membrane_width)))
            m.d.comb += kept.eq(left)
            left = Mux(kept < -theta, -theta, kept)
        m.d.comb += self.v_next.eq(left)
        if law.reset_delay:
            m.d.comb += self.waiting_next.eq(self.spikes)
        return m


def _leaked(v: Value, leak: str, shift: int, multiplier: int) -> Value:
    """``L(v)``; a shift of a signed number rounds down."""
    if leak == "shift":
        return v - (v >> shift)
    return (v * multiplier) >> shift if leak == "multiplier" else v


def _held(m: Module, exact: Value, width: int, overflow: str, name: str) -> Signal:
    """``O(u)``."""
    total = Signal(signed(max(width, len(exact))), name=f"{name}_exact")
    out = Signal(signed(width), name=name)
    m.d.comb += total.eq(exact)
    if overflow == "wrap" or len(total) == width:
        m.d.comb += out.eq(total)
        return out
    # It fits if all bits from the sign's place on are the same.
    above = total[width - 1 :]
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    m.d.comb += out.eq(Mux(above.any() & ~above.all(), Mux(total[-1], Const(low, signed(width)),
                                                           Const(high, signed(width))), total))  # fmt: skip
    return out


def _taken(law: Neuron, theta: Value, code: Value) -> Value:
    """What spikes of that code take off the membrane."""
    if not law.levels:
        return Mux(code, theta, 0) if law.max_spikes == 1 else code * theta
    # Thresholds are multiples of 2^levels: nothing is lost to the right.
    taken: Value = Const(0)
    for q in range(1, law.levels + 2):
        taken = Mux(code == q, theta >> (law.levels - (q - 1)), taken)
    return taken


def _fired(m: Module, law: Neuron, theta: Value, u: Value) -> Value:
    """``Q(u)``: the count, or the number of the level."""
    above = law.compare == ">"
    if law.levels:
        # Levels are reached in order: the number of the highest is how many are.
        return _count(_reached(law, theta, u, q) for q in range(1, law.levels + 2))
    if law.max_spikes == 1:
        return (u > theta) if above else (u >= theta)
    # u > k theta where u - 1 >= k theta; digits from the highest, as in long division.
    rest, digits = u - 1 if above else u, []
    for bit in reversed(range(law.spike_width)):
        name = f"digit{bit}"
        digit, left = Signal(name=name), Signal(signed(max(len(u) + 1, 2)), name=f"{name}_rest")
        m.d.comb += [digit.eq(rest >= theta << bit), left.eq(Mux(digit, rest - (theta << bit), rest))]
        digits.insert(0, digit)
        rest = left
    count = Cat(digits)
    top = law.max_spikes
    return count if top == (1 << law.spike_width) - 1 else Mux(count > top, top, count)


def _reached(law: Neuron, theta: Value, u: Value, q: int) -> Value:
    """Whether level q, worth ``2^(q - 1) / 2^levels`` of the threshold, is reached."""
    shift, level = law.levels, 1 << (q - 1)
    if law.rounding == "log":
        # u^2 2^power > theta^2, squares of positive numbers; a constant threshold needs no square.
        power = 2 * shift + 3 - 2 * q
        if isinstance(theta, Const):
            return u > _root(theta.value, power)
        return (u > 0) & (((u * u) << power) > theta * theta)
    below = 0 if q == 1 else level // 2
    wanted = theta * (2 * level if law.rounding == "floor" else level + below)
    have = u << (shift + 1)
    return have > wanted if law.compare == ">" else have >= wanted


def _root(theta: int, power: int) -> int:
    """The greatest u with ``u^2 2^power < theta^2``."""
    # theta^2 is no such square, since the power is odd.
    return isqrt((theta * theta) >> power)


def _count(bits: Any) -> Value:
    total: Value = Const(0)
    for bit in bits:
        total = total + bit
    return total
