"""The house: floors look down, every family has a room on each floor, documentation says what the code does."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from nervure.generators.registry import UNITS, load

ROOT = Path(__file__).parent.parent
FLOORS = ["hw", "golden", "verif", "generators", "fpga_projects"]
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Dotted names, from the repository's root, of the library's own modules that a file imports."""
    package = path.relative_to(ROOT).parent.parts
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            found += [".".join([*base, *([node.module] if node.module else []), alias.name]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_floors_look_only_down(path):
    floor = path.relative_to(ROOT).parts[0]
    for name in imports(path):
        top = name.split(".")[0]
        assert top != "nervure", f"{path.name} imports {name}: inside the library imports are relative"
        if top in FLOORS:
            assert FLOORS.index(top) <= FLOORS.index(floor), f"{floor} must not look up to {name}"
        if floor == "verif" and top == "hw":
            assert "amaranth" not in name
            assert name.split(".")[1] in ("formats", "config") or ".config." in name, f"verif sees configs, not {name}"
        if floor == "golden" and top == "hw":
            assert name.split(".")[1] in ("formats", "config") or ".config." in name, f"golden sees configs, not {name}"
        if floor in ("golden", "verif"):
            assert top != "amaranth", f"{path.name} sees Verilog and manifest, not circuits"
        if floor == "hw":
            assert top != "torch"


@pytest.mark.parametrize("config", [unit.config for unit in UNITS.values()])
def test_a_config_loads_neither_torch_nor_amaranth(config):
    module = config.split(":")[0]
    code = f"import {module}, sys; sys.exit(any(m in sys.modules for m in ('torch', 'amaranth')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_family_has_a_room_on_every_floor():
    for name, unit in UNITS.items():
        family = unit.config.split(".")[2]
        # A room is a file, or a folder where a family has several units.
        rooms = [f"hw/{family}/config", *(f"{floor}/{family}" for floor in FLOORS)]
        assert [room for room in rooms if not ((ROOT / room).is_dir() or (ROOT / f"{room}.py").is_file())] == [], name


def test_every_package_is_listed_for_the_wheel():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = [path.parent.relative_to(ROOT) for path in SOURCES if path.name == "__init__.py"]
    there = {".".join(["nervure", *folder.parts]) for folder in folders}
    assert set(listed) == there


@pytest.mark.parametrize("unit", UNITS.values(), ids=lambda unit: unit.name)
def test_config_documents_its_parameters(unit):
    config = load(unit.config)
    text = inspect.getdoc(config)
    section = text.split("Parameters\n----------\n")[1]
    lines = re.findall(r"^(\w[\w, ]*?)(?: :.*)?$", section, re.M)
    documented = {name.strip() for line in lines for name in line.split(",")}
    assert documented == set(config.model_fields)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_small_and_public_things_documented(path):
    text = path.read_text()
    # The cocotb kit is exported as one stand-alone file.
    limit = 400 if path.name == "bench.py" else 300
    assert len(text.splitlines()) <= limit, "two rooms would be clearer"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
