"""Finding tools: the system's Verilator if the user asks, and one sentence where something is missing."""

from __future__ import annotations

import pytest
from nervure.verif import tools


def fake_verilator(folder, printed):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "verilator").write_text(f'print "{printed}\\n";\n')
    return folder


def test_a_system_verilator_is_taken_if_asked_for(tmp_path, monkeypatch):
    root = fake_verilator(tmp_path / "new", "Verilator 5.040 2025-08-30")
    monkeypatch.setenv("NERVURE_VERILATOR", str(root))
    command, environment = tools.verilator()
    assert command == ["perl", str(root / "bin" / "verilator")]
    assert environment["VERILATOR_ROOT"] == str(root)


def test_an_old_system_verilator_is_refused(tmp_path, monkeypatch):
    root = fake_verilator(tmp_path / "old", "Verilator 5.006 2023-01-22")
    monkeypatch.setenv("NERVURE_VERILATOR", str(root))
    with pytest.raises(tools.ToolMissing) as refusal:
        tools.verilator()
    assert str(refusal.value) == f"NERVURE_VERILATOR must be Verilator 5.036 or newer, not Verilator 5.006 ({root})"


def test_no_verilator_where_it_was_said_to_be(monkeypatch):
    monkeypatch.setenv("NERVURE_VERILATOR", "/nowhere")
    with pytest.raises(tools.ToolMissing) as refusal:
        tools.verilator()
    assert str(refusal.value) == "NERVURE_VERILATOR must be a folder with bin/verilator, not '/nowhere'"


@pytest.mark.parametrize("tool", ["perl", "make", "g++"])
def test_a_missing_program_is_named(tmp_path, monkeypatch, tool):
    for name in {"perl", "make", "g++"} - {tool}:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(tools.ToolMissing, match=rf"^{tool.replace('+', '[+]')} is missing; "):
        tools.verilator()


def test_a_failing_yosys_script_says_why():
    with pytest.raises(tools.ToolFailed, match=r"(?s)^\w+ failed with code \d+: .*nowhere\.v"):
        tools.yosys("read_verilog nowhere.v")
