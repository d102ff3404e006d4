"""What an activation unit is: formats, form, and the integers of its table."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import Fixed, parse_fixed
from ...formats import Format
from .address import check, starts
from .formats import FLOAT_FIELDS, as_float, check_floats, exact_format, grid_of, parse_domain, parse_number

MAX_INPUT_WIDTH = 16
MAX_SEGMENTS = 256


class ActivationConfig(Config):
    """A function of one variable by table, ``y = round(f(x))`` or near it by line segments, one value per beat.

    With codes as integers, ``x`` first held to the codes of the domain, ``Fx, Fy, Fm, Fb`` the fraction bits of
    input, output, slope and bias, and ``F = Fm + Fx`` (``Fb <= F``), the segments give, in units of ``2^-F``::

        P(u) = slope[k] * u + bias[k] * 2^(F - Fb)      k = number of breakpoints <= u
        v    = P(x)                                     symmetry none
             = P(|x|)                                   even
             = P(|x|) or -P(|x|) where x < 0            odd
             = P(|x|) or centre * 2^(F-Fb) - P(|x|) where x < 0     point: f(x) + f(-x) = centre
             = P(|x|) + max(x, 0) * 2^Fm                relu: f(x) - max(x, 0) is even
        y    = floor(v * 2^(Fy - F) + 1/2), held to the output's codes

    and a table ``y = entries[x - first code of the domain]``.

    A float ``X`` comes onto the ``grid``, ``x = round(X 2^Fx)`` with ties to even, and beyond the domain (infinities
    are) is held to it too. A float y is the sum ``v 2^-F`` itself, rounded once to nearest, ties to even, its overflow
    held to the largest finite number; subnormals are numbers, a sum of zero is +0. NaN gives NaN, or 0 where the output
    has none; with ``above=identity`` whatever is above the domain, infinity too, gives itself. A table has an entry
    for each code of a float, and entries that are codes of a float.

    With ``form=reload`` each beat may also fill the next segment of a spare table, or put it in the other's place (see
    :class:`nervure.hw.activation.circuit.Activation`); the segments of the config hold after configuration or reset.

    The solvers of :mod:`nervure.generators.activation` make these integers from a function.

    Parameters
    ----------
    function : str
        What was asked for; a label here.
    domain : str
        ``low:high``, ends included; inputs beyond are held to its first and last code.
    input, output : str
        Fixed-point formats, or floats, of up to 16 bits (input) and 32 bits.
    grid : str or None
        Fixed-point format of up to 16 bits onto which a float input comes; None: of 16 bits, as fine as the domain
        allows.
    above : str
        What inputs above the domain give: ``held``, as its end does, or ``identity``, themselves (one float in and
        out).
    form : str
        ``table``, ``pwl``, ``fold`` (pwl that stores half the domain) or ``reload``.
    knots : str
        ``free`` (breakpoints anywhere, found by comparators), ``pow2`` (address from the leading one of ``|u|``) or
        ``uniform`` (address from the top bits of u). The two latter address ``address``-wise; see there.
    continuous : bool
        Whether neighbours were asked to meet at their breakpoint, to one step of the output.
    segments : int or None
        Asked for: at most so many stored segments, 1 to 256.
    max_error : float or None
        Asked for: as few segments as keep to this error.
    symmetry : str
        ``none``, ``even``, ``odd``, ``point`` or ``relu``.
    slope, bias : str or None
        Fixed-point formats of the segments' integers; None for ``table``.
    centre : int
        Of a point symmetry, in steps of the bias.
    address : tuple of int
        ``uniform``: (s,): k from ``(u >> s) - (first u >> s)``. ``pow2``: (e, m): numbers below ``2^e`` in magnitude
        are one cell on each side of zero; above, each octave ``[2^i, 2^(i+1))``, i >= e, has ``2^m`` equal cells
        (m <= e); negative numbers lie in the cells of ``-u - 1``, mirrored. Empty for ``free``. ``breakpoints`` says in
        every case where segments begin, which is where some cells do.
    breakpoints : tuple of int
        First u of every segment but the first, rising.
    slopes, biases : tuple of int
        One of each per segment.
    entries : tuple of int
        Output integers of ``table``, one for each code of the domain.
    reached, limit : float
        The certificate: largest ``|y - f(x)|`` over every code of the domain (and above, if these give themselves),
        and the least that any as many segments with real slopes, biases and values could have (table: half an output
        step, the largest of a float).
    sum_error : float or None
        Of segments with a float output: largest ``|v 2^-F - f(x)|``, which is before the rounding.
    worst_input : int
        Code (as integer; of a float, its bits) at which ``reached`` is met.
    latency : int
        Cycles from input to result, 1 to 8; the initiation interval is 1 at each.
    multiplier : str
        ``auto``: one product, for a multiplier block where synthesis has one; ``lut``: rows of additions, which take
        half the LUTs of a product that is left to synthesis, and are deeper.
    interface : str
        ``stream`` or ``bare``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "activation"

    function: str = Field("gelu", description="what is approximated")
    domain: str = Field("-8:8", description="ends of the inputs, low:high")
    input: str = Field("q3.12", description="format of x")
    output: str = Field("q3.12", description="format of y")
    grid: str | None = Field(None, description="fixed-point format that a float input comes onto")
    above: Literal["held", "identity"] = Field("held", description="what inputs above the domain give")
    form: Literal["table", "pwl", "fold", "reload"] = Field("pwl", description="kind of circuit")
    knots: Literal["free", "pow2", "uniform"] = Field("free", description="where segments may begin")
    continuous: bool = Field(False, description="neighbouring segments meet")
    segments: int | None = Field(None, ge=1, le=MAX_SEGMENTS, description="at most so many stored segments")
    max_error: float | None = Field(None, gt=0, description="as few segments as keep to this error")
    symmetry: Literal["none", "even", "odd", "point", "relu"] = Field("none", description="what folds the domain")
    slope: str | None = Field(None, description="format of slopes")
    bias: str | None = Field(None, description="format of biases")
    centre: int = Field(0, description="f(x) + f(-x) of a point symmetry, in steps of the bias")
    address: tuple[int, ...] = Field((), description="cells of uniform and pow2 knots")
    breakpoints: tuple[int, ...] = Field((), description="first u of every segment but the first")
    slopes: tuple[int, ...] = Field((), description="slope of each segment")
    biases: tuple[int, ...] = Field((), description="bias of each segment")
    entries: tuple[int, ...] = Field((), description="table of outputs")
    reached: float = Field(0.0, ge=0, description="largest error over every code")
    limit: float = Field(0.0, ge=0, description="least error that as many real segments can have")
    sum_error: float | None = Field(None, ge=0, description="largest error before the rounding to a float")
    worst_input: int = Field(0, description="code of the largest error")
    latency: int = Field(3, ge=1, le=8, description="cycles from input to result")
    multiplier: Literal["auto", "lut"] = Field("auto", description="product in one, or rows of additions")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._asked()
        if self.form == "table":
            self._table()
        else:
            self._lines()
        return self

    def _asked(self) -> None:
        """Refuses what no integers could meet."""
        for key in ("input", "output"):
            parse_number(getattr(self, key), key)
        if self.input_width > MAX_INPUT_WIDTH:
            raise ValueError(f"input must have at most {MAX_INPUT_WIDTH} bits, not {self.input_width}")
        check_floats(self.float_input, self.float_output, **{key: getattr(self, key) for key in FLOAT_FIELDS})
        low, high = self.codes
        if low > high:
            raise ValueError(f"domain must hold a number of {self.described_input}, not {self.domain!r}")
        if self.segments is not None and self.max_error is not None:
            raise ValueError("segments and max_error exclude each other: one follows from the other")

    def _table(self) -> None:
        (low, high), fmt, code = self.codes, self.output_format, self.float_output
        count, of = high - low + 1, "the domain"
        if self.float_input is not None:
            count, of = 1 << self.input_width, self.input
        if len(self.entries) != count:
            raise ValueError(f"entries must be {count}, one for each code of {of}, not {len(self.entries)}")
        ends = (fmt.low, fmt.high) if code is None else (0, (1 << code.width) - 1)
        if bad := [value for value in self.entries if not ends[0] <= value <= ends[1]]:
            kind = "integers" if code is None else "codes"
            raise ValueError(f"entries must be {kind} of {self.output}, not {bad[0]}")
        if self.symmetry != "none" or self.breakpoints or self.slopes or self.biases:
            raise ValueError("form=table requires entries alone, not segments or a symmetry")

    def _lines(self) -> None:
        if self.slope is None or self.bias is None:
            raise ValueError(f"form={self.form} requires slope and bias formats")
        slope, bias = self.slope_format, self.bias_format
        if bias.fraction_bits > slope.fraction_bits + self.input_format.fraction_bits:
            raise ValueError(f"bias must have at most the fraction bits of slope and input, not {bias.fraction_bits}")
        count = len(self.slopes)
        if not 1 <= count <= MAX_SEGMENTS:
            raise ValueError(f"slopes must be 1 to {MAX_SEGMENTS}, not {count}")
        for key, wanted in (("biases", count), ("breakpoints", count - 1), ("entries", 0)):
            if len(getattr(self, key)) != wanted:
                raise ValueError(f"{key} must be {wanted} for {count} slopes, not {len(getattr(self, key))}")
        for key, fmt in (("slopes", slope), ("biases", bias)):
            if bad := [value for value in getattr(self, key) if not fmt.low <= value <= fmt.high]:
                raise ValueError(f"{key} must be integers of {fmt.name}, not {bad[0]}")
        edges = [self.first, *self.breakpoints, self.last + 1]
        if any(a >= b for a, b in pairwise(edges)):
            raise ValueError(f"breakpoints must rise within {self.first + 1} to {self.last}, not {self.breakpoints}")
        if self.form == "fold" and self.symmetry == "none":
            raise ValueError("form=fold requires a symmetry, not none")
        if self.symmetry != "none" and not self.input_format.signed:
            raise ValueError(f"symmetry={self.symmetry} requires a signed input, not {self.input}")
        if (wanted := {"free": 0, "uniform": 1, "pow2": 2}[self.knots]) != len(self.address):
            raise ValueError(f"address must be {wanted} numbers for knots={self.knots}, not {self.address}")
        if self.knots != "free":
            check(self.knots, self.address, self.input_format.width)
            cells = starts(self.knots, self.address, self.first, self.last)
            if bad := sorted(set(self.breakpoints) - set(cells)):
                raise ValueError(f"breakpoints must be where cells of address={self.address} begin, not {bad[0]}")
            if self.form == "reload" and len(cells) != len(self.breakpoints):
                raise ValueError(f"form=reload requires a segment for each of {len(cells) + 1} cells, not {count}")

    @property
    def float_input(self) -> Format | None:
        """The float that x is; None where it is a fixed-point number."""
        return as_float(self.input)

    @property
    def float_output(self) -> Format | None:
        """The float that y is; None where it is a fixed-point number."""
        return as_float(self.output)

    @property
    def input_width(self) -> int:
        """Bits of a code of x."""
        return parse_number(self.input, "input").width

    @property
    def output_width(self) -> int:
        """Bits of a code of y."""
        return parse_number(self.output, "output").width

    @property
    def input_format(self) -> Fixed:
        """The integers x, which for a float are those of its grid."""
        if self.float_input is None:
            return parse_fixed(self.input)
        return parse_fixed(self.grid, "grid") if self.grid else grid_of(self.domain)

    @property
    def output_format(self) -> Fixed:
        """The integers y, which for a float are the sums v that are rounded to it."""
        if self.float_output is None:
            return parse_fixed(self.output)
        return exact_format(self.slope_format, self.bias_format, self.input_format)

    @property
    def described_input(self) -> str:
        """What the numbers of x are: ``input=q3.12``, ``grid=q3.12``."""
        return f"input={self.input}" if self.float_input is None else f"grid={self.input_format.name}"

    @property
    def slope_format(self) -> Fixed:
        return parse_fixed(self.slope or "q1.14", "slope")

    @property
    def bias_format(self) -> Fixed:
        return parse_fixed(self.bias or "q1.14", "bias")

    @property
    def codes(self) -> tuple[int, int]:
        """First and last integer of the domain."""
        low, high = parse_domain(self.domain)
        fmt = self.input_format
        return max(ceil(low / fmt.lsb), fmt.low), min(floor(high / fmt.lsb), fmt.high)

    @property
    def first(self) -> int:
        """The lowest u."""
        low, high = self.codes
        return low if self.symmetry == "none" else max(low, -high, 0)

    @property
    def last(self) -> int:
        """The highest u."""
        low, high = self.codes
        return high if self.symmetry == "none" else max(high, -low)

    @property
    def fraction_bits(self) -> int:
        """Fraction bits of the sum, F."""
        return self.slope_format.fraction_bits + self.input_format.fraction_bits

    @property
    def knot_width(self) -> int:
        """Bits of u: as x has without a symmetry, else those of a magnitude."""
        return self.input_format.width if self.symmetry == "none" else self.last.bit_length()

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values, those for floats alone where they are not at their defaults."""
        usual = {"grid": None, "sum_error": None, "above": "held"}
        return {key: value for key, value in super().to_dict().items() if key not in usual or value != usual[key]}

    def derived_name(self) -> str:
        """``activation_FUNCTION_FORM_lLATENCY_DIGEST``: tables of integers have no shorter name."""
        label = "".join(c if c.isalnum() else "_" for c in self.function)[:32].strip("_") or "function"
        options = [value for key, usual in (("knots", "free"), ("multiplier", "auto"), ("interface", "stream"))
                   if (value := getattr(self, key)) != usual]  # fmt: skip
        return "_".join([f"activation_{label}_{self.form}_l{self.latency}", *options, self.digest[:8]])
