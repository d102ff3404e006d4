"""What a softmax is: formats, rows, method, and the integers of its two tables."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from ...fixed import parse_fixed
from ...tables import TableConfig
from . import ActivationConfig
from .cells import VALUE_BITS, check_cells, check_count, check_values, table
from .rows import Rows

MAX_INPUT_WIDTH = 16
STEPS = 14
"""Fraction bits of an exponent of two."""
PLACES = 15
"""Fraction bits of a normalised sum."""
LOG2E = 6497320848556798
"""log2(e) in steps of 2^-52."""


class SoftmaxConfig(Rows, TableConfig):
    """Probabilities ``exp(x - max x) / sum exp(x - max x)`` of rows of numbers, by two tables and exact integers.

    With codes as integers, over the numbers x of a row that have ``on`` set; E and Q are the two tables, ``>>`` is
    floor, and A, C, G = 14, H = 15, B = 16 are widths::

        d = max x - x                    two_pass: of the row;     online: highest code - x
        t = floor(d K / 2^(C + Fx - G) + 1/2)          K = log2(e) to C bits: d in steps of 2^-G, as an exponent of two
        n, f = t >> G, t mod 2^G         m = E(f) 2^(A - B), E(f) near 2^B 2^-(f / 2^G)
        b = 0 (two_pass)                 or the least n of the row (online)
        e = m >> (n - b)                 S = sum of all e; online: as below
        k = floor(log2 S)                g = floor(S 2^H / 2^k) - 2^H      r = Q(g), near 2^B / (1 + (g + 1/2) / 2^H)
        y = floor((e >> (k - k0)) r 2^Fy / 2^(k0 + B) + 1/2), held to the highest code   k0 = A - 1 (two_pass), A - 2

    y is 0 where ``on`` is not set. Online, S is the sum s of the row so far, moved when a smaller n comes::

        s' = (s >> (b - b')) + (beat >> (b_beat - b'))     beat = sum of m >> (n - b_beat) over one beat's numbers
                                                           b_beat = its least n, b' = min(b, b_beat)

    so that a row need not be known to begin: one ring of beats instead of two, and less wait.

    The bound of a probability, which :mod:`nervure.generators.activation.softmax` computes of the tables, is stated
    there; the real function is ``torch.softmax``.

    Parameters
    ----------
    input : str
        Fixed-point format of x, signed, up to 16 bits.
    output : str
        Fixed-point format of y, without sign, up to 20 fraction bits.
    lanes : int
        Numbers a beat, 1 to 64. Those beyond a row's end, and masked ones, have ``on`` = 0.
    length : int
        Numbers of the longest row, 1 to 4096, taken up to whole beats. A row ends with ``last``, or there.
    method : str
        ``two_pass`` or ``online``.
    exp_segments, sum_segments : int
        Lines of each table, 2 to 64, a power of two.
    exp_slopes, exp_biases, sum_slopes, sum_biases : tuple of int
        Their integers (:mod:`nervure.hw.activation.config.cells`), which the generator makes.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "softmax"

    input: str = Field("q5.10", description="format of x")
    output: str = Field("uq0.16", description="format of the probabilities")
    lanes: int = Field(8, ge=1, le=64, description="numbers a beat")
    length: int = Field(512, ge=1, le=4096, description="numbers of the longest row")
    method: Literal["two_pass", "online"] = Field("two_pass", description="largest number first, or as it comes")
    exp_segments: int = Field(16, description="lines of 2^-f")
    sum_segments: int = Field(32, description="lines of the reciprocal")
    exp_slopes: tuple[int, ...] = Field((), description="slopes of 2^-f")
    exp_biases: tuple[int, ...] = Field((), description="biases of 2^-f")
    sum_slopes: tuple[int, ...] = Field((), description="slopes of the reciprocal")
    sum_biases: tuple[int, ...] = Field((), description="biases of the reciprocal")

    def check_asked(self) -> None:
        fmt, out = parse_fixed(self.input, "input"), parse_fixed(self.output, "output")
        if not fmt.signed or fmt.width > MAX_INPUT_WIDTH:
            raise ValueError(f"input must be signed and have at most {MAX_INPUT_WIDTH} bits, not {self.input}")
        if out.signed or out.fraction_bits > 20 or not out.fraction_bits:
            raise ValueError(f"output must be without sign and have 1 to 20 fraction bits, not {self.output}")
        check_count("exp_segments", self.exp_segments)
        check_count("sum_segments", self.sum_segments)

    def check_tables(self) -> None:
        check_cells("exp_", self.exp_segments, self.exp_slopes, self.exp_biases)
        check_cells("sum_", self.sum_segments, self.sum_slopes, self.sum_biases)
        check_values("exp_", self.exp_table)
        check_values("sum_", self.sum_table)
        if self.exp_biases[0] < 1 << 17:
            raise ValueError("exp_biases must begin with a number near 1, of at least 1/2")

    @cached_property
    def exp_table(self) -> ActivationConfig:
        """E: of f in steps of ``2^-G``."""
        return table("exp2_of_minus", 0, STEPS, self.exp_slopes, self.exp_biases)

    @cached_property
    def sum_table(self) -> ActivationConfig:
        """Q: of g in steps of ``2^-H``."""
        return table("reciprocal_of_1_plus", 0, PLACES, self.sum_slopes, self.sum_biases)

    @property
    def online(self) -> bool:
        return self.method == "online"

    @property
    def one(self) -> int:
        """Fraction bits of e, A: what the longest row's sum loses below them is less than 2^-16."""
        return VALUE_BITS + max((self.elements - 1).bit_length(), 1)

    @property
    def factor_bits(self) -> int:
        """Fraction bits of K, C: enough for the largest d to be right to 2^-(G + 2)."""
        return STEPS + self.input_format.integer_bits + 2

    @property
    def factor(self) -> int:
        """K."""
        drop = 52 - self.factor_bits
        return (LOG2E + (1 << (drop - 1))) >> drop

    @property
    def drop(self) -> int:
        """Bits that t leaves of the product; it is shifted to the left where this is negative."""
        return self.factor_bits + self.input_format.fraction_bits - STEPS

    @property
    def exponent_width(self) -> int:
        """Bits of t."""
        largest = ((1 << self.input_format.width) - 1) * self.factor
        return (((largest >> (self.drop - 1)) + 1) >> 1).bit_length()

    @property
    def sum_width(self) -> int:
        """Bits of S: each e is below ``2^(A + 1)``."""
        return self.one + 1 + self.elements.bit_length()

    @property
    def lowest(self) -> int:
        """The least k, k0: e of the largest number is at least near 1, or near 1/2 online."""
        return self.one - (2 if self.online else 1)

    def derived_name(self) -> str:
        """``softmax_METHOD_INPUT_OUTPUT_xLANES_nLENGTH_DIGEST``: tables have no shorter name."""
        formats = f"{self.input_format.identifier}_{self.output_format.identifier}"
        name = f"softmax_{self.method}_{formats}_x{self.lanes}_n{self.length}"
        return "_".join([name, *self.reset_words, self.digest[:8]])
