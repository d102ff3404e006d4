"""What a vector unit with tables in memories is: where these are, and what else differs from constants."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .nova import NovaConfig
from .places import Router, routers


class StoresConfig(NovaConfig):
    """The functions of a :class:`~nervure.hw.noc.config.nova.NovaConfig` with tables in memories, in one of three
    places.

    The memories are written after every reset, a word a cycle; until then no beat is taken. So the same function on the
    same lanes costs what it costs to store tables that could be others.

    Parameters
    ----------
    organisation : str
        ``line``: one memory at the source, of a flit a word, sent past all. ``core``: one at every router, of a pair a
        word, read by each of its lanes at once. ``lane``: one at every lane.
    routers, topology, rows, hops, lanes, pairs, interval
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`; of ``core`` and ``lane`` lanes count alone.
    clock_multiple : int
        1.
    breakpoints : str
        ``local``.
    functions, domains, input, output, form, segments, symmetries, slope, bias, centres, knots, slopes, biases, reached
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`.
    limits, worst_inputs, stages, multiplier
        As in :class:`~nervure.hw.noc.config.nova.NovaConfig`.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "nova_stores"

    organisation: Literal["line", "core", "lane"] = Field("line", description="where tables are")

    def check_asked(self) -> None:
        super().check_asked()
        for key, only in (("clock_multiple", 1), ("breakpoints", "local")):
            if getattr(self, key) != only:
                raise ValueError(f"{key} must be {only} with tables in memories, not {getattr(self, key)}")

    def check_pace(self, count: int) -> None:
        if self.organisation == "line":
            super().check_pace(count)

    @property
    def stops(self) -> tuple[Router, ...]:
        """All routers; where tables are with lanes, none is further than another."""
        hops = self.hops if self.organisation == "line" else self.routers
        return routers(self.topology, self.routers, self.rows, hops)

    @property
    def slots(self) -> int:
        """Pairs that a lane chooses from: those of a flit, or all."""
        return min(self.pairs, self.count) if self.organisation == "line" else self.count

    @property
    def words(self) -> int:
        """Words of a memory: of every table as many flits or pairs as a power of two."""
        of_table = self.flits if self.organisation == "line" else self.count
        return 1 << ((of_table - 1).bit_length() + (len(self.slopes) - 1).bit_length())

    def derived_name(self) -> str:
        """``nova_stores_ORGANISATION_...``, else as of the unit ``nova``."""
        return super().derived_name().replace("nova", f"nova_stores_{self.organisation}", 1)
