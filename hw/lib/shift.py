"""Shifters and leading-zero counts as trees of two-way choices."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def shift_right_sticky(m: Module, value: Value, amount: Value, name: str) -> tuple[Value, Value]:
    """``value >> amount`` and whether a set bit was lost.

    Any amount is allowed: from ``len(value)`` on, everything is lost.
    """
    width = len(value)
    steps = (width - 1).bit_length()
    # Amount bits of 2**steps and more push everything out. Deciding this first keeps it out of the shifter's chain.
    beyond = Signal(name=f"{name}_beyond")
    m.d.comb += beyond.eq(amount[steps:].any() if len(amount) > steps else 0)
    lost = Signal(name=f"{name}_lost0")
    m.d.comb += lost.eq(beyond & value.any())
    current = Signal(width, name=f"{name}_0")
    m.d.comb += current.eq(Mux(beyond, 0, value))
    for step in range(min(steps, len(amount))):
        distance = 1 << step
        following = Signal(width, name=f"{name}_{step + 1}")
        sticky = Signal(name=f"{name}_lost{step + 1}")
        m.d.comb += [
            following.eq(Mux(amount[step], current >> distance, current)),
            sticky.eq(lost | (amount[step] & current[: min(distance, width)].any())),
        ]
        current, lost = following, sticky
    return current, lost


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
