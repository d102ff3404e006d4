"""Line buffer: a stream of tokens becomes the stream of the windows of a kernel, each of them once."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out


class LineBuffer(Component):
    """Windows of ``kernel`` places over a map that comes place after place, row after row, frame after frame.

    It walks the map with its padding, a place a cycle. What it keeps are the ``kernel - 1`` rows before, in a memory
    with a word for each column, and the window itself, in registers.

    Parameters
    ----------
    width : int
        Bits of a token.
    walked : (int, int)
        Rows and columns that are walked, padding included.
    real : (int, int)
        Rows and columns that come in.
    kernel, stride, padding : (int, int)
        Down and right; ``padding`` rows and columns lie before the first real ones.
    fill : int
        The token that stands in the padding.

    Members
    -------
    i : In(stream of width)
    o : Out(stream of kernel places * width)
        Row-major: the token of window row r, column c lies at bits ``(r * kernel columns + c) * width`` and up.

    Latency: 1 cycle from the last token of a window to the window; a place a cycle where ``o`` is taken.
    """

    i: Any
    o: Any

    def __init__(self, width: int, walked: tuple[int, int], real: tuple[int, int], kernel: tuple[int, int],
                 stride: tuple[int, int], padding: tuple[int, int], fill: int = 0):  # fmt: skip
        self.width, self.walked, self.real = width, walked, real
        self.kernel, self.stride, self.padding, self.fill = kernel, stride, padding, fill
        super().__init__({"i": In(stream.Signature(width)),
                          "o": Out(stream.Signature(width * kernel[0] * kernel[1]))})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        (down, right), full = self.kernel, Signal(name="full")
        free, step = Signal(name="free"), Signal(name="step")
        _, row_moves, _, row_hit, row_real = self._walk("row", 0)
        column, column_moves, last_column, column_hit, column_real = self._walk("column", 1)
        real = row_real & column_real
        m.d.comb += [free.eq(~full | self.o.ready), self.i.ready.eq(free & real),
                     step.eq(free & (self.i.valid | ~real)), self.o.valid.eq(full)]  # fmt: skip
        token = Mux(real, self.i.payload, Const(self.fill, self.width))
        above = self._rows_above(m, step, column, last_column, token)
        window = [[Signal(self.width, name=f"window_{r}_{c}") for c in range(right)] for r in range(down)]
        m.d.comb += self.o.payload.eq(Cat(*(Cat(*line) for line in window)))
        with m.If(self.o.ready):
            m.d.sync += full.eq(0)
        with m.If(step):
            m.d.sync += full.eq(row_hit & column_hit)
            for line, new in zip(window, [*above, token], strict=True):
                m.d.sync += [place.eq(after) for place, after in zip(line, [*line[1:], new], strict=True)]
            m.d.sync += column_moves
            with m.If(last_column):
                m.d.sync += row_moves
        return m

    def _walk(self, name: str, axis: int) -> tuple[Any, Any, Any, Any, Any]:
        """A coordinate: its place, what moves it, whether it is the last, whether a window ends there, and whether it
        is real."""
        count, first, wait, stride = self.walked[axis], self.padding[axis], self.kernel[axis] - 1, self.stride[axis]
        at = Signal(range(max(count, 2)), name=name)
        left = Signal(range(max(wait, stride - 1) + 1), init=wait, name=f"{name}_left")
        last = at == count - 1
        moves = [at.eq(Mux(last, 0, at + 1)), left.eq(Mux(last, wait, Mux(left == 0, stride - 1, left - 1)))]
        real = Const(1, 1)
        if first:
            real = real & (at >= first)
        if first + self.real[axis] < count:
            real = real & (at < first + self.real[axis])
        return at, moves, last, left == 0, real

    def _rows_above(self, m: Module, step: Any, column: Any, last: Any, token: Any) -> list[Any]:
        """Tokens of this column in the rows before, the oldest first."""
        above = self.kernel[0] - 1
        if not above:
            return []
        size, count = above * self.width, self.walked[1]
        if count == 1:
            word = Signal(size, name="rows")
            with m.If(step):
                m.d.sync += word.eq(Cat(word[self.width :], token))
        else:
            m.submodules.rows = memory = Memory(shape=size, depth=count, init=[])
            write, read = memory.write_port(), memory.read_port()
            word = read.data
            # Read ahead: the next column's word lies ready when the walk comes to it.
            m.d.comb += [read.addr.eq(Mux(step, Mux(last, 0, column + 1), column)), write.addr.eq(column),
                         write.en.eq(step), write.data.eq(Cat(word[self.width :], token))]  # fmt: skip
        return [word[k * self.width : (k + 1) * self.width] for k in range(above)]
