"""Marks: what lies in tests/regress takes minutes or needs real data, and runs with `make regress` only."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = Path(__file__).parent / "regress"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if LONG in item.path.parents:
            item.add_marker("regress")
