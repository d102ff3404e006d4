"""Claims of the multiply-accumulate unit that together say: the emitted file computes ``y = round(a * b + c)``.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order, none lost, none
  repeated.
- ``significands``, ``product``: the multiplier is fed the operands' significands and puts out their product.
- ``range``, ``sum``: with every register a wire and the product free within what its factors allow, y is what the
  specification (:mod:`.spec`) says.
- ``anchor``: the specification is SMT-LIB FloatingPoint's fused multiply-add (:mod:`.anchor`).
- ``netlist``: the file mapped to LUTs is the file.

Where the accumulator has 8 bits, ``sum``, ``range`` and ``anchor`` are one exhaustion against the golden model.
"""

from __future__ import annotations

from ...hw.mac.config import MacConfig
from ..artifact import Artifact
from ..prove import Claim, Part
from . import anchor
from .spec import Widths

EXHAUSTED_BITS = 26  # operands and accumulator together: 2^26 sums are computed rather than argued about
LITERAL_BITS = 8  # products up to this width are anchored with their multiplier
HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``mac``."""
    config = MacConfig(**artifact.manifest["config"])
    a, b, acc = config.a_format, config.b_format, config.acc_format
    file, latency = f"{artifact.module}.v", artifact.latency
    wa, wb = a.significand_width, b.significand_width
    every = f"all codes of a ({a.name}), b ({b.name}) and c ({acc.name})"
    triples = a.width + b.width + acc.width

    def general(name: str, scope: str, function: str, cost: float = 2, **arguments: object) -> Claim:
        return Claim(name, scope, (Part(f"{EVIDENCE}.proofs:{function}", arguments, cost),))

    def special(name: str, scope: str, function: str, cost: float = 2) -> Claim:
        return Claim(name, scope, (Part(f"{HERE}.proofs:{function}", cost=cost),))

    cut = (f"{artifact.module}__product",)
    states = f"{file}: all states of all register bits, all inputs"
    stream = artifact.stream("out").valid is not None
    order = (
        "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; every rank moves"
    )
    found = [
        general("balance", f"{file}: {latency} registers on every path from operands to result", "balance", cut=cut),
        general("handshake" if stream else "advance", states + order, "handshake", cut=cut),
        special("product", f"{cut[0]}: {wa}x{wb} bits, all operands", "product"),
    ]
    if acc.is_float and acc.width <= 8 and triples <= EXHAUSTED_BITS:
        found.append(special("sum", f"{file}, registers as wires: {every}, {1 << triples} sums", "exhaustion", 30))
    else:
        codes = "all codes of a and b"
        found += [
            special("significands", f"{file}: what the {wa}x{wb}-bit product is of, {codes}", "significands"),
            special("range", f"specification: products of {wa}x{wb} bits, {codes}", "product_range"),
            special("sum", f"{file}, registers as wires: {every}, all {wa + wb}-bit products", "total", 60),
            *_anchor(config, every),
        ]
    mapped = f"{file} mapped to xcup LUTs (synth_xilinx, multiplier blocks left out): all inputs, all states"
    return [*found, general("netlist", mapped, "netlist", 10)]


def _anchor(config: MacConfig, every: str) -> list[Claim]:
    """The claims that tie the specification to SMT-LIB."""

    def claim(name: str, scope: str, *parts: Part) -> Claim:
        return Claim(name, f"specification against SMT-LIB {scope}", parts)

    def part(function: str, cost: float = 1, **arguments: object) -> Part:
        return Part(f"{HERE}.anchor_proofs:{function}", arguments, cost)

    if reason := anchor.missing(config):
        return [claim("anchor", f"FloatingPoint: {every}", part("missing", reason=reason))]
    if config.acc_format.is_integer:
        return [claim("anchor", f"bit-vectors: {every}", part("integers"))]
    width = Widths.of(config).product
    lemmas = [part("halving")] if config.acc == "bf16" else []
    if width <= LITERAL_BITS:
        ranges = anchor.literal_cases(config)
        parts = [part("literal", 10, low=low, high=high) for low, high in ranges]
        return [claim("anchor", f"fp.fma: {every}", part("specials"), *lemmas, *parts)]
    cases = anchor.cases(config)
    parts = [part("sums", case.cost, index=index) for index, case in enumerate(cases)]
    products = f"all {width}-bit products with sign and exponent, all finite codes of c ({config.acc})"
    return [
        claim("anchor of operands", "numbers: all codes of a and b", part("operands"), part("composed")),
        claim("anchor of specials", f"fp.fma: {every} of which one is NaN or infinite", part("specials")),
        claim("anchor of sums", f"fp.fma: {products}, in {len(cases)} cases", part("cover"), *lemmas, *parts),
    ]
