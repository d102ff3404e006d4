"""Reports whose figures cannot be: a sentence, never a wrong number, and the output file as it was."""

from __future__ import annotations

import json

import pytest
from nervure.generators import cli
from nervure.generators.reports.read import read_reports
from nervure.generators.reports.schema import ReportError

from .test_report_import import DATA, HIERARCHY, NEXTPNR, POWER, SAIF, WHOLE, given, one

FIGURES = "must have figures that are finite and no less than they can be, not another "
CLOCKS = "must have the figures of nextpnr's clocks and cells"
TYPES = "must count its cells by type"


def nextpnr(used: object = 8, achieved: object = 80.0) -> str:
    """nextpnr's report with other registers and another clock."""
    cells = {**NEXTPNR["utilization"], "TRELLIS_FF": {"used": used, "available": 9}}
    return json.dumps({"fmax": {"clk": {"achieved": achieved, "constraint": 100.0}}, "utilization": cells})


def statistics(types: object) -> str:
    """Yosys' statistics of a design with these cells."""
    counted = {"num_cells": 2, "num_cells_by_type": types}
    return json.dumps({"creator": "Yosys 0.70", "modules": {"\\top": counted}, "design": counted})


WRONG = [
    *((nextpnr(used=used), f"{FIGURES}ff") for used in (-3, 3.5, True, "3", float("inf"))),
    (nextpnr(achieved=float("nan")), f"{FIGURES}fmax_mhz"),
    (nextpnr(achieved=-1), f"{FIGURES}fmax_mhz"),
    (nextpnr(achieved=0), CLOCKS),
    (nextpnr(achieved="fast"), CLOCKS),
    *((statistics(types), TYPES) for types in ([1], {"LUT4": "x"}, {"LUT4": -2}, {"LUT4": True}, {"LUT4": {}})),
    (POWER.replace("0.523", "nan  "), f"{FIGURES}total"),
    (POWER.replace("|     0.010 |    1 |", "|"), "must hold whole tables"),
    (HIERARCHY.replace("|  20 |", "|  -2 |"), f"{FIGURES}ff"),
    (SAIF.replace("(TC 7)", "(TC -7)"), f"{FIGURES}toggles"),
    (WHOLE["vivado_timing"].replace("0.184", "  nan", 1), f"{FIGURES}slack_ns"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_a_figure_that_cannot_be_gives_one_sentence(text, sentence, tmp_path):
    with pytest.raises(ReportError) as error:
        read_reports(given(tmp_path, text))
    assert str(error.value).startswith(f"report file {sentence}") and "\n" not in str(error.value)


def test_a_slack_of_the_whole_period_gives_no_clock(tmp_path):
    report = one(given(tmp_path, WHOLE["vivado_timing"].replace("0.184", "5.000", 1)))
    assert (report.slack_ns, report.fmax_mhz) == (5.0, None)


@pytest.mark.parametrize("kind", ["hierarchy", "power", "sta", "saif", "nextpnr"])
def test_a_file_cut_inside_a_line_gives_a_sentence_or_the_same_figures(kind, tmp_path):
    whole = one(given(tmp_path, WHOLE[kind]))
    for end in range(0, len(WHOLE[kind]), 5):
        try:
            assert one(given(tmp_path, WHOLE[kind][:end])) == whole
        except ReportError as error:
            assert "\n" not in str(error)


def test_a_bad_file_leaves_the_output_as_it_was(tmp_path, capfd):
    kept = tmp_path / "kept.json"
    kept.write_text("before")
    assert cli.main(["report", "import", str(given(tmp_path, "hello")), "-o", str(kept)]) == 2
    assert kept.read_text() == "before"
    assert cli.main(["report", "import", str(DATA / "vivado_timing.rpt"), "-o", str(kept)]) == 0
    assert json.loads(kept.read_text())["reports"] and not (tmp_path / "kept.json.part").exists()
    capfd.readouterr()


def test_cells_that_several_targets_have_name_no_device(tmp_path):
    """Four-input LUTs alone are of ECP5, UltraScale+ and others: what these count alike is said, no more."""
    design = {"num_cells": 7, "num_cells_by_type": {"LUT4": 7}}
    text = json.dumps({"creator": "Yosys 0.70", "modules": {"\\top": design}, "design": design})
    found = one(given(tmp_path, text))
    assert (found.device, found.lut, found.uram) == (None, 7, None)
