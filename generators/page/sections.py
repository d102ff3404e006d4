"""Parts of a page that show what the commands found; each takes the JSON values that a command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..report import Report
from ..shown import short

COUNTED = ("lut", "ff", "carry", "dsp", "bram", "uram", "mux", "depth", "cells", "area")
BARS = 20


def show_areas(page: Report, reports: Sequence[Mapping[str, Any]]) -> None:
    """What ``nervure synth`` counts, a row a target; columns that no target has are left out."""
    keys = [key for key in COUNTED if any(report[key] is not None for report in reports)]
    names = {"depth": "cells on the longest path", "mux": "wide mux"}
    page.table(
        ("target", "mode", *(names.get(key, key if key in ("carry", "cells", "area") else key.upper()) for key in keys),
         "tool"),
        [(report["target"], report["mode"], *(report[key] for key in keys), report["tool"]) for report in reports],
    )  # fmt: skip


def show_activity(page: Report, activity: Mapping[str, Any]) -> None:
    """What ``nervure activity`` counts: energies of operations and toggles, and the toggles of each block."""
    page.table(
        ("counted", "number", "pJ each", "pJ", "technology", "source"),
        [
            (item["name"].replace("_", " "), item["count"], item["pj_each"], item["pj"], item["technology"],
             item["source"])
            for view in activity["energy"].values() for item in view["items"]
        ],
    )  # fmt: skip
    unpriced = [f"{name.replace('_', ' ')} ({count:,})"
                for view in activity["energy"].values() for name, count in view["unpriced"].items()]  # fmt: skip
    if unpriced:
        page.note(f"No constant for: {', '.join(unpriced)}.")
    toggles = [(group["name"], group["register_toggles"] + group["net_toggles"]) for group in activity["groups"]]
    page.bars([
        (name, count, f"{count / activity['beats']:.1f} toggles a beat")
        for name, count in sorted(toggles, key=lambda row: -row[1])[:BARS]
    ])  # fmt: skip
    if len(toggles) > BARS:
        page.note(f"The {BARS} of {len(toggles)} blocks that toggle most.")


def show_verdict(page: Report, found: Mapping[str, Any]) -> None:
    """What ``nervure verify`` found: engines, what went wrong, and how often each feature was hit."""
    page.table(
        ("engine", "verdict", "vectors", "mismatches", "cycles", "vectors/s", "seconds"),
        [(c["engine"], "held" if c["passed"] else "FAILED", c["vectors"], c["mismatches"], c["cycles"],
          c["vectors_per_second"], c["seconds"]) for c in found["engines"]],
    )  # fmt: skip
    for failure in found["failures"]:
        page.note(failure)
    if found["first_mismatch"]:
        page.code(str(short(found["first_mismatch"])))
    tests = [name for check in found["engines"] for name in check.get("tests", [])]
    page.note(f"Seed {found['seed']}." + (f" Protocol tests: {', '.join(tests)}." if tests else ""))
    covered = found["coverage"]
    if not covered:
        return
    missed = [name for name, count in covered.items() if not count]
    said = f"Never hit: {', '.join(missed)}." if missed else "Each was hit."
    page.section("Coverage", f"Vectors among those counted that hit each of {len(covered)} features. {said}")
    page.table(("feature", "vectors"), list(covered.items()), f"All {len(covered)} features")


def show_claims(page: Report, found: Mapping[str, Any]) -> None:
    """What ``nervure prove`` found: claims with times, and what refutes those that do not hold."""
    page.table(
        ("status", "claim", "seconds", "method", "scope"),
        [(c["status"], c["name"], c["seconds"], c["method"], c["scope"]) for c in found["claims"]],
    )
    for claim in found["claims"]:
        if claim["counterexample"]:
            page.code(f"{claim['name']} is refuted by {short(claim['counterexample'])}")
    page.note("Seconds are processor time of all parts of a claim. What is unknown is not proved.")


def show_derived(page: Report, derived: Mapping[str, Any]) -> None:
    """What ``nervure show`` derives: a line each, and a table for what is told of each layer or table."""
    lines, tables = [], []
    for name, value in derived.items():
        rows = list(value.items()) if isinstance(value, dict) else []
        if rows and all(isinstance(row, dict) and row.keys() == rows[0][1].keys() for _, row in rows):
            tables.append((name, rows))
        else:
            lines.append((name.replace("_", " "), short(value)))
    page.table(("derived", "value"), lines)
    for name, rows in tables:
        head = (name.removesuffix("s"), *(key.replace("_", " ") for key in rows[0][1]))
        page.table(head, [(key, *(short(item, True) for item in row.values())) for key, row in rows])
