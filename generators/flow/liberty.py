"""What a liberty file holds, as far as mapping must know: which cells store and which compute."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LIBRARY = re.compile(r"\blibrary\s*\(")
_CELL = re.compile(r"\bcell\s*\(\s*\"?([^\"\s)]+)\"?\s*\)")
_STORES = re.compile(r"\b(?:ff|ff_bank|latch|latch_bank|statetable)\s*\(")
_COMPUTES = re.compile(r"\bfunction\s*:")


@dataclass(frozen=True)
class Liberty:
    """One liberty file.

    Parameters
    ----------
    path : Path
        Where it is.
    text : str
        What it says (unpacked, where the file is gzip).
    sequential, combinational : frozenset of str
        Names of the cells that store a state, and of those that compute a function of their inputs.
    """

    path: Path
    text: str
    sequential: frozenset[str]
    combinational: frozenset[str]


def read_liberty(path: str | Path) -> Liberty:
    """Reads a liberty file, plain or gzip.

    Raises
    ------
    ValueError
        If it cannot be read, is no liberty file, or has no cells.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "not a whole gzip file"
        raise ValueError(f"liberty must be a file that can be read, not {str(path)!r} ({reason})") from None
    plain = _COMMENT.sub("", text)
    if not _LIBRARY.search(plain):
        raise ValueError(f"liberty must be a file with a library (...) group, not {str(path)!r}")
    found = list(_CELL.finditer(plain))
    if not found:
        raise ValueError(f"liberty must have at least one cell, not none ({path})")
    sequential, combinational = set(), set()
    for here, after in zip(found, [*found[1:], None], strict=True):
        body = plain[here.end() : after.start() if after else len(plain)]
        if _STORES.search(body):
            sequential.add(here[1])
        elif _COMPUTES.search(body):
            combinational.add(here[1])
    return Liberty(path, text, frozenset(sequential), frozenset(combinational))
