"""What a softmax on the network is: that of the activation family, with its lanes at routers of a line."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ...activation.config.softmax import SoftmaxConfig
from .places import RowsOnNetworkConfig


class NocSoftmaxConfig(RowsOnNetworkConfig, SoftmaxConfig):
    """A softmax whose numbers never leave the routers: lines of 2^-f come to them, maxima and sums run to the source.

    What is computed are the equations of :class:`~nervure.hw.activation.config.softmax.SoftmaxConfig` with
    ``method=two_pass``, whatever the network is:

    - the source sends the lines of ``2^-f`` round after round, F = exp_segments / pairs flits each, and a lane keeps
      the one that its number asks for as it comes by;
    - of each beat every router makes the largest number of its lanes, and the sum of their powers; on the way to the
      source each joins its own to what comes from the routers behind it;
    - the source keeps a row's largest number, and its sum, of which it makes the reciprocal, and sends both to all.

    Parameters
    ----------
    routers : int
        Routers, R.
    topology, rows, hops
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`.
    lanes : int
        Numbers a beat, of all routers: 1 to 64, a multiple of R. Router r has the numbers from ``r lanes / R`` on.
    pairs : int
        Lines in a flit, a power of two. A beat takes F cycles; with F = 1 what is sent is always the same.
    input, output, length, exp_segments, sum_segments, exp_slopes, exp_biases, sum_slopes, sum_biases
        As in :class:`~nervure.hw.activation.config.softmax.SoftmaxConfig`.
    method : str
        ``two_pass``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "noc_softmax"

    pairs: int = Field(8, ge=1, le=64, description="lines in a flit")

    def check_asked(self) -> None:
        super().check_asked()
        self.check_shared()
        if self.method != "two_pass":
            raise ValueError(f"method must be two_pass on a network, not {self.method}")
        if self.pairs & (self.pairs - 1):
            raise ValueError(f"pairs must be a power of two, not {self.pairs}")

    @property
    def slots(self) -> int:
        """Lines that a flit really has: no more than there are."""
        return min(self.pairs, self.exp_segments)

    @property
    def flits(self) -> int:
        """Flits of the lines, F, and cycles of a beat."""
        return self.exp_segments // self.slots

    def derived_name(self) -> str:
        """``noc_softmax_INPUT_OUTPUT_xLANES_nLENGTH_rROUTERS_DIGEST``: tables have no shorter name."""
        formats = f"{self.input_format.identifier}_{self.output_format.identifier}"
        name = f"noc_softmax_{formats}_x{self.lanes}_n{self.length}_r{self.routers}"
        return "_".join([name, *self.reset_words, self.digest[:8]])
