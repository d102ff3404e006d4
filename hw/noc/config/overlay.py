"""What a vector unit behind another engine is: how wide that engine's numbers are, and how they become codes."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ...mac.config.gemv import GemvConfig
from .nova import NovaConfig


class OverlayConfig(NovaConfig):
    """A vector unit (:class:`~nervure.hw.noc.config.nova.NovaConfig`) behind any engine's output, or out of its way.

    A beat brings ``routers * lanes`` integers v of ``word`` bits with sign, and a mode::

        mode = 0:     data[l] = v[l]                                              status = 0
        mode > 0:     data[l] = y[l] of x[l] = floor(v[l] / 2^drop + 1/2), held to the input's codes, and table
                      min(mode, T) - 1                                            status = 1 where mode > T

    y is carried on to ``word`` bits, with its sign if it has one. Beats leave in the order in which they came.

    Parameters
    ----------
    word : int
        Bits of the engine's numbers, no fewer than the output's, at most 64.
    drop : int
        Bits of v below a step of the input's format, 0 to ``word``.
    routers, topology, rows, hops, lanes, pairs, interval, breakpoints, functions, domains, input, output, form
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`.
    clock_multiple : int
        1.
    segments, symmetries, slope, bias, centres, knots, slopes, biases, reached, limits, worst_inputs, stages, multiplier
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "overlay"

    word: int = Field(32, ge=2, le=64, description="bits of the engine's numbers")
    drop: int = Field(8, ge=0, le=64, description="bits of them below a step of x")

    def check_asked(self) -> None:
        super().check_asked()
        if self.word < self.output_format.width:
            raise ValueError(f"word must be at least the {self.output_format.width} bits of output, not {self.word}")
        if self.drop > self.word:
            raise ValueError(f"drop must be at most the {self.word} bits of word, not {self.drop}")
        if self.clock_multiple != 1:
            raise ValueError(f"clock_multiple must be 1 behind an engine, not {self.clock_multiple}")

    @property
    def nova(self) -> NovaConfig:
        """The vector unit."""
        return NovaConfig(**{key: value for key, value in self if key in NovaConfig.model_fields and key != "module"})

    @property
    def mode_width(self) -> int:
        """Bits of the mode: there is always one that is out of range."""
        return (len(self.slopes) + 1).bit_length()

    def derived_name(self) -> str:
        """``overlay_...``, else as of the unit ``nova``."""
        return super().derived_name().replace("nova", self.unit, 1)


class GemvOverlayConfig(OverlayConfig):
    """A matrix-vector engine of integers (:class:`~nervure.hw.mac.config.gemv.GemvConfig`), and an overlay behind it.

    The engine has a multiplier for each lane of the overlay: sums of 8-bit products in ``word`` = 32 bits. A beat of
    the engine that completes sums brings the mode with which they go through the overlay.

    Parameters
    ----------
    groups, columns, engine_latency : int
        ``groups``, ``depth`` and ``latency`` of the engine.
    word : int
        32.
    drop, routers, topology, rows, hops, lanes, pairs, interval, breakpoints, functions, domains, input, output, form
        As in :class:`OverlayConfig`.
    clock_multiple, segments, symmetries, slope, bias, centres, knots, slopes, biases, reached, limits, worst_inputs
        As in :class:`OverlayConfig`.
    stages, multiplier
        As in :class:`OverlayConfig`.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "gemv_overlay"

    groups: int = Field(8, ge=1, le=256, description="groups of rows of the engine")
    columns: int = Field(16, ge=2, le=4096, description="columns in each half of its buffer")
    engine_latency: int = Field(5, ge=3, le=9, description="cycles from a beat to its sums")

    def check_asked(self) -> None:
        super().check_asked()
        if self.word != 32:
            raise ValueError(f"word must be 32, as the engine's sums are, not {self.word}")
        assert self.gemv  # it is checked as it is made

    @property
    def gemv(self) -> GemvConfig:
        """The engine."""
        fields: dict[str, Any] = {
            "a": "int8", "b": "int8", "acc": "int32", "lanes_a": 1, "units": self.width, "groups": self.groups,
            "depth": self.columns, "latency": self.engine_latency, "reset": self.reset,
            "reset_active": self.reset_active,
        }  # fmt: skip
        return GemvConfig(**fields)

    @property
    def overlay(self) -> OverlayConfig:
        """What is behind it."""
        return OverlayConfig(**{key: value for key, value in self if key in OverlayConfig.model_fields
                                and key != "module"})  # fmt: skip
