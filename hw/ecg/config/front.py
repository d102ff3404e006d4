"""What a heartbeat classifier is fed: the window of a beat in counts, and intervals between beats.

:class:`FrontConfig` says what the counts are, :class:`EcgFrontConfig` adds the detector that finds the beats.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from .peaks import MOST_ENERGY, PeaksConfig

LONGEST = 1023
"""An interval between beats, in samples, is counted up to this (2.8 s at 360 Hz)."""
USUAL = 288
"""The mean interval before the first one is known, in samples (0.8 s at 360 Hz)."""
POSITION = 32
"""Bits of a sample's number in its record."""


class FrontConfig(Config):
    """The way from samples of an electrocardiogram to the inputs of :class:`~nervure.hw.ecg.config.EcgConfig`.

    The window of a beat whose R peak is sample r holds the samples ``x[r + stride k]`` for every integer k with
    ``-before <= stride k < after``. With lo and hi the least and greatest of them, sample x becomes the count

        n = floor((2 T (x - lo) + hi - lo) / (2 (hi - lo)))

    which is ``T (x - lo) / (hi - lo)`` to the nearest, halves up; where ``hi = lo`` (a flat line) every count is 0.

    With ``rr = 4``, four counts follow. Intervals p (from the beat before) and q (to the beat after) are in samples,
    at most 1023. M is eight times a running mean, ``M <- M + p - (M >> 3)``, and m is ``M >> 3`` before p joins it.
    Before the first interval ``M = 8 * 288``; the first beat has ``p = m``, the last ``q = m``. With b the bits of T:

        clip(h + ((p - m) >> (8 - b)), 0, T), and the same of q - m, and of q - p, where h = (T + 1) >> 1
        clip(p >> (9 - b), 0, T)

    Parameters
    ----------
    steps : int
        T, the largest count, 1 to 63.
    before, after : int
        Samples of the window before the R peak, and from it on, 1 to 512.
    stride : int
        Every so many samples of the window one is kept, the R peak always, 1 to 16.
    rr : int
        Counts made of intervals: 0 or 4.
    adc_bits : int
        Bits of a sample (unsigned), 4 to 16.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "ecg_counts"

    steps: int = Field(15, ge=1, le=63, description="largest count")
    before: int = Field(90, ge=1, le=512, description="samples before the R peak")
    after: int = Field(90, ge=1, le=512, description="samples from the R peak on")
    stride: int = Field(1, ge=1, le=16, description="one of so many samples is kept")
    rr: Literal[0, 4] = Field(0, description="counts made of intervals between beats")
    adc_bits: int = Field(11, ge=4, le=16, description="bits of a sample")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.stride > min(self.before, self.after):
            raise ValueError(f"stride must be at most before ({self.before}) and after ({self.after}), "
                             f"not {self.stride}")  # fmt: skip
        return self

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Samples kept, from the R peak."""
        return tuple(range(-(self.before // self.stride) * self.stride, self.after, self.stride))

    @property
    def inputs(self) -> int:
        """Counts of a beat."""
        return len(self.offsets) + self.rr

    @property
    def count_width(self) -> int:
        """Bits of a count."""
        return self.steps.bit_length()

    def derived_name(self) -> str:
        """``ecg_front_tSTEPS_wBEFORE_AFTER_sSTRIDE`` with ``_rr`` and the reset's words."""
        words = [*(["rr"] if self.rr else []), *self.reset_words]
        return "_".join([f"ecg_front_t{self.steps}_w{self.before}_{self.after}_s{self.stride}", *words])


class EcgFrontConfig(FrontConfig, PeaksConfig):
    """The way from a stream of samples to rows of counts, a row a heartbeat: R peaks, windows, intervals.

    R peaks are those of :class:`~nervure.hw.ecg.config.peaks.PeaksConfig`, rows those of :class:`FrontConfig`, both of
    one record; a sample with ``last`` ends a record, and the next one begins another of which nothing is known. R peaks
    become rows in order, but for those whose windows leave the record, and those whose windows begin ``memory`` or
    more samples before the sample at which they are judged (old peaks, found by search-back): both count for intervals.
    A row is there as soon as its window is whole and, with ``rr = 4``, the beat after it is found or the record ends.
    Positions are numbers of samples from 0, in records of fewer than 2^31 samples.

    Parameters
    ----------
    steps, before, after, stride, rr
        As in :class:`FrontConfig`.
    adc_bits, low, wide, slope, shift, window, settle, refractory, tall, learn
        As in :class:`~nervure.hw.ecg.config.peaks.PeaksConfig`. ``after`` is at most ``2 settle + low + wide + 1``,
        so that the window of a beat is whole before another is found, and ``refractory`` is more than ``window``, so
        that R peaks rise.
    memory : int
        Last samples that are kept, a power of two, 64 to 16384: at least ``before + after`` and
        ``before + window + settle + low + wide``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "ecg_front"

    memory: int = Field(2048, ge=64, le=16384, description="last samples that are kept")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        longest, reach = 2 * self.settle + self.low + self.wide + 1, self.before + self.window + self.settle
        least = max(self.before + self.after, reach + self.low + self.wide)
        if self.after > longest:
            raise ValueError(f"after must be at most 2 settle + low + wide + 1 = {longest}, not {self.after}")
        if self.refractory <= self.window:
            raise ValueError(f"refractory must be more than window ({self.window}), not {self.refractory}")
        if self.memory & (self.memory - 1) or self.memory < least:
            raise ValueError(f"memory must be a power of two and at least {least}, not {self.memory}")
        return self

    @property
    def energy_width(self) -> int:
        """Bits of an energy y."""
        return (self.window * MOST_ENERGY).bit_length()

    @property
    def division_cycles(self) -> int:
        """Cycles in which the first thresholds are made, once a record: two divisions, a bit a cycle."""
        return 2 * (self.energy_width + self.learn.bit_length() + 2)

    @property
    def judging_cycles(self) -> int:
        """Cycles that a judged peak adds to its sample: a look back for R, and the rules."""
        return self.window + 4

    @property
    def row_cycles(self) -> int:
        """Cycles that a window's counts take: one look at all samples, then a count's bits one a cycle."""
        kept = len(self.offsets)
        return kept + 2 + kept * (self.count_width + 3)

    def derived_name(self) -> str:
        """``ecg_front_tSTEPS_wBEFORE_AFTER_sSTRIDE_DIGEST`` with ``_rr`` and the reset's words."""
        return f"{super().derived_name()}_{self.digest[:8]}"
