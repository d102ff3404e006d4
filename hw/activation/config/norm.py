"""What a layer norm or RMS norm is: formats, row, constants, and the integers of its table."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import ClassVar, Literal

from pydantic import Field

from ...fixed import Fixed, parse_fixed
from ...tables import TableConfig
from . import ActivationConfig
from .cells import VALUE_BITS, check_cells, check_count, check_values, table

MAX_INPUT_WIDTH = 16
PLACES = 15
"""Fraction bits of a normalised sum."""
GUARD = 2
"""Fraction bits that a normalised number has beyond the output's, where it is scaled."""


class NormConfig(TableConfig):
    """Rows of N = ``elements`` numbers, normalised: ``(x - mean) / sqrt(variance + eps)``, or ``x / sqrt(mean of x^2 +
    eps)``; then, if there are constants, times gamma and plus beta, of each place.

    Nothing is divided by N: with codes as integers, ``>>`` as floor, R the table, B = 16, H = 15::

        s = sum x (layer) or 0 (rms)     T = (N sum x^2 - s^2) 4^J + E      E = N^2 eps 4^(Fx + J), rounded, above 0
        c = N x - s                      c 2^J / sqrt(T) is what is meant, but for E: exact so far
        k = floor(log2 T)   h = k >> 1   u = floor(T 2^H / 2^k) - 2^H + (2^H if k is odd)
        r = R(u), near 2^B / sqrt(1 + (u + 1/2) / 2^H), and of u >= 2^H near 2^B / sqrt(2 + 2 (u - 2^H + 1/2) / 2^H)
        z = floor(c r 2^(P + J) / 2^(h + B) + 1/2)    P = Fy, or Fy + 2 where there are constants
        y = z, or floor((z gamma + beta 2^(P + Fgamma - Fbeta)) / 2^(P + Fgamma - Fy) + 1/2); held to the output's codes

    J is 0 but where eps is few steps: the least at which ``4^J + E >= 2^12``, so that rounding E hardly counts.
    The bound of a result, which :mod:`nervure.generators.activation.norm` computes of the table, is stated there; the
    real function is ``torch.nn.functional.layer_norm`` or ``rms_norm``.

    Parameters
    ----------
    kind : str
        ``layer`` or ``rms``.
    input, output : str
        Fixed-point formats of x and y, signed, up to 16 and 24 bits.
    elements : int
        Numbers N of a row, 1 to 4096, any.
    lanes : int
        Numbers a beat, 1 to 64. A row is ``ceil(elements / lanes)`` beats; what its last beat holds beyond is ignored,
        and its results are zeros.
    eps : float
        Above 0, taken for the decimal number that it is written as.
    gamma, beta : str
        Fixed-point formats of the constants, signed, up to 18 and 24 bits.
    gammas, betas : tuple of int
        Their integers, one for each place, or none: 1 and 0.
    segments : int
        Lines of the table, 4 to 64, a power of two: half of them for each of two octaves.
    slopes, biases : tuple of int
        Their integers (:mod:`nervure.hw.activation.config.cells`), which the generator makes.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "norm"

    kind: Literal["layer", "rms"] = Field("layer", description="layer norm or RMS norm")
    input: str = Field("q3.12", description="format of x")
    output: str = Field("q3.12", description="format of y")
    elements: int = Field(64, ge=1, le=4096, description="numbers of a row")
    lanes: int = Field(8, ge=1, le=64, description="numbers a beat")
    eps: float = Field(1e-5, gt=0, le=1, description="added to the variance")
    gamma: str = Field("q1.14", description="format of factors")
    beta: str = Field("q3.12", description="format of what is added")
    gammas: tuple[int, ...] = Field((), description="factor of each place")
    betas: tuple[int, ...] = Field((), description="what is added at each place")
    segments: int = Field(32, description="lines of the reciprocal square root")
    slopes: tuple[int, ...] = Field((), description="slopes of the reciprocal square root")
    biases: tuple[int, ...] = Field((), description="biases of the reciprocal square root")

    def check_asked(self) -> None:
        for key, most in (("input", MAX_INPUT_WIDTH), ("output", 24), ("gamma", 18), ("beta", 24)):
            fmt = parse_fixed(getattr(self, key), key)
            if not fmt.signed or fmt.width > most:
                raise ValueError(f"{key} must be signed and have at most {most} bits, not {fmt.name}")
        check_count("segments", self.segments)
        if self.segments < 4:
            raise ValueError(f"segments must be at least 4, two for each octave, not {self.segments}")
        for key in ("gamma", "beta"):
            values, fmt = getattr(self, f"{key}s"), parse_fixed(getattr(self, key))
            if values and len(values) != self.elements:
                raise ValueError(f"{key}s must be {self.elements}, one for each place of a row, not {len(values)}")
            if bad := [value for value in values if not fmt.low <= value <= fmt.high]:
                raise ValueError(f"{key}s must be integers of {fmt.name}, not {bad[0]}")
        if self.beta_format.fraction_bits > self.places + self.gamma_format.fraction_bits:
            raise ValueError(f"beta must have at most the fraction bits of output and gamma, not {self.beta}")

    def check_tables(self) -> None:
        check_cells("", self.segments, self.slopes, self.biases)
        check_values("", self.root_table)

    @cached_property
    def root_table(self) -> ActivationConfig:
        """R: of u in steps of ``2^-H``."""
        return table("reciprocal_root", 1, PLACES, self.slopes, self.biases)

    @property
    def gamma_format(self) -> Fixed:
        return parse_fixed(self.gamma)

    @property
    def beta_format(self) -> Fixed:
        return parse_fixed(self.beta)

    @property
    def scaled(self) -> bool:
        """Whether there are constants."""
        return bool(self.gammas or self.betas)

    @property
    def places(self) -> int:
        """Fraction bits of z, P."""
        return self.output_format.fraction_bits + (GUARD if self.scaled else 0)

    def constants(self, place: int) -> tuple[int, int]:
        """Gamma and beta of a place, as integers; zeros beyond the row. A gamma that is not given is 1, or the highest
        number below."""
        if place >= self.elements:
            return 0, 0
        fmt = self.gamma_format
        one = min(1 << fmt.fraction_bits, fmt.high)
        return self.gammas[place] if self.gammas else one, self.betas[place] if self.betas else 0

    @property
    def beats(self) -> int:
        """Beats of a row."""
        return -(-self.elements // self.lanes)

    @property
    def epsilon(self) -> Fraction:
        """``N^2 eps 4^Fx``."""
        return Fraction(repr(self.eps)) * self.elements**2 * 4**self.input_format.fraction_bits

    @cached_property
    def fine(self) -> int:
        """J."""
        return next(j for j in range(7) if 4**j * (1 + self.epsilon) >= 1 << 12)

    @property
    def added(self) -> int:
        """E."""
        return max(round(self.epsilon * 4**self.fine), 1)

    @property
    def square_width(self) -> int:
        """Bits of the sum of a row's squares."""
        return (self.elements * self.input_format.low**2).bit_length()

    @property
    def sum_width(self) -> int:
        """Bits of a row's sum, with its sign."""
        return self.input_format.width + self.elements.bit_length()

    @property
    def total_width(self) -> int:
        """Bits of T."""
        return ((self.elements**2 * self.input_format.low**2 << 2 * self.fine) + self.added).bit_length()

    @property
    def centred_width(self) -> int:
        """Bits of c, with its sign."""
        return self.sum_width + 1

    @property
    def lead(self) -> int:
        """Places that c r is moved to the left, so that what is left to move to the right is at least 1."""
        return max(1 - ((self.added.bit_length() - 1 >> 1) + VALUE_BITS - self.places - self.fine), 0)

    @property
    def z_width(self) -> int:
        """Bits of z: ``|c| <= sqrt(N T)``, and the table is less than four times too large."""
        return (4 * (isqrt(self.elements) + 1) << self.places).bit_length() + 2

    def derived_name(self) -> str:
        """``norm_KIND_INPUT_OUTPUT_nELEMENTS_xLANES_DIGEST``: constants have no shorter name."""
        formats = f"{self.input_format.identifier}_{self.output_format.identifier}"
        name = f"norm_{self.kind}_{formats}_n{self.elements}_x{self.lanes}"
        return "_".join([name, *self.reset_words, self.digest[:8]])
