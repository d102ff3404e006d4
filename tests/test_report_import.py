"""Reports of other tools: figures of real files, and one sentence for a file that is not whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.reports.read import read_reports
from nervure.generators.reports.schema import Report, ReportError
from nervure.generators.reports.table import difference, rows_of, write_table
from nervure.verif.tools import yosys

DATA = Path(__file__).parent / "data" / "reports"
HEAD = "| Tool Version : Vivado v.2024.1 (lin64)\n| Command      : {}\n| Design       : top\n| Device       : x\n\n"
HIERARCHY = HEAD.format("report_utilization -hierarchical") + """Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

+----------+--------+------------+------------+---------+------+-----+--------+--------+------+------------+
| Instance | Module | Total LUTs | Logic LUTs | LUTRAMs | SRLs | FFs | RAMB36 | RAMB18 | URAM | DSP Blocks |
+----------+--------+------------+------------+---------+------+-----+--------+--------+------+------------+
| top      |  (top) |         12 |          9 |       2 |    1 |  20 |      1 |      1 |    0 |          3 |
|   (top)  |  (top) |          2 |          2 |       0 |    0 |   0 |      0 |      0 |    0 |          0 |
|   core   |   unit |         10 |          7 |       2 |    1 |  20 |      1 |      1 |    0 |          3 |
|     mul  |    mul |          4 |          4 |       0 |    0 |   5 |      0 |      0 |    0 |          3 |
+----------+--------+------------+------------+---------+------+-----+--------+--------+------+------------+
"""
POWER = HEAD.format("report_power") + """Table of Contents
-----------------
1. Summary
1.1 On-Chip Components

1. Summary
----------

+--------------------------+-------+
| Total On-Chip Power (W)  | 0.523 |
| Dynamic (W)              | 0.073 |
| Device Static (W)        | 0.450 |
+--------------------------+-------+

1.1 On-Chip Components
----------------------

+--------------+-----------+------+
| On-Chip      | Power (W) | Used |
+--------------+-----------+------+
| Clocks       |     0.010 |    1 |
| Signals      |    <0.001 |   99 |
| Static Power |     0.450 |      |
| Total        |     0.523 |      |
+--------------+-----------+------+
"""
STA = """Group                  Internal  Switching    Leakage      Total
                          Power      Power      Power      Power (Watts)
----------------------------------------------------------------
Sequential             3.00e-04   1.00e-04   2.00e-10   4.00e-04  80.0%
Combinational          4.00e-05   6.00e-05   1.00e-10   1.00e-04  20.0%
----------------------------------------------------------------
Total                  3.40e-04   1.60e-04   3.00e-10   5.00e-04 100.0%
"""
SAIF = r"""(SAIFILE (SAIFVERSION "2.0") (PROGRAM_NAME "Verilator") (VERSION "5.048") (DIVIDER / ) (TIMESCALE 1ps)
(DURATION 1000) (INSTANCE top (NET (clk (T0 500) (T1 500) (TX 0) (TC 100)) (d\[0\] (T0 9) (T1 991) (TX 0) (TC 3)))
(INSTANCE core (NET (q (T0 1) (T1 999) (TX 0) (TC 7)))) (INSTANCE empty)))
"""
NEXTPNR = {"fmax": {"clk": {"achieved": 80.0, "constraint": 100.0}, "fast": {"achieved": 200.0, "constraint": 125.0}},
           "utilization": {"TRELLIS_COMB": {"used": 40, "available": 100}, "TRELLIS_FF": {"used": 8, "available": 9},
                           "MULT18X18D": {"used": 1, "available": 156}, "DP16KD": {"used": 0, "available": 9}},
           }  # fmt: skip


def given(tmp_path: Path, text: str) -> Path:
    """The text as a file."""
    file = tmp_path / "some.rpt"
    file.write_text(text)
    return file


def one(file: Path) -> Report:
    """The only report of a file."""
    (report,) = read_reports(file)
    return report


def said(report: Report, *names: str) -> tuple[object, ...]:
    """Those of a report's values."""
    return tuple(getattr(report, name) for name in names)


def test_sample_reports_of_vivado():
    report = one(DATA / "vivado_utilization.rpt")
    assert said(report, "tool", "version", "device", "top") == ("vivado", "2019.2", "xcku3pffva676-2", "top")
    assert said(report, "lut", "ff", "dsp", "bram", "uram", "fmax_mhz", "power") == (999, 920, 0, 0, 0, None, None)
    assert report.luts == {"logic": 944, "distributed_ram": 48, "shift_register": 7}
    report = one(DATA / "vivado_timing.rpt")
    assert said(report, "slack_ns", "hold_slack_ns", "lut", "ff") == (0.184, 0.033, None, None)
    assert report.fmax_mhz == pytest.approx(1000 / (5 - 0.184))


