"""One product of two narrow elements, exact, on the grid that all products of a block share."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.block import place_block
from ..lib.shift import shift_left
from .config.dot import DotConfig
from .unpack import INF, NAN, NONE, Operand, product_specials


def product_shape(config: DotConfig) -> Shape:
    """Shape of ``m`` of :class:`ElementProduct`: two's complement of integers, else a magnitude."""
    width = config.largest_product.bit_length()
    return signed(width + 1) if is_integer(config) else unsigned(width)


def is_integer(config: DotConfig) -> bool:
    """Whether the elements of both operands are integers, whose products carry their own sign."""
    return config.a_element.format.is_integer and config.b_element.format.is_integer


def is_table(config: DotConfig) -> bool:
    """Whether a magnitude is a function of six bits: one LUT for each of its bits."""
    formats = config.a_element.format, config.b_element.format
    return all(fmt.is_float and not fmt.flushes for fmt in formats) and sum(fmt.width - 1 for fmt in formats) <= 6


class ElementProduct(Component):
    """``a * b = ±m * 2^lsb`` of two codes, without any rounding.

    The magnitude of floats is the product of the significands shifted left by both exponents: a fixed-point number in
    units of the least product. For formats of 4 bits each of its bits is one function of six bits.

    Parameters
    ----------
    config : DotConfig

    Members
    -------
    a, b : In
        Codes.
    m : Out
        Magnitude in units of ``2^config.lsb``; of integers the two's complement product.
    sign : Out(1)
        Exclusive-or of the operands' signs.
    special : Out(2)
        NONE, INF (of that sign) or NAN.
    """

    a: Signal
    b: Signal
    m: Signal
    sign: Signal
    special: Signal

    def __init__(self, config: DotConfig):
        self.config = config
        super().__init__({
            "a": In(config.a_element.format.width), "b": In(config.b_element.format.width),
            "m": Out(product_shape(config)), "sign": Out(1), "special": Out(2),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        formats = self.config.a_element.format, self.config.b_element.format
        if is_integer(self.config):
            codes = self.a, self.b
            signs = [code[-1] if fmt.is_signed else Const(0, 1) for code, fmt in zip(codes, formats, strict=True)]
            a, b = (code if fmt.is_signed else Cat(code, Const(0, 1)) for code, fmt in zip(codes, formats, strict=True))
            product = self._booth(m, a, b) if len(self.m) > 6 else a.as_signed() * b.as_signed()
            m.d.comb += [self.m.eq(product), self.sign.eq(signs[0] ^ signs[1]), self.special.eq(NONE)]
            return m
        a, b = (place_block(m, name, Operand(fmt, self.config.flush))
                for name, fmt in zip("ab", formats, strict=True))  # fmt: skip
        product = Signal(len(self.m))
        m.d.comb += [a.code.eq(self.a), b.code.eq(self.b), product.eq(a.significand * b.significand)]
        infinite, invalid = product_specials(a, b)
        distance = Signal(range(_reach(formats[0]) + _reach(formats[1]) + 1))
        m.d.comb += distance.eq((a.e if formats[0].is_float else 0) + (b.e if formats[1].is_float else 0))
        m.d.comb += [
            self.m.eq(self._table() if is_table(self.config) else shift_left(m, product, distance, "placed")),
            self.sign.eq(a.sign ^ b.sign),
            self.special.eq(Mux(invalid, NAN, Mux(infinite, INF, NONE))),
        ]
        return m

    def _booth(self, m: Module, a: Value, b: Value) -> Value:
        """The product of two's complement numbers by digits of b from -2 to 2 (radix-4 Booth).

        A bit of a row depends on two bits of ``a`` and three of ``b``, so that row, its sign and the adder that takes
        it are one six-input LUT a bit; the sum so far is the carry cells' direct input (see
        :class:`~nervure.hw.mac.dot_sum.SignedAdd`).
        """
        total: Value = Const(0, len(a) + 2)
        done: list[Value] = []
        for j in range(0, len(b), 2):
            below, bit, negative = (b[min(i, len(b) - 1)] if i >= 0 else Const(0, 1) for i in (j - 1, j, j + 1))
            once, twice = bit ^ below, Mux(negative, ~bit & ~below, bit & below)
            wide = len(a) + 2
            x = Cat(a, a[-1].replicate(2))
            row = Mux(once, x, Mux(twice, Cat(Const(0, 1), x)[:wide], 0)) ^ negative.replicate(wide)
            added = Signal(wide + 1, name=f"row{j // 2}")
            m.d.comb += added.eq(Cat(Const(0, 1), total) - Cat(~negative, ~row))
            done += [added[1], added[2]]
            total = Cat(added[3:], added[-1].replicate(2))
        return Cat(*done, total).as_signed()

    def _table(self) -> Value:
        """The magnitude as one table of six bits for each of its bits."""
        a, b = self.config.a_element.format, self.config.b_element.format
        index = Cat(self.a[:-1], self.b[:-1])
        products = [_units(b, y) * _units(a, x) for y in range(b.sign_bit) for x in range(a.sign_bit)]
        tables = [sum((product >> i & 1) << at for at, product in enumerate(products)) for i in range(len(self.m))]
        return Cat(Const(table, len(products)).bit_select(index, 1) for table in tables)


def _units(fmt: Format, code: int) -> int:
    """Magnitude of a finite code in units of the least one."""
    field, mantissa = code >> fmt.mantissa_width, code & ((1 << fmt.mantissa_width) - 1)
    return (mantissa + ((field > 0) << fmt.mantissa_width)) << max(field - 1, 0)


def _reach(fmt: Format) -> int:
    """Binades of the finite numbers of a format, less one."""
    return fmt.max_exponent - fmt.min_exponent if fmt.is_float else 0
