"""The folder of real data; a trial on it fails where it is missing."""

from __future__ import annotations

import os
from pathlib import Path


def folder(name: str) -> Path:
    """A folder of NERVURE_DATA."""
    data = os.environ.get("NERVURE_DATA")
    assert data, "NERVURE_DATA must name the folder of real data (make regress sets it where ../shared/data is there)"
    path = Path(data) / name
    assert path.is_dir(), f"{path} must be a folder"
    return path
