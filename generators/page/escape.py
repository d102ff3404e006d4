"""Names that users and other tools chose, written into HTML, Tcl and XDC so that they stay names."""

from __future__ import annotations

from html import escape

_TCL_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:+-=,@%")
_GLOB = frozenset("*?[]\\")


def html(text: str) -> str:
    """The text for HTML, between tags or in a quoted attribute; what a page cannot hold is U+FFFD.

    That is: control characters other than tab and line ends (HTML calls them an error), and halves of surrogate pairs
    (which UTF-8 cannot write).
    """
    return escape("".join(c if _shown(c) else "\N{REPLACEMENT CHARACTER}" for c in text))


def tcl(text: str) -> str:
    """One word of a Tcl command that stands for the text: nothing in it is substituted, and it ends no command.

    Raises
    ------
    ValueError
        If the text holds what Tcl has no escape for in all versions: a character beyond U+FFFF.
    """
    if any(ord(c) > 0xFFFF for c in text):
        raise ValueError(f"name must be of characters up to U+FFFF for Tcl, not {text!r}")
    return "".join(c if c in _TCL_PLAIN else _tcl_escaped(c) for c in text) or "{}"


def xdc(name: str) -> str:
    """One word for ``get_ports``, ``get_cells`` and ``get_nets`` of XDC and SDC that matches this name alone.

    These take a list of patterns: the name is escaped as a pattern, that as a member of a list, that as a word.

    Raises
    ------
    ValueError
        As :func:`tcl`.
    """
    dash = "\\" if name.startswith("-") else ""  # else it would be taken for an option
    return tcl(tcl(dash + "".join(f"\\{c}" if c in _GLOB else c for c in name)))


def _shown(c: str) -> bool:
    return c in "\t\n\r" or not (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) <= 0xDFFF)


def _tcl_escaped(c: str) -> str:
    # A backslash before a line end or a letter means something else, so that only ASCII's signs go by themselves.
    return f"\\{c}" if c.isascii() and c.isprintable() else f"\\u{ord(c):04x}"