def test_sample_reports_of_quartus():
    report = one(DATA / "quartus_cyclone4.fit.rpt")
    assert said(report, "version", "device") == ("18.1.0", "EP4CE22F17C6")
    assert said(report, "lut", "ff", "dsp", "bram") == (1584, 649, 0, None)
    report = one(DATA / "quartus_cyclone5.fit.rpt")
    assert said(report, "lut", "ff", "dsp", "bram") == (None, 3821, 4, 87) and report.luts == {"alm": 2825}


def test_hierarchy_of_vivado(tmp_path):
    report = one(given(tmp_path, HIERARCHY))
    assert said(report, "kind", "lut", "ff", "dsp", "bram", "uram") == ("vivado_hierarchy", 12, 20, 3, 1.5, 0)
    assert report.luts == {"logic": 9, "distributed_ram": 2, "shift_register": 1}
    assert [(m.path, m.module, m.lut) for m in report.modules] == [
        ("top", "(top)", 12), ("top/core", "unit", 10), ("top/core/mul", "mul", 4)]  # fmt: skip


def test_power_of_vivado_and_opensta(tmp_path):
    power = one(given(tmp_path, POWER)).power
    assert power and (power.total, power.dynamic, power.static) == (0.523, 0.073, 0.45)
    assert power.by_class == {"Clocks": 0.01, "Signals": None}  # a bound is no figure
    power = one(given(tmp_path, STA)).power
    assert power and (power.total, power.static) == (5e-4, 3e-10) and power.dynamic == pytest.approx(5e-4)
    assert power.by_class == {"Sequential": 4e-4, "Combinational": 1e-4}


def test_toggles_of_saif(tmp_path):
    report = one(given(tmp_path, SAIF))
    assert said(report, "tool", "version", "top", "toggles") == ("verilator", "5.048", "top", 110)
    assert report.duration == pytest.approx(1e-9)
    assert [(m.path, m.toggles) for m in report.modules] == [("top", 103), ("top/core", 7), ("top/empty", None)]


def test_clocks_and_cells_of_nextpnr(tmp_path):
    report = one(given(tmp_path, json.dumps(NEXTPNR)))
    assert said(report, "device", "lut", "ff", "dsp", "bram", "fmax_mhz", "slack_ns", "version") == (
        "ecp5", 40, 8, 1, 0, 80.0, -2.5, None)  # fmt: skip
    ice40 = {"fmax": {}, "utilization": {"ICESTORM_LC": {"used": 5, "available": 9}}}
    report = one(given(tmp_path, json.dumps(ice40)))
    assert said(report, "lut", "ff", "bram", "fmax_mhz") == (None, None, None, None)
    assert report.luts == {"ICESTORM_LC": 5}


def test_statistics_that_yosys_writes_here(tmp_path):
    source = "module sub(input c, input [3:0] d, output reg [3:0] q); always @(posedge c) q <= d ^ q; endmodule\n"
    top = "module top(input c, input [3:0] d, output [3:0] q); sub s(c, d, q); endmodule\n"
    (tmp_path / "design.v").write_text(source + top)
    yosys("read_verilog design.v\nsynth_ecp5 -noflatten -top top\ndelete t:$scopeinfo\ntee -q -o s.json stat -json",
          cwd=tmp_path)  # fmt: skip
    report = one(tmp_path / "s.json")
    assert said(report, "tool", "device", "top", "lut", "ff", "dsp", "uram") == ("yosys", "ecp5", "top", 4, 4, 0, None)
    assert {m.path: m.ff for m in report.modules} == {"sub": 4, "top": 0}


WHOLE = {"hierarchy": HIERARCHY, "power": POWER, "sta": STA, "saif": SAIF, "nextpnr": json.dumps(NEXTPNR),
         **{name: (DATA / f"{name}.rpt").read_text() for name in ("vivado_utilization", "vivado_timing",
            "quartus_cyclone4.fit")}}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_is_cut_off_gives_a_sentence_or_the_same_figures(kind, tmp_path):
    whole = one(given(tmp_path, WHOLE[kind])).model_dump()
    lines = WHOLE[kind].splitlines(keepends=True)
    cuts = ["".join(lines[:k]) for k in range(len(lines))] if len(lines) > 1 else [WHOLE[kind][:k] for k in range(99)]
    for text in cuts:
        try:
            found = one(given(tmp_path, text)).model_dump()
        except ReportError as error:
            assert str(error).startswith("report file must ") and "\n" not in str(error)
        else:
            assert found == whole


