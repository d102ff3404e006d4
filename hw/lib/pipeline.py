"""Placement of pipeline registers: a parameter of the datapath, not a part of its description.

A datapath is described as a chain of combinational segments that end in named cuts. :func:`place` says which cuts
carry a register for a wanted latency, :class:`Pipeline` puts the registers there. Results do not depend on the
placement.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Signal, ValueLike

from .place import place

__all__ = ["Pipeline", "place"]


class Pipeline:
    """Puts registers at cuts.

    Parameters
    ----------
    m : Module
        Takes the registers.
    ranks : mapping of str to int
        Registers at each cut, as :func:`place` returns them.
    enable : Signal, sequence of Signal or None
        Common clock enable: low freezes every rank (a stall), so a beat is neither lost nor repeated. Or one for each
        rank, in the order of the cuts.
    """

    def __init__(self, m: Module, ranks: Mapping[str, int], enable: Signal | Sequence[Signal] | None = None):
        self.m = m
        self.ranks = ranks
        self.enable = enable
        self.depth = sum(ranks.values())

    def cut(self, name: str, signals: Mapping[str, ValueLike], prefix: str = "") -> dict[str, Signal]:
        """What is alive at this cut, delayed by the cut's registers; each parallel lane calls with its own prefix."""
        signals = dict(signals)
        for rank in range(self.ranks[name]):
            stage = f"{name}{rank}" if self.ranks[name] > 1 else name
            delayed = {}
            for key, value in signals.items():
                # Data needs no reset: validity is what is reset.
                register = Signal.like(value, name=f"{prefix}{stage}_{key}", reset_less=True)
                self._register(register, value, self._before(name) + rank)
                delayed[key] = register
            signals = delayed
        return signals  # pyright: ignore[reportReturnType]

    def _before(self, name: str) -> int:
        """Ranks before a cut."""
        names = list(self.ranks)
        return sum(self.ranks[earlier] for earlier in names[: names.index(name)])

    def _register(self, register: Signal, value: ValueLike, rank: int) -> None:
        enable = self.enable[rank] if isinstance(self.enable, Sequence) else self.enable
        if enable is None:
            self.m.d.sync += register.eq(value)
        else:
            with self.m.If(enable):
                self.m.d.sync += register.eq(value)
