"""Claims of the matrix-vector engine.

By induction over moves, ``stall``, ``places``, ``order`` and ``sums`` say: whatever came before and whatever stalls,
each beat is computed as it would be alone in the engine, from its own weights, the activations that were loaded for its
column, and the sums of its group; results come in order, one for each beat that completes one. ``alike`` says that all
multipliers are the same; ``netlist`` that the file mapped to LUTs is the file; the others, those of the unit ``mac``,
say what the first makes of a beat alone.
"""

from __future__ import annotations

from ...artifact import Artifact
from ...prove import Claim, Part
from .unit import unit_claims

HERE = __name__.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``gemv``."""
    file, latency = f"{artifact.module}.v", artifact.latency

    def claim(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, f"{file}: {scope}", (Part(f"{HERE}.{function}", cost=cost),))

    return [
        claim("stall", "all states: a stall of the output changes nothing, else a beat is taken", "proofs:stall", 5),
        claim("places", "all states, all beats: group, columns, halves and held activations", "proofs:places", 5),
        claim("order", f"all states: results {latency} moves after their beats; reset leaves none", "proofs:order", 10),
        claim("sums", "all states, all beats before and after: a beat's sums are those that it has alone",
              "alone:sums", 30),
        claim("alike", "all weights, activations and sums: multipliers that are the same", "alone:alike", 10),
        *unit_claims(artifact),
        claim("netlist", "mapped to xcup LUTs and registers (synth_xilinx, memories as registers, multiplier blocks "
              "left out): all inputs, all states", "netlist:netlist", 60),
    ]  # fmt: skip
