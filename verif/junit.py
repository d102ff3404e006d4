"""JUnit XML: what test reports are written in, whoever ran the tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

# What XML 1.0 has no way to write; a simulator's log may hold anything.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test and how it ended.

    Parameters
    ----------
    suite : str
        What was tested; cases of one suite stand together.
    name : str
        The test.
    seconds : float
        How long it took.
    failure : str or None
        Why it failed; None if it passed.
    output : str
        What is worth keeping of what it printed.
    """

    suite: str
    name: str
    seconds: float = 0.0
    failure: str | None = None
    output: str = ""


def write(path: Path, cases: Iterable[Case]) -> None:
    """Writes one report; its directory is made if it is not there."""
    root = ElementTree.Element("testsuites")
    for name, group in groupby(sorted(cases, key=lambda case: case.suite), key=lambda case: case.suite):
        suite = ElementTree.SubElement(root, "testsuite", name=_writable(name))
        _totals(suite, members := list(group))
        for case in members:
            element = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_writable(case.suite),
                name=_writable(case.name),
                time=f"{case.seconds:.3f}",
            )
            if case.failure is not None:
                failure = ElementTree.SubElement(element, "failure", message=_writable(case.failure.partition("\n")[0]))
                failure.text = _writable(case.failure)
            if case.output:
                ElementTree.SubElement(element, "system-out").text = _writable(case.output)
    _totals(root, [Case("", "", float(e.get("time", 0)), "" if e.find("failure") is not None else None)
                   for e in root.iter("testcase")])  # fmt: skip
    ElementTree.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def read(path: Path) -> list[Case]:
    """The cases of a report, ours or another tool's; an error counts as a failure, a skipped test is left out.

    Raises
    ------
    ValueError
        If it is not XML.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} must be a JUnit report, not a file with an XML error ({error})") from None
    cases = []
    for element in root.iter("testcase"):
        if element.find("skipped") is not None:
            continue
        found = element.find("failure")
        found = element.find("error") if found is None else found
        failure = None if found is None else found.get("message") or found.text or "failed"
        output = element.findtext("system-out") or ""
        suite, name = element.get("classname", ""), element.get("name", "")
        cases.append(Case(suite, name, float(element.get("time") or 0), failure, output))
    return cases


def merge(paths: Iterable[Path], into: Path) -> list[Case]:
    """Writes the cases of many reports as one report, and returns them."""
    cases = [case for path in paths for case in read(path)]
    write(into, cases)
    return cases


def _totals(element: ElementTree.Element, cases: list[Case]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.failure is not None for case in cases)))
    element.set("errors", "0")
    element.set("time", f"{sum(case.seconds for case in cases):.3f}")


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