BAD = [
    ("hello\n", "must be one of Vivado utilisation"),
    ("", "must be one of Vivado utilisation"),
    ("{", "must be whole JSON"),
    ('{"a": 1}', "must be one of Vivado utilisation"),
    ('{"creator": "Yosys 0.70", "modules": {}}', "must hold the statistics of a design"),
    ('{"fmax": {"c": 1}, "utilization": {}}', "must have the figures of nextpnr's clocks and cells"),
    ('{"reports": [{"file": "x"}]}', "must hold reports of this schema, not another kind"),
    (HEAD.format("report_drc"), "must be a utilisation, timing summary or power report, not of report_drc"),
    (WHOLE["quartus_cyclone4.fit"].replace("Successful", "Failed    "), "must be of a successful fit"),
    (SAIF.replace("(DURATION 1000)", ""), "must say its duration"),
    (SAIF.replace("(TC 7)", "(TC many)"), "must count toggles by whole numbers"),
    ("(SAIFILE))", "must close its parentheses"),
    (POWER.replace("| Total On-Chip Power (W)  | 0.523 |\n", ""), "must say the total on-chip power, and"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_malformed_or_foreign_file_gives_one_sentence_and_nothing_else(text, sentence, tmp_path, capfd):
    file, kept = given(tmp_path, text), tmp_path / "out.json"
    assert cli.main(["report", "import", str(DATA / "vivado_timing.rpt"), str(file), "-o", str(kept)]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.startswith(f"nervure: report file {sentence}") and err.count("\n") == 1
    assert not kept.exists()


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    file = tmp_path / "wave.bin"
    file.write_bytes(b"\0\1")
    with pytest.raises(ReportError, match=r"^report file must be text, not "):
        read_reports(file)
    with pytest.raises(ReportError, match=r"^report file must be readable, not .*\(No such file or directory\)$"):
        read_reports(tmp_path / "none")


def test_names_stay_names_in_every_format():
    report = Report(file="a|b_c\\d\n&%$", kind="saif", tool='=HYPERLINK("x")', lut=0)
    rows = rows_of([report])
    assert r"a\|b\_c\\d \&%$" in write_table(rows, "markdown")
    assert r"a\textbar{}b\_c\textbackslash{}d \&\%\$" in write_table(rows, "latex")
    head, row = csv.reader(io.StringIO(write_table(rows, "csv")))
    kept = {"file": report.file, "kind": "saif", "tool": report.tool}
    assert dict(zip(head, row, strict=True)) == {**kept, "tool": f"'{report.tool}", "lut": "0"}
    assert json.loads(write_table(rows, "json")) == [{**kept, "lut": 0}]
    with pytest.raises(ReportError, match=r"^unknown format 'cvs'; did you mean csv\?$"):
        write_table(rows, "cvs")


def test_a_difference_knows_what_is_not_there():
    a, b = one(DATA / "vivado_utilization.rpt"), one(DATA / "quartus_cyclone4.fit.rpt")
    rows = {row["figure"]: row for row in difference(a, b)}
    assert rows["lut"]["change"] == 585 and rows["lut"]["relative"] == pytest.approx(585 / 999)
    assert (rows["bram"]["a"], rows["bram"]["b"], rows["bram"]["change"]) == (0, None, None)
    assert rows["dsp"]["relative"] is None and "fmax_mhz" not in rows


def test_what_was_imported_is_read_again(tmp_path, capfd):
    kept = tmp_path / "kept.json"
    files = [str(DATA / "vivado_utilization.rpt"), str(DATA / "vivado_timing.rpt")]
    assert cli.main(["report", "import", *files, "-o", str(kept), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == json.loads(kept.read_text())
    assert read_reports(kept) == [one(Path(file)) for file in files]
    assert cli.main(["report", "table", str(kept), "--format", "csv"]) == 0
    assert capfd.readouterr().out.count("\n") == 3
    assert cli.main(["report", "diff", str(kept), files[0]]) == 2
    assert "diff requires a file with one report, not 2" in capfd.readouterr().err
