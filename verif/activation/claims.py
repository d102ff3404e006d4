"""Claims of the unit `activation` that together say: the emitted file computes the equations of its config.

- ``balance``, ``handshake`` (or ``advance``): the file is a pipeline of L ranks through which beats pass in order.
- ``values``: with every register a wire, y is the golden model's for every code of x.
- ``netlist``: the file mapped to LUTs moves as the file does and gives the same y for every code.

A unit whose table changes (:mod:`.reload_proofs`) is no pipeline; its claims are about all states:

- ``stall``: a stall changes nothing, else a beat is taken.
- ``state``: loads are counted, and a swap does what the beats since the last one allow.
- ``order``: y comes L moves after its beat; reset leaves none, and the config's table.
- ``apart``: whatever stands before and behind it, a beat is answered as it is alone, by the table that it finds.
- ``answer``: a beat alone is answered by the equations on that table, whatever it holds; the codes of x for which
  that is asked are all of narrow inputs, and some of wide ones (the claim says how many).
- ``writes``: a load changes its own segment of the spare table, and nothing else.
"""

from __future__ import annotations

from ...hw.activation.config import ActivationConfig
from ..artifact import Artifact
from ..prove import Claim, Part
from .stimulus import codes_tried

HERE = __name__.rpartition(".")[0]
PARTS = 8
"""Parts in which the codes are tried that have every table."""
MAPPED_ENTRIES = 1 << 10
"""Tables of more entries go to memory blocks, which the claim ``netlist`` does not look into: it is not made."""


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``activation``."""
    config = ActivationConfig(**artifact.manifest["config"])
    file, latency = f"{artifact.module}.v", artifact.latency

    def claim(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, f"{file}{scope}", (Part(function, cost=cost),))

    if config.form == "reload":
        tried = codes_tried(config)
        scope = (f": all {1 << config.input_format.width} codes of x under the config's table; {len(tried)} of them "
                 "under every table whose knots do not fall")  # fmt: skip
        # A code of wide inputs takes half a minute: codes are tried apart.
        given = [{}, *({"tried": tried[at::PARTS].tolist()} for at in range(min(PARTS, len(tried))))]
        parts = tuple(Part(f"{HERE}.reload_proofs:answer", arguments, 30) for arguments in given)
        return [*(claim(name, scope, f"{HERE}.reload_proofs:{name}", cost) for name, scope, cost in (
            ("stall", ": all states: a stall of the output changes nothing, else a beat is taken", 3),
            ("state", ": all states, all beats: loads counted, tables swapped", 3),
            ("order", f": all states: results {latency} moves after their beats; reset leaves none", 5),
            ("apart", ": all states, all beats before and after: the answer of a beat alone", 20),
            ("writes", ": all states: a load changes its own segment of the spare table alone", 20),
        )), Claim("answer", file + scope, parts)]  # fmt: skip
    states = ": all states of all register bits, all inputs"
    stream = artifact.stream("out").valid is not None
    order = "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; all ranks move"
    codes = f"all {1 << config.input_width} codes of x ({config.input})"
    found = [
        claim("balance", f": {latency} registers on every path from inputs to outputs", f"{HERE}.proofs:balance", 2),
        claim("handshake" if stream else "advance", states + order, f"{HERE}.proofs:handshake", 5),
        claim("values", f", registers as wires: {codes}", f"{HERE}.proofs:values", 10),
    ]
    if config.form == "table" and len(config.entries) > MAPPED_ENTRIES:
        return found
    scope = f" mapped to xcup LUTs (synth_xilinx): {codes}, all states"
    return [*found, claim("netlist", scope, f"{HERE}.proofs:netlist", 10)]
