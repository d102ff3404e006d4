"""What an R-peak detector is: filters of integers, two thresholds that follow signal and noise, search-back."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ...config import Config

MOST_ENERGY = (1 << 20) - 1
"""The most that one sample adds to an energy."""


class PeaksConfig(Config):
    """R peaks of a stream of samples, by integers only, after Pan and Tompkins (IEEE TBME 32, 1985).

    For each sample x[n] (before the first stands the first), with right shifts that round down:

        l[n] = sum of x[n - k], m[n] = sum of l[n - k], over 0 <= k < low                     (a low-pass)
        b[n] = (m[n - wide] (2 wide + 1) - sum of m[n - k] over 0 <= k <= 2 wide) >> shift    (less its mean)
        d[n] = b[n] - b[n - slope]
        e[n] = min(d[n]^2 >> 6, 2^20 - 1)
        y[n] = sum of e[n - k] over 0 <= k < window

    A *peak* is a sample p with ``y[p] >= y[p + k]`` for ``1 <= k <= settle``: the first one, and then the first from
    ``p + settle + 1`` on. It is judged at sample ``p + settle``, from sample ``learn`` on. S and N start as
    ``max(y) // 3`` and ``sum(y) // (8 learn)`` of the first ``learn`` samples, the mean interval I as 288. With
    v = y[p], and q the last beat's peak (none at first; ``-refractory`` then):

    1. Where ``p - q < refractory``, nothing happens.
    2. Where a peak is kept and ``p - q > I + (I >> 1) + (I >> 3)``: if for the kept one, y = u,
       ``2 u > N + ((S - N) >> 2)`` and it lies at least ``refractory`` after q, then ``S += (min(u, 4 S) - S) >> 2``
       and it is a beat (search-back); otherwise ``S -= S >> 4``. Rule 1 follows again.
    3. ``t = N + ((S - N) >> 2)``, twice that where a beat was less than ``tall`` before. If ``v > t``,
       ``S += (min(v, 4 S) - S) >> 3`` and p is a beat; otherwise ``N += (v - N) >> 3``, and p is kept if v is greater
       than what is kept (0 if nothing).

    A beat at p sets, but for the first, ``I += (min(p - q, 2 I) - I) >> 3``; q = p; and nothing is kept any more. Its R
    peak is ``k - (low - 1 + wide)``, at least 0, where ``|b[k]|`` is the first greatest of ``p - window <= k <= p``.

    Parameters
    ----------
    adc_bits : int
        Bits of a sample (unsigned), 4 to 16.
    low : int
        Samples of each moving sum of the low-pass, 2 to 32.
    wide : int
        The high-pass's mean is of twice as many samples and one, 4 to 128.
    slope : int
        Samples between the ends of a slope, 1 to 8.
    shift : int
        Right shift of the band-passed wave, 0 to 15.
    window : int
        Samples of the moving sum of energy, 8 to 128.
    settle : int
        Samples after which a peak is one, 4 to 128.
    refractory : int
        Least samples between beats, 8 to 255.
    tall : int
        Samples after a beat in which the threshold is twice as high, 8 to 255.
    learn : int
        Samples that the first thresholds are made of, 64 to 2048: beats there are not found.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "ecg_peaks"

    adc_bits: int = Field(11, ge=4, le=16, description="bits of a sample")
    low: int = Field(8, ge=2, le=32, description="samples of each moving sum of the low-pass")
    wide: int = Field(32, ge=4, le=128, description="half the samples of the high-pass's mean")
    slope: int = Field(3, ge=1, le=8, description="samples between the ends of a slope")
    shift: int = Field(8, ge=0, le=15, description="right shift of the band-passed wave")
    window: int = Field(48, ge=8, le=128, description="samples of the moving sum of energy")
    settle: int = Field(36, ge=4, le=128, description="samples after which a peak is one")
    refractory: int = Field(72, ge=8, le=255, description="least samples between beats")
    tall: int = Field(130, ge=8, le=255, description="samples after a beat in which the threshold is twice as high")
    learn: int = Field(720, ge=64, le=2048, description="samples that the first thresholds are made of")

    @property
    def delay(self) -> int:
        """Samples by which the band-passed wave lags."""
        return self.low - 1 + self.wide

    def derived_name(self) -> str:
        """``ecg_peaks_DIGEST``."""
        return "_".join(["ecg_peaks", *self.reset_words, self.digest[:8]])
