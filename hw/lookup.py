"""Names that users give: what they name in a table, or one sentence about a name that is in none."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

Named = TypeVar("Named")


def unknown(kind: str, name: str, names: Iterable[str], of: str = "") -> str:
    """The sentence about an unknown name, which suggests the nearest known one, or lists all.

    Parameters
    ----------
    kind : str
        What it would be the name of: ``format``.
    name : str
    names : iterable of str
        The known ones.
    of : str
        What these belong to, where that is not plain: ``mac``.
    """
    names = list(names)
    close = difflib.get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.5)
    known = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
    return f"unknown {kind} {name!r}{f' for {of}' if of else ''}; {known}"


def find(kind: str, name: str, table: Mapping[str, Named],
         error: Callable[[str], Exception] = ValueError) -> Named:  # fmt: skip
    """The entry of that name.

    Parameters
    ----------
    kind : str
        What the table holds: ``format``.
    name : str
    table : mapping
    error : callable
        Makes the exception of :func:`unknown`'s sentence that is raised if there is none.
    """
    if name not in table:
        raise error(unknown(kind, name, table))
    return table[name]
