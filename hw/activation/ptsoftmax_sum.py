"""Blocks of the power-of-two softmax: the sums of a row over two windows of scores, and a score's share."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from .config.ptsoftmax import PtsoftmaxConfig
from .rows import add_all


def window_bits(config: PtsoftmaxConfig) -> tuple[int, int]:
    """Bits of a score's place in its window, and of the window's number."""
    low = config.span.bit_length() - 1
    return low, config.bits - low


class Top(Component):
    """The highest window of a beat's scores; 0 where none is on.

    Parameters
    ----------
    width, lanes : int
        Bits of a window's number; scores a beat.

    Members
    -------
    window : In(width * lanes)
    on : In(lanes)
    highest : Out(width)
    """

    window: Signal
    on: Signal
    highest: Signal

    def __init__(self, width: int, lanes: int):
        super().__init__({"window": In(width * lanes), "on": In(lanes), "highest": Out(width)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.highest)
        level: list[Value] = []
        for k in range(len(self.on)):
            level.append(self.window[k * width :][:width] & self.on[k].replicate(width))
        step = 0
        while len(level) > 1:
            following: list[Value] = []
            for k in range(0, len(level) - 1, 2):
                larger = Signal(width, name=f"larger{step}_{k}")
                m.d.comb += larger.eq(Mux(level[k] > level[k + 1], level[k], level[k + 1]))
                following.append(larger)
            level = following + level[len(level) & ~1 :]
            step += 1
        m.d.comb += self.highest.eq(level[0])
        return m


class Terms(Component):
    """Sums of ``2^(place of z in its window)`` over a beat: of the scores in window ``top``, and in that below.

    Members
    -------
    words : In((bits + 1) * lanes)
        Scores from 0 on, each with its ``on`` above it.
    top : In
    upper, lower : Out(half_width)
    """

    words: Signal
    top: Signal
    upper: Signal
    lower: Signal

    def __init__(self, config: PtsoftmaxConfig):
        self.config = config
        members = {"words": In((config.bits + 1) * config.lanes), "top": In(window_bits(config)[1])}
        super().__init__({**members, "upper": Out(config.half_width), "lower": Out(config.half_width)})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        low, high = window_bits(config)
        below = Signal(high)
        m.d.comb += below.eq(self.top - 1)
        upper: list[Value] = []
        lower: list[Value] = []
        for k in range(config.lanes):
            word = self.words[k * (config.bits + 1) :][: config.bits + 1]
            place, window, on = word[:low], word[low : config.bits], word[config.bits]
            power = Signal(config.span, name=f"power{k}")
            m.d.comb += power.eq(Const(1, 1) << place if low else 1)
            upper.append(power & (on & (window == self.top)).replicate(config.span))
            lower.append(power & (on & (window == below) & (self.top != 0)).replicate(config.span))
        m.d.comb += [self.upper.eq(add_all(upper)), self.lower.eq(add_all(lower))]
        return m


class Combine(Component):
    """A row's sums and a beat's, each over its own two windows, as those over the higher one's.

    Members
    -------
    row_top, beat_top : In
        Their windows.
    row_upper, row_lower, beat_upper, beat_lower : In(half_width)
    top, upper, lower : Out
    """

    top: Signal
    upper: Signal
    lower: Signal

    def __init__(self, config: PtsoftmaxConfig):
        half, high = config.half_width, window_bits(config)[1]
        members = {}
        for of in ("row_", "beat_", ""):
            flow = Out if not of else In
            members |= {f"{of}top": flow(high), f"{of}upper": flow(half), f"{of}lower": flow(half)}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        higher = Signal()
        m.d.comb += [higher.eq(self.beat_top > self.row_top), self.top.eq(Mux(higher, self.beat_top, self.row_top))]
        moved = []
        for of in ("row", "beat"):
            top, upper, lower = (getattr(self, f"{of}_{key}") for key in ("top", "upper", "lower"))
            same, below = top == self.top, top + 1 == self.top
            moved.append((Mux(same, upper, 0), Mux(same, lower, Mux(below, upper, 0))))
        m.d.comb += [self.upper.eq(moved[0][0] + moved[1][0]), self.lower.eq(moved[0][1] + moved[1][1])]
        return m


class Share(Component):
    """A score's share, of its row's highest window and exponent.

    Members
    -------
    z : In(bits)
        From 0 on.
    on : In(1)
    top : In
    e : In
        Exponent of P, in the sum's steps: P stands for ``2^(e + (top - 1) * window)``.
    k, zero : Out
        Or ``p``, where the config has a fixed-point output.
    """

    z: Signal
    on: Signal
    top: Signal
    e: Signal

    def __init__(self, config: PtsoftmaxConfig):
        self.config = config
        members = {"z": In(config.bits), "on": In(1), "top": In(window_bits(config)[1]),
                   "e": In(config.sum_width.bit_length())}  # fmt: skip
        fmt = config.output_format
        shares = {"p": Out(fmt.width)} if fmt else {"k": Out(config.share_width), "zero": Out(1)}
        super().__init__({**members, **shares})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        low, _ = window_bits(config)
        place, window = self.z[:low], self.z[low:]
        upper, zero = Signal(name="upper"), Signal(name="none")
        m.d.comb += [
            upper.eq(window == self.top),
            zero.eq(~(self.on & (upper | (window + 1 == self.top)))),
        ]
        k = Signal(config.share_width, name="steps")
        m.d.comb += k.eq(Mux(zero, 0, self.e - Cat(place, upper)))
        if (fmt := config.output_format) is None:
            m.d.comb += [self.k.eq(k), self.zero.eq(zero)]
            return m
        # 2^-k: the bit of weight 2^-k, if there is one.
        bits = [(k == fmt.fraction_bits - at) & ~zero if at <= fmt.fraction_bits else Const(0, 1)
                for at in range(fmt.width)]  # fmt: skip
        p = Cat(*bits)
        if fmt.high < 1 << fmt.fraction_bits:
            p = Mux((k == 0) & ~zero, fmt.high, p)
        m.d.comb += self.p.eq(p)
        return m
