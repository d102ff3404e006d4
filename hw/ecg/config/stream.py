"""What a classifier of a raw electrocardiogram is: a front end and a core that fit each other."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import model_validator

from . import EcgConfig
from .front import EcgFrontConfig


class EcgStreamConfig(EcgFrontConfig, EcgConfig):
    """Samples in; for each heartbeat its class, by how much its sum leads, and where its R peak is.

    The rows of :class:`~nervure.hw.ecg.config.front.EcgFrontConfig` are the inputs of
    :class:`~nervure.hw.ecg.config.EcgConfig`; ``steps`` is the T of both.

    Parameters
    ----------
    steps, before, after, stride, rr, memory
        As in :class:`~nervure.hw.ecg.config.front.EcgFrontConfig`; as many counts as ``widths`` has inputs.
    adc_bits, low, wide, slope, shift, window, settle, refractory, tall, learn
        As in :class:`~nervure.hw.ecg.config.peaks.PeaksConfig`.
    network, widths, weights, biases, thetas, weight_bits, weight_kinds, bias_bits, theta_bits
        As in :class:`~nervure.hw.ecg.config.EcgConfig`.
    accumulator, neuron, pes, storage, coding, gating, interface
        As in :class:`~nervure.hw.ecg.config.EcgConfig`; ``interface`` is ``stream``,
        and ``storage`` ``constants``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "ecg_stream"

    @model_validator(mode="after")
    def _joined(self) -> Self:
        if self.widths[0] != self.inputs:
            raise ValueError(f"widths must begin with the {self.inputs} counts of a row, not {self.widths[0]}")
        if self.interface != "stream":
            raise ValueError(f"interface must be stream where a front end feeds the core, not {self.interface}")
        if self.storage != "constants":
            raise ValueError(f"storage must be constants where a front end feeds the core, not {self.storage}")
        return self

    def derived_name(self) -> str:
        """``ecg_stream_NETWORK_DIGEST`` with the reset's words."""
        name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in self.network)
        return "_".join(["ecg_stream", name, *self.reset_words, self.digest[:8]])
