"""How the claims of the norms on the network are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.cells import VALUE_BITS
from ....hw.noc.config.norm import NocNormConfig
from ...activation.flat import Flat, structural
from ...activation.norm.claims import RANKS
from ...activation.wired import Wired
from ...prove import Verdict
from .. import shared
from ..shared import Cases


@structural
def sums(directory: Path) -> Verdict:
    """The sums of a beat's squares and numbers reach the source as one, and the row's so far are kept."""
    flat = Flat(directory)
    config = NocNormConfig(**flat.artifact.manifest["config"])

    def cases(flat: Flat) -> Cases:
        found, rank = shared.begins(flat, config.ahead + 2), config.ahead + 2
        for key, of, signed in (("squares", "square", False), ("sum", "x", True)):
            if key == "squares" or config.kind == "layer":
                beat = f"beat_{key}_all"
                terms = [flat.word(f"{of}{k}") for k in range(config.lanes)]
                found += shared.total(flat, beat, config.ahead + 1, terms, signed)
                found += shared.row_total(flat, beat, f"row_{key}", rank, signed)
        return found

    return shared.decided(flat, cases)


@structural
def told(directory: Path) -> Verdict:
    """A row's finding is at every router in time, and lanes take that of theirs."""
    unit = Wired(directory)
    config = NocNormConfig(**unit.artifact.manifest["config"])
    layer = config.kind == "layer"
    finding = [*unit.word("r_8"), *unit.word("h_8"), *(unit.word("sum_8") if layer else [])]
    pairs, findings = shared.told(unit, config, "", "root_", RANKS + config.ahead, finding)
    (offers,), (ready,) = unit.output("o_valid"), unit.net.inputs["o_ready"]
    enable, root = unit.aig.lor(offers ^ 1, ready), VALUE_BITS + 1
    end = root + len(unit.word("h_8"))
    for r, found in enumerate(findings):
        name = f"{r or ''}_at_"
        pairs += [unit.kept(f"r{name}1", enable, found[:root]), unit.kept(f"h{name}1", enable, found[root:end]),
                  unit.kept(f"h{name}2", enable, unit.word(f"h{name}1"))]  # fmt: skip
    for k in range(config.lanes):
        found, name = findings[config.router_of(k)], f"h{config.router_of(k) or ''}_at_2"
        pairs.append((f"h of lane {k}", unit.fed(f"round{k}", "h"), unit.word(name)))
        if layer:
            pairs.append((f"sum of lane {k}", unit.fed(f"centre{k}", "sum"), found[end:]))
    return unit.same(pairs)
