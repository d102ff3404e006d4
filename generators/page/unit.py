"""The page of a unit: what was generated, what shows that it is right, what it costs and what it moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...hw.config import Config
from ...verif.artifact import Artifact
from ..report import Report
from ..shown import PORTS, config_rows, plain, port_rows
from ..unit import Unit
from .blocks import draw_blocks
from .evidence import Evidence
from .packing import draw_packing
from .points import Row, show_points
from .sections import show_activity, show_areas, show_claims, show_derived, show_verdict
from .structure import read_structure
from .waves import draw_waves

LONGEST = 160  # characters of a config's value; the manifest beside the Verilog has all


def write_page(path: Path, unit: Unit, config: Config, artifact: Artifact, evidence: Evidence, again: str,
               points: Sequence[Row] = (), axes: Sequence[tuple[str, str]] = ()) -> Path:  # fmt: skip
    """Writes the page and returns its path.

    Parameters
    ----------
    path : Path
    unit, config, artifact
        What was generated.
    evidence : Evidence
        What is not in it is said to be missing.
    again : str
        The command's words after the verb that give the same unit: ``mac --preset bf16``.
    points, axes
        Of a sweep, and the metrics to draw them over.
    """
    manifest = artifact.manifest
    page = Report(artifact.module, f"{unit.name}: {unit.summary}.")
    _show_verdicts(page, evidence)
    page.tiles(_tiles(manifest, evidence))
    page.section("What was generated", f"Config digest {config.digest}; the same config gives the same bytes.")
    page.code(f"nervure generate {again}")
    page.table(("field", "value", "meaning"), [(name, _cut(value), text) for name, value, text in config_rows(config)])
    page.table(("file", "SHA-256"), [(entry["path"], entry["sha256"]) for entry in manifest["files"]])
    page.note("Made by " + ", ".join(f"{name} {version}" for name, version in manifest["versions"].items()) + ".")
    _show_structure(page, artifact)
    page.section("Ports")
    page.table(PORTS, port_rows(manifest["streams"]))
    page.note(_control(manifest))
    _show_inside(page, unit, config, manifest)
    _show_evidence(page, evidence, manifest["clock"])
    page.section("Areas by target", "Counts of one tool and target compare with others of the same alone.")
    if evidence.synth:
        show_areas(page, evidence.synth)
    if not evidence.synth or "synth" in evidence.broken:
        _missing(page, evidence, "synth", "No synthesis was run for this page; it is added by", "--synth xcup")
    _show_activity(page, evidence)
    for pair in axes:
        show_points(page, points, pair)
    if not axes:
        page.section("Points of a sweep")
        page.missing("No points were given to this page; they are added by", "--points FILE")
    return page.write(path)


def _show_verdicts(page: Report, evidence: Evidence) -> None:
    if found := evidence.verify:
        total, equal = found["vectors"], found["vectors"] - found["mismatches"]
        page.verdict(found["passed"], f"{equal:,} of {total:,} results of the Verilog equal the golden model's.")
    if found := evidence.prove:
        proved = sum(claim["status"] == "proved" for claim in found["claims"])
        page.verdict(found["passed"], f"{proved} of {len(found['claims'])} claims proved for all inputs.")


def _tiles(manifest: dict[str, Any], evidence: Evidence) -> list[tuple[str, str]]:
    def cycles(key: str) -> str:
        return "varies" if manifest[key] is None else plain(manifest[key])

    tiles = [("latency, cycles", cycles("latency_cycles")), ("cycles between beats", cycles("initiation_interval"))]
    for report in evidence.synth:
        counts = [(name, report[name.lower()]) for name in ("LUT", "FF", "DSP") if report[name.lower()] is not None]
        if counts:
            names = " / ".join(name for name, _ in counts)
            tiles.append((f"{names}, {report['target']}", " / ".join(plain(count) for _, count in counts)))
    if evidence.activity:
        report = evidence.activity
        toggles = (report["register_toggles"] + report["net_toggles"]) / report["beats"]
        tiles.append((f"toggles a beat, {report['stimulus']}", plain(toggles)))
    return tiles


def _cut(value: object) -> str:
    text = plain(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters in all, see the manifest)"


def _show_structure(page: Report, artifact: Artifact) -> None:
    structure = read_structure(artifact)
    page.section(
        "Blocks",
        "Read from the emitted Verilog: what the unit instantiates, from its inputs down to its outputs. Dashed lines "
        "are registers of the unit itself, counted from the inputs along the way with the most.",
    )
    page.figure(draw_blocks(structure, f"Blocks of {artifact.module}"))
    page.note(
        f"The unit itself holds {structure.registers:,} bits of registers and {structure.cells:,} cells of logic "
        "beside these (as elaborated, before synthesis). Clock, reset and handshake are not drawn."
    )


def _control(manifest: dict[str, Any]) -> str:
    parts = [f"Clock {manifest['clock']}"]
    parts += [f"{clock['port']} ({clock['multiple']} times as fast)" for clock in manifest.get("clocks", [])]
    if reset := manifest["reset"]:
        parts.append(f"reset {reset['port']} ({reset['kind']}, active {reset['active']})")
    for stream in manifest["streams"]:
        parts += [f"{stream['name']} {signal}: {stream[signal]}" for signal in ("valid", "ready") if stream[signal]]
    return "; ".join(parts) + "."


def _show_inside(page: Report, unit: Unit, config: Config, manifest: dict[str, Any]) -> None:
    """What follows from the config, and its picture: of operands that share a multiplier, a drawing."""
    generator = unit.load("generator")
    derived = generator.derive(config)
    modes = [mode for mode in derived.get("modes", []) if isinstance(mode, dict) and "products" in mode]
    page.section("What follows", "What nervure show derives from the config.")
    hidden = ("modes",) if modes else ()
    show_derived(page, {key: value for key, value in derived.items() if key not in hidden})
    if modes:
        page.section("Packing", "Where the operands lie in the multiplier's words a and b, and their products in p.")
        for mode in modes:
            page.note(f"{mode['computes']}, {' x '.join(map(str, mode['lanes']))} lanes")
            page.figure(draw_packing(mode))
    elif hasattr(generator, "picture") and (drawn := generator.picture(config)):
        page.code(drawn)
    if "certificate" in manifest:
        page.section("Certificate", "How near the approximation comes to its function, over all inputs.")
        show_derived(page, manifest["certificate"])


def _show_evidence(page: Report, evidence: Evidence, clock: str) -> None:
    page.section("Vectors", "The Verilog against the golden model: many vectors, and the protocol with random stalls.")
    if evidence.verify:
        show_verdict(page, evidence.verify)
    else:
        _missing(page, evidence, "verify", "No vector was run for this page; they are added by", "--verify 100000")
    page.section("Proofs")
    if evidence.prove:
        show_claims(page, evidence.prove)
    else:
        _missing(page, evidence, "prove", "No claim was proved for this page; proofs are added by", "--prove")
    page.section("Waveform", "Ports in the protocol run, settled, where the first beat goes in and where it comes out.")
    if evidence.snippet:
        page.figure(draw_waves(evidence.snippet, clock))
    else:
        _missing(page, evidence, "waves", "No simulation of this page left waves; they come with", "--verify 100000")


def _missing(page: Report, evidence: Evidence, part: str, text: str, option: str) -> None:
    """Says that a part was not run, or why it broke."""
    if part in evidence.broken:
        page.missing(f"This was run and broke: {evidence.broken[part]}")
    else:
        page.missing(text, option)


def _show_activity(page: Report, evidence: Evidence) -> None:
    if not (found := evidence.activity):
        page.section("Activity and energy")
        _missing(page, evidence, "activity", "No toggle was counted for this page; they are added by", "--activity")
        return
    page.section(
        "Activity and energy",
        f"Toggles in {found['beats']:,} beats of {found['stimulus']} stimulus ({found['cycles']:,} cycles), net by "
        "net, and operations, priced by a table of constants. A proxy compares circuits; it is no measurement.",
    )
    show_activity(page, found)
    page.table(
        ("block", "register bits", "net bits", "register toggles", "net toggles", "pJ"),
        [(g["name"], g["registers"], g["nets"], g["register_toggles"], g["net_toggles"], g["pj"])
         for g in found["groups"]],
        f"All {len(found['groups'])} blocks",
    )  # fmt: skip
