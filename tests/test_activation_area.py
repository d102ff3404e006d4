"""Error against area: the table and the picture, and what one unit costs by the flow that makes them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from nervure.generators.activation.area import STYLES, Point, area, draw, points, table
from nervure.generators.activation.comparison import CASES
from nervure.generators.flow.synth import SynthReport

from .activation import make


def report(target, lut):
    return SynthReport(target, "default", lut, {}, 72, 0, 1, 0, 0, 0, 8, 200, 12345.6, "yosys")


FOUND = [
    Point(case, style, count, make(count, reached=0.1 / count**2),
          {"xcup": report("xcup", 40 + count), "liberty": report("liberty", None)})
    for case in CASES if case.function in ("gelu", "tanh") for style in STYLES for count in (8, 16, 32)
]  # fmt: skip


def test_the_table_has_a_line_a_unit():
    lines = table(FOUND, "cells_tt").splitlines()
    assert lines[2] == "| gelu | free | 8 | 8 | 0.00156 | 3 | 48 / 72 / 1 / 8 | 12346 / 72 / 8 |"
    assert sum(line.startswith("|") for line in lines) == 2 + 24
    assert "Initiation interval 1" in lines[-2] and "cells_tt" in lines[-2]


def test_the_picture_has_a_panel_a_function_and_target_and_all_points():
    picture = draw(FOUND, "cells_tt")
    root = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    panels = root.findall(f"{space}g")
    assert len(panels) == 4 and "latency 3" in picture
    width, height = (float(root.attrib[key]) for key in ("width", "height"))
    for panel in panels:
        across, down = map(float, re.findall(r"\d+", panel.attrib["transform"]))
        circles = panel.findall(f"{space}circle")
        assert len(circles) == 12
        assert all(0 < float(c.attrib["cx"]) + across < width for c in circles)
        assert all(0 < float(c.attrib["cy"]) + down < height for c in circles)
    assert any("cells_tt" in (text.text or "") for text in root.iter(f"{space}text"))


def test_a_unit_is_solved_and_synthesised(monkeypatch):
    monkeypatch.setattr("nervure.generators.activation.area.STYLES", {"pow2": STYLES["pow2"]})
    said = []
    (found,) = points(("tanh",), (8,), targets=("xcup",), say=said.append)
    assert said == ["tanh pow2 8"] and found.config.knots == "pow2" and len(found.config.slopes) <= 8
    assert found.costs["xcup"].dsp == 1 and 10 < area(found, "xcup") < 100
