"""What a layer norm or RMS norm on the network is: that of the activation family, with its lanes at routers."""

from __future__ import annotations

from typing import ClassVar

from ...activation.config.norm import NormConfig
from .places import RowsOnNetworkConfig


class NocNormConfig(RowsOnNetworkConfig, NormConfig):
    """A norm whose numbers never leave the routers: sums run to the source, and the root comes back.

    What is computed are the equations of :class:`~nervure.hw.activation.config.norm.NormConfig`, whatever the network
    is: of each beat every router adds its numbers, and their squares; on the way to the source each adds its own to
    what comes from the routers behind it; the source makes the reciprocal root of a row, and sends it to all.

    Parameters
    ----------
    routers, topology, rows, hops, lanes
        As in :class:`~nervure.hw.noc.config.softmax.NocSoftmaxConfig`.
    kind, input, output, elements, eps, gamma, beta, gammas, betas, segments, slopes, biases
        As in :class:`~nervure.hw.activation.config.norm.NormConfig`.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "noc_norm"

    def check_asked(self) -> None:
        super().check_asked()
        self.check_shared()

    def derived_name(self) -> str:
        """``noc_norm_KIND_INPUT_OUTPUT_nELEMENTS_xLANES_rROUTERS_DIGEST``: constants have no shorter name."""
        formats = f"{self.input_format.identifier}_{self.output_format.identifier}"
        name = f"noc_norm_{self.kind}_{formats}_n{self.elements}_x{self.lanes}_r{self.routers}"
        return "_".join([name, *self.reset_words, self.digest[:8]])
