"""Boards for the snn family: so far each unit on its own at a board's clock (no pins, no host link)."""

from __future__ import annotations

from ..platforms import project

__all__ = ["project"]
