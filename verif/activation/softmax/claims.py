"""Claims of the softmax: what its parts do, each for all inputs or in all states.

- ``rows`` (and ``numbers``, the ring before the largest number is known): beats enter, wait and come out in order, each
  row after its last beat, none lost, none repeated; reset empties the unit (:mod:`nervure.verif.activation.rows`).
- ``tables``: every code of the two tables, as the golden model says. ``exponent``: every distance.
- ``powers``, ``results``: shifts and the last rounding, for all words. ``distances``, ``largest``, ``totals``,
  ``normal``: differences, the largest number of a beat (online its least n), sums of a beat's powers, the place of a
  sum's first one. ``moves`` (online): two sums beside the lesser n.
- ``sums`` (two passes): what is kept of a row is the sum of its powers.
- ``wiring``: with these blocks and the multiplications left out, each register from numbers to probabilities takes what
  the equations say, in every state; a product is one multiplication of the right two words (:mod:`..wired`). That
  covers a row's largest number, and online its sum and least n so far.
  Of the rings it shows the data, written as they come and read as they are; the claims ``rows`` and ``numbers`` say
  when and where. Memories are taken for what they say (:mod:`..memories`).
"""

from __future__ import annotations

from ....hw.activation.config.softmax import SoftmaxConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = HERE.rpartition(".")[0]
OUT = ("scaled_valid", "product_valid", "o_valid")


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``softmax``."""
    config = SoftmaxConfig(**artifact.manifest["config"])
    file = f"{artifact.module}.v"
    front = 4 if config.online else 5
    shape = {"longest": config.beats, "ranks": 6 if config.online else 5, "flags": OUT,
             "source": ("middle_valid", f"power_last_{front}")}  # fmt: skip
    states = ": all states of all register bits, all inputs; beats in order, rows whole, reset"
    found = [Claim("rows", file + states, (Part(f"{FAMILY}.rows:control", shape, 30),))]
    if not config.online:
        flags = (*(f"power_valid_{k}" for k in range(1, front)), "middle_valid")
        before = {"longest": config.beats, "ranks": 2, "flags": flags, "prefix": "x_", "sink": ""}
        found.append(Claim("numbers", file + states, (Part(f"{FAMILY}.rows:control", before, 30),)))
    for name, scope, cost in (
        ("tables", "blocks of both tables: every code, in every lane", 10),
        ("exponent", f"blocks: all {1 << config.input_format.width} distances, in every lane", 10),
        ("powers", f"blocks: all values, all shifts of {config.one + 1} bits, in every lane", 10),
        ("results", f"blocks: all products of {config.lowest + 18} bits, in every lane", 5),
        ("sums", f"all states: sums of up to {config.elements} powers of {config.one + 1} bits, but for the block", 20),
        ("distances", "blocks: all words, in every lane", 5),
        ("largest", f"blocks: all beats of {config.lanes} numbers", 20),
        ("totals", f"blocks: all beats of {config.lanes} powers", 5),
        ("moves", f"blocks: all sums of {config.sum_width} bits", 20),
    ):
        if name != ("sums" if config.online else "moves"):
            found.append(Claim(name, f"{file}: {scope}", (Part(f"{HERE}.proofs:{name}", cost=cost),)))
    found.append(Claim("normal", f"{file}: blocks: all sums of {config.sum_width} bits",
                       (Part(f"{FAMILY}.wired:normal", cost=5),)))  # fmt: skip
    scope = "all states, all inputs; blocks by themselves, multiplications as such"
    found.append(Claim("wiring", f"{file}: {scope}", (Part(f"{HERE}.wiring:wiring", cost=20),)))
    return found
