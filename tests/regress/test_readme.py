"""README's tables are what the scripts print."""

from __future__ import annotations

from pathlib import Path

from nervure.generators.flow.tables import unit_table

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_table_of_the_mac_is_what_its_script_prints():
    shown = README.read_text().split("<!-- scripts/unit_table.py mac -->\n")[1].split("\n<!-- end -->")[0]
    assert shown == unit_table("mac").strip()
