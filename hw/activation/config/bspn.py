"""What a bit-shifting power norm is: formats, group, trained constants, latency."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import Fixed, parse_fixed, signed_width

MAX_INPUT_WIDTH, MAX_SHIFT, MAX_WIDTH = 16, 31, 60


def ceil_log2(number: Fraction) -> int:
    """The least k with ``2^k >= number``, a positive one."""
    k = number.numerator.bit_length() - number.denominator.bit_length() - 1
    while Fraction(2) ** k < number:
        k += 1
    return k


class BspnConfig(Config):
    """A norm by shifts, trained into networks: it approximates no other norm. For each group of n numbers x::

        psi = mean |x|                   or a constant
        x^  = x / 2^ceil(log2(psi + eps))
        y   = w' x^ + b                  w' = sgn(w) 2^round(log2(|w| / sqrt(phi + eps))), one for each place
        out = sgn(y) 2^round(log2|y|)    0 stays 0

    x^ and y are exact: nothing is rounded but the result, geometrically (see
    :class:`~nervure.hw.activation.config.pow2round.Pow2RoundConfig`).

    Parameters
    ----------
    input : str
        Fixed-point format of x, signed, up to 16 bits.
    group : int
        Numbers n of a group, 1 to 4096, any.
    lanes : int
        Numbers a beat, 1 to 64. A group is ``ceil(group / lanes)`` beats; what its last beat holds beyond is ignored,
        and its results are zeros.
    eps : float
        Above 0, taken for the decimal number that it is written as.
    psi : float or None
        None: of each group. A number, 0 or more: the running statistic, a constant; beats then need not wait for their
        group.
    exponents : tuple of int
        ``log2|w'|`` of each place, -31 to 31 (default: zeros).
    signs : tuple of int
        ``sgn(w)`` of each place: -1, 0 or 1 (default: ones).
    bias : str
        Fixed-point format of b, signed.
    biases : tuple of int
        b of each place as its integer (default: zeros).
    output : str
        ``exponent``: e, sign and zero of each result. Or a signed fixed-point format: the result's code, 0 where it is
        below the step, and the highest or the lowest code where it is beyond.
    latency : int
        Cycles of the arithmetic from memory to result, 1 to 8.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "bspn"

    input: str = Field("q3.4", description="format of x")
    group: int = Field(64, ge=1, le=4096, description="numbers of a group")
    lanes: int = Field(8, ge=1, le=64, description="numbers a beat")
    eps: float = Field(1e-5, gt=0, le=1, description="added to the mean")
    psi: float | None = Field(None, ge=0, le=1e6, description="running statistic instead of each group's")
    exponents: tuple[int, ...] = Field((), description="log2 of the weights' magnitudes")
    signs: tuple[Literal[-1, 0, 1], ...] = Field((), description="signs of the weights")
    bias: str = Field("q3.4", description="format of biases")
    biases: tuple[int, ...] = Field((), description="bias of each place")
    output: str = Field("exponent", description="exponent, or a fixed-point format")
    latency: int = Field(3, ge=1, le=8, description="cycles of the arithmetic")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        formats = {key: getattr(self, key) for key in ("input", "bias", "output")}
        for key, name in formats.items():
            if (key, name) != ("output", "exponent") and not parse_fixed(name, key).signed:
                raise ValueError(f"{key} must be signed, not {name}")
        if self.input_format.width > MAX_INPUT_WIDTH:
            raise ValueError(f"input must have at most {MAX_INPUT_WIDTH} bits, not {self.input_format.width}")
        for key, start in (("exponents", 0), ("signs", 1), ("biases", 0)):
            if not (values := getattr(self, key)):
                object.__setattr__(self, key, (start,) * self.group)
            elif len(values) != self.group:
                raise ValueError(f"{key} must be {self.group}, one for each place of a group, not {len(values)}")
        if bad := [e for e in self.exponents if abs(e) > MAX_SHIFT]:
            raise ValueError(f"exponents must be {-MAX_SHIFT} to {MAX_SHIFT}, not {bad[0]}")
        fmt = self.bias_format
        if bad := [b for b in self.biases if not fmt.low <= b <= fmt.high]:
            raise ValueError(f"biases must be integers of {self.bias}, not {bad[0]}")
        if self.magnitude_width > MAX_WIDTH:
            raise ValueError(f"y must have at most {MAX_WIDTH} bits to be exact, not {self.magnitude_width}; "
                             "narrow the exponents or the formats")  # fmt: skip
        return self

    @property
    def input_format(self) -> Fixed:
        return parse_fixed(self.input)

    @property
    def bias_format(self) -> Fixed:
        return parse_fixed(self.bias)

    @property
    def output_format(self) -> Fixed | None:
        """The fixed-point format of the results, where they have one."""
        return None if self.output == "exponent" else parse_fixed(self.output)

    @property
    def beats(self) -> int:
        """Beats of a group."""
        return -(-self.group // self.lanes)

    @property
    def epsilon(self) -> Fraction:
        """eps exactly."""
        return Fraction(repr(self.eps))

    @property
    def largest_sum(self) -> int:
        """The largest sum of a group's ``|x|``, in steps of the input."""
        return self.group * -self.input_format.low

    @property
    def scales(self) -> tuple[int, int]:
        """The least and the greatest k = ceil(log2(psi + eps)) of groups that are not all zeros."""
        if self.psi is not None:
            k = ceil_log2(Fraction(repr(self.psi)) + self.epsilon)
            return k, k
        least, greatest = (Fraction(total, self.group << self.input_format.fraction_bits) + self.epsilon
                           for total in (1, self.largest_sum))  # fmt: skip
        return ceil_log2(least), ceil_log2(greatest)

    @property
    def thresholds(self) -> tuple[int, ...]:
        """For each k from the least to one below the greatest: the largest sum of ``|x|`` whose k is no greater.

        ``sum / (n 2^F) + eps <= 2^k`` is ``sum <= n 2^F (2^k - eps)``: no division is needed.
        """
        low, high = self.scales
        steps = self.group << self.input_format.fraction_bits
        return tuple(int(steps * (Fraction(2) ** k - self.epsilon)) for k in range(low, high))

    @property
    def weights(self) -> tuple[int, int]:
        """The least and the greatest exponent of a weight that is not 0."""
        used = [e for e, s in zip(self.exponents, self.signs, strict=True) if s] or [0]
        return min(used), max(used)

    @property
    def fraction_bits(self) -> int:
        """Fraction bits of y: enough for every product and the bias."""
        return max(self.input_format.fraction_bits + self.scales[1] - self.weights[0], self.bias_format.fraction_bits)

    @property
    def magnitude_width(self) -> int:
        """Bits of ``|y|``: ``|x^|`` is at most n, since ``|x| <= n psi``, or with a constant psi ``max|x| / 2^k``."""
        scaled = Fraction(-self.input_format.low, 1 << self.input_format.fraction_bits) / Fraction(2) ** self.scales[0]
        if self.psi is None:
            scaled = min(scaled, Fraction(self.group))
        bias = Fraction(max(map(abs, self.biases)), 1 << self.bias_format.fraction_bits)
        largest = (scaled * Fraction(2) ** self.weights[1] + bias) * (1 << self.fraction_bits)
        return max(int(largest).bit_length(), 1)

    @property
    def results(self) -> tuple[int, int]:
        """The lowest and the highest exponent of a result."""
        return -self.fraction_bits, self.magnitude_width - self.fraction_bits

    @property
    def exponent_width(self) -> int:
        """Bits of a result's exponent in two's complement."""
        return signed_width(*self.results)

    def derived_name(self) -> str:
        """``bspn_INPUT_nGROUP_xLANES_lLATENCY_DIGEST``: the trained constants have no shorter name."""
        options = [self.output_format.identifier] if self.output_format else []
        name = f"bspn_{self.input_format.identifier}_n{self.group}_x{self.lanes}_l{self.latency}"
        return "_".join([name, *options, *self.reset_words, self.digest[:8]])
