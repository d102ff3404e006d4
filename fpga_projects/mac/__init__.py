"""Boards for the mac family: so far each unit on its own at a board's clock (no pins, no host link)."""

from __future__ import annotations

from ...verif.artifact import Artifact
from ..platforms import get_platform, out_of_context


def project(artifact: Artifact, board: str) -> dict[str, str]:
    """Files that a board's tool needs beside the Verilog: name to text.

    Raises
    ------
    ConfigError
        If the board is unknown.
    """
    return out_of_context(artifact, get_platform(board))
