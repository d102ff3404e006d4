"""README's tables are what the scripts print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nervure.generators.flow.tables import unit_table
from nervure.generators.mac.comparison import compare, density, table

README = Path(__file__).parent.parent.parent / "README.md"


def shown(script):
    """What README shows as the output of a script."""
    return README.read_text().split(f"<!-- {script} -->\n")[1].split("\n<!-- end -->")[0]


def test_the_table_of_the_mac_is_what_its_script_prints():
    assert shown("scripts/unit_table.py mac") == unit_table("mac").strip()


def test_the_comparison_is_what_its_script_prints():
    assert shown("scripts/compare_mac.py") == "\n".join([table(compare()), density()]).strip()


def test_the_table_of_activations_is_what_its_script_prints():
    printed = subprocess.run([sys.executable, "scripts/compare_activation.py"], cwd=README.parent, check=True,
                             capture_output=True, text=True).stdout  # fmt: skip
    assert shown("scripts/compare_activation.py") == printed.strip()
