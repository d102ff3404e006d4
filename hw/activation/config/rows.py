"""Rows of so many numbers at most, that come in beats of so many lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING


class Rows:
    """What follows of a config's ``lanes`` and ``length``, the numbers of a beat and of the longest row."""

    if TYPE_CHECKING:
        lanes: int
        length: int

    @property
    def beats(self) -> int:
        """Beats of the longest row."""
        return -(-self.length // self.lanes)

    @property
    def elements(self) -> int:
        """Numbers of the longest row, in whole beats."""
        return self.beats * self.lanes
