"""Claims of the unit `nova` that together say: every beat is answered by the equations, whatever is around it.

With one clock, about all states in which beats are as far apart as they come (which is a claim, too):

- ``stall``: a stall of the output changes nothing.
- ``order``: beats stay F moves apart, results come L moves after their beats, and flits are where their beats are;
  reset leaves none.
- ``passes``: of the flits of a beat, whatever its table, each lane keeps exactly one pair (with broadcast breakpoints:
  at least one; the last is its own).
- ``apart``: whatever comes before and behind it, a beat is answered as it is alone.
- ``answer``: a beat alone is answered by the equations: every lane, every code, every number of a table.

With two clocks, whose edges come in any order, together or not:

- ``registers``: every bit that goes from clock to clock goes through two registers, but for words of slots.
- ``order``: the counters of both clocks keep their order, so that no beat is lost, repeated or overwritten in its slot,
  and flits are where their requests are, each with its slot.
- ``clearing``: whatever resets come, once beats are taken again the unit is empty (from any state, 16 edges far).
- ``fills``: a beat is in its slot as it would be alone, and nothing else changes what it asks for.
- ``passes``: whatever is on the line, a lane's slot is given the pair that it is given alone, once.
- ``takes``: pairs of a slot are answered in order, as if alone, whatever stalls.
- ``answer``: as above.
"""

from __future__ import annotations

from ....hw.noc.config.nova import NovaConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``nova``."""
    config = NovaConfig(**artifact.manifest["config"])
    file, lanes = f"{artifact.module}.v", config.width
    codes = f"{lanes} lanes, {1 << config.input_format.width} codes of x, {1 << config.table_width} numbers of a table"
    one = (
        ("proofs:stall", "all states: a stall of the output changes nothing", 3),
        ("proofs:order", f"all states: results {config.latency} moves after their beats, {config.flits} apart", 5),
        ("proofs:passes", f"all states, x, tables: each of {lanes} lanes keeps one pair of {config.flits} flits", 10),
        ("proofs:apart", "all states, all beats before and after: the answer of a beat alone", 20),
        ("proofs:answer", f"{codes}: the equations", 20),
    )
    two = (
        ("slots:registers", "every bit from clock to clock through two registers, but for words of slots", 2),
        ("counters:order", "all states, all edges of both clocks: no beat lost, repeated or overwritten", 5),
        ("counters:clearing", "all states, all resets, 16 edges in any order: beats are taken by an empty unit", 10),
        ("slots:fills", "all states, all beats before and after: a slot holds what its beat asks for", 10),
        ("slots:passes", f"all states: each of {lanes} lanes is given the pair its slot asks for", 10),
        ("slots:takes", "all states, all stalls: a slot is answered as if alone, in order", 10),
        ("whole:answer", f"{codes}: the equations", 20),
    )
    return [Claim(function.partition(":")[2], f"{file}: {scope}", (Part(f"{HERE}.{function}", cost=cost),))
            for function, scope, cost in (one if config.clock_multiple == 1 else two)]  # fmt: skip
