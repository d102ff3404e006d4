"""Model files are not trusted: names become identifiers, sizes have limits."""

from __future__ import annotations

import re
from pathlib import Path

from ...hw.config import _VERILOG_KEYWORDS, ConfigError

MAX_FILE = 256 << 20
MAX_NUMBERS = 1 << 25
"""Numbers of all tensors of a model."""


class Names:
    """Identifiers for the names of a model's nodes, each one once."""

    def __init__(self) -> None:
        self.taken = {"input", "output"}

    def of(self, name: str, kind: str) -> str:
        """A legal Verilog identifier like the name: other signs become ``_``, digits and keywords get the kind."""
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:48].strip("_")
        if not plain or plain[0].isdigit() or plain in _VERILOG_KEYWORDS or plain in ("input", "output"):
            plain = f"{kind.lower()}_{plain}".rstrip("_")
        found, count = plain, 1
        while found in self.taken:
            count += 1
            found = f"{plain}_{count}"
        self.taken.add(found)
        return found


def readable(path: str | Path) -> Path:
    """The path, if a file of bearable size is there.

    Raises
    ------
    ConfigError
        If not.
    """
    found = Path(path)
    if not found.is_file():
        raise ConfigError(f"model file must be there, not {str(path)!r}")
    if (size := found.stat().st_size) > MAX_FILE:
        raise ConfigError(f"model file must have at most {MAX_FILE} bytes, not {size} ({path})")
    return found
