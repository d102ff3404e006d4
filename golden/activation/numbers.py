"""Codes and numbers of activation units: what a code stands for, onto which integer a float comes, and from a sum."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...hw.activation.config import ActivationConfig
from ...hw.activation.config.formats import parse_domain
from .. import exact
from ..mac.cast import to_integer


def signed(codes: Tensor, width: int, is_signed: bool = True) -> Tensor:
    """The integers that codes of that width stand for."""
    codes = codes.to(torch.int64) & ((1 << width) - 1)
    return codes - ((codes >> (width - 1) & 1) << width) if is_signed else codes


def operand(config: ActivationConfig, x: Tensor) -> tuple[Tensor, Tensor]:
    """The integers of codes of x, before they are held to the domain, and whether a code is no number.

    A float gives the nearest integer of the grid, ties to the even one; what is beyond the grid gives its end.
    """
    fmt = config.input_format
    if config.float_input is None:
        numbers = signed(x, fmt.width, fmt.signed)
        return numbers, torch.zeros_like(numbers, dtype=torch.bool)
    number = exact.decode(x, config.float_input)
    whole, beyond = to_integer(replace(number, exponent=number.exponent + fmt.fraction_bits), "rne")
    end = torch.where(number.sign, fmt.low, fmt.high)
    whole = torch.where(beyond | number.inf, end, whole.clamp(fmt.low, fmt.high))
    return torch.where(number.nan, 0, whole), number.nan


def held(config: ActivationConfig, numbers: Tensor) -> Tensor:
    """Integers of x, held to those of the domain."""
    return numbers.clamp(*config.codes)


def to_float(config: ActivationConfig, v: Tensor) -> Tensor:
    """Codes of the float output nearest to the sums v, in units of ``2^-F``."""
    assert config.float_output is not None
    never = torch.zeros_like(v, dtype=torch.bool)
    number = exact.Real(v < 0, v.abs(), torch.full_like(v, -config.fraction_bits), never, never)
    return exact.encode(number, config.float_output, saturate=True)


def above(config: ActivationConfig, x: Tensor) -> Tensor:
    """Whether codes of x give themselves."""
    if config.float_input is None or config.above == "held":
        return torch.zeros_like(x, dtype=torch.bool)
    return exact.to_float64(exact.decode(x, config.float_input)) > float(parse_domain(config.domain)[1])


def inputs(config: ActivationConfig) -> tuple[Tensor, Tensor]:
    """Codes of x by rising numbers, and these numbers (float64, exact): all inside the domain; finite ones above it too
    if they give themselves."""
    if config.float_input is None:
        low, high = config.codes
        codes = torch.arange(low, high + 1)
        return codes, codes.to(torch.float64) * float(config.input_format.lsb)
    low, high = (float(end) for end in parse_domain(config.domain))
    codes = torch.arange(1 << config.input_width)
    numbers = exact.to_float64(exact.decode(codes, config.float_input))
    wanted = (numbers >= low) & (numbers <= (high if config.above == "held" else torch.finfo(torch.float64).max))
    codes, numbers = codes[wanted], numbers[wanted]  # NaN is not
    order = torch.argsort(numbers, stable=True)
    return codes[order], numbers[order]


def results(config: ActivationConfig, y: Tensor) -> Tensor:
    """The numbers that codes of y stand for, in float64."""
    if config.float_output is not None:
        return exact.to_float64(exact.decode(y, config.float_output))
    fmt = config.output_format
    return signed(y, fmt.width, fmt.signed).to(torch.float64) * float(fmt.lsb)
