"""Shifters and leading-zero counts as trees of two-way choices."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def choice(index: Value, words: Sequence[Value]) -> Value:
    """The word of that index: each of the words but one behind its own gate, which maps to fewer LUTs than a tree.

    (A case statement would do the same, but is emitted as a Verilog function, whose arguments are unknown until it is
    first called.)
    """
    if len(words) == 2:
        return Mux(index[0], words[1], words[0])
    gates = [index == k for k in range(len(words) - 1)]
    gated = [word & gate.replicate(len(word)) for gate, word in zip(gates, words, strict=False)]
    return Mux(Cat(*gates).any(), reduce(or_, gated), words[-1])


def shift_right_sticky(m: Module, value: Value, amount: Value, name: str) -> tuple[Value, Value]:
    """``value >> amount`` and whether a set bit was lost.

    Any amount is allowed: from ``len(value)`` on, everything is lost. Two bits of the amount make one level, the least
    of an odd number a level of its own, short shifts first: a choice of four is one six-input function.
    """
    width = len(value)
    used = min(len(amount), width.bit_length())
    beyond = amount[used:].any()
    lost: list[Value] = []
    current = Signal(width, name=f"{name}_0")
    m.d.comb += current.eq(value)
    if used < len(amount):
        lost.append(beyond & value.any())
        m.d.comb += current.eq(Mux(beyond, 0, value))
    step = 0
    while step < used:
        count = 2 - (used - step) % 2
        digit = amount[step : step + count]
        following = Signal(width, name=f"{name}_{step + count}")
        words = [Cat(current[min(k << step, width) :], Const(0, min(k << step, width))) for k in range(1 << count)]
        m.d.comb += following.eq(choice(digit, words))
        # A bit is lost where the shift is longer than its index.
        for k in range(1, 1 << count):
            bits = current[min((k - 1) << step, width) : min(k << step, width)]
            if len(bits):
                lost.append(bits.any() & (digit >= k))
        current = following
        step += count
    sticky = Signal(name=f"{name}_lost")
    m.d.comb += sticky.eq(Cat(*lost).any())
    return current, sticky


def shift_left(m: Module, value: Value, amount: Value, name: str) -> Value:
    """``value << amount`` in the width of ``value``; the amount must be below its width."""
    width = len(value)
    current: Value = value
    for step in reversed(range(min(len(amount), (width - 1).bit_length()))):
        following = Signal(width, name=f"{name}_{step}")
        m.d.comb += following.eq(Mux(amount[step], current << (1 << step), current))
        current = following
    return current


def leading_zeros(value: Value) -> tuple[Value, Value]:
    """Number of zeros above the highest set bit, and whether there is no set bit.

    Where no bit is set the count is all ones (at least ``len(value) - 1``).
    """
    width = len(value)
    if width == 1:
        return Const(0, 0), ~value[0]
    # The lower half is a power of two wide, so that the upper half's "all zero" is the count's next bit.
    half = 1 << ((width - 1).bit_length() - 1)
    padding = 2 * half - width
    padded = Cat(Const((1 << padding) - 1, padding), value) if padding else value
    low_count, low_zero = leading_zeros(padded[:half])
    high_count, high_zero = leading_zeros(padded[half:])
    if padding:
        # Ones as padding would count as set bits; all-zero is decided on the value itself.
        low_zero = ~value[: half - padding].any() if half > padding else Const(1)
    return Cat(Mux(high_zero, low_count, high_count), high_zero), high_zero & low_zero
