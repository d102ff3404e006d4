"""Claims of the multiply-accumulate unit that together say: the emitted file computes ``y = round(a * b + c)``.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order, none lost, none
  repeated.
- ``significands``, ``product``: the multiplier is fed the operands' significands and puts out their product. (Where a
  number is flushed to zero, what is fed for it has its top bit all the same; ``range`` says that it is of no account.)
- ``packing``: of a unit of several lanes or modes, each window of that product is one lane's product.
- ``range``, ``sum``: with every register a wire and the product free within what its factors allow, y is what the
  specification (:mod:`.spec`) says.
- ``anchor``: the specification is the exact sum, rounded, that SMT-LIB FloatingPoint's fused multiply-add is defined by
  (:mod:`.anchor.wide`), or that operation itself (:mod:`.anchor`).
- ``netlist``: the file mapped to LUTs is the file.

Where the accumulator has 8 bits, ``sum``, ``range`` and ``anchor`` are one exhaustion against the golden model.

Each mode is a unit of its own to these claims: the field ``mode`` is a constant. Of its lanes one is held against the
specification, and the others against that one (:mod:`.proofs`).
"""

from __future__ import annotations

from ...hw.mac.config import MacConfig
from ..artifact import Artifact
from ..prove import Claim, Part
from . import anchor
from .anchor import wide as anchor_wide
from .lanes import regions
from .spec import Widths

EXHAUSTED_BITS = 26  # operands and accumulator together: 2^26 sums are computed rather than argued about
LITERAL_BITS = 4  # products up to this width are anchored in one operation, multiplier included
HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``mac``; those of a mode or of lanes are named after them."""
    config = MacConfig(**artifact.manifest["config"])
    file, latency = f"{artifact.module}.v", artifact.latency

    def general(name: str, scope: str, function: str, cost: float = 2, **arguments: object) -> Claim:
        return Claim(name, scope, (Part(f"{EVIDENCE}.proofs:{function}", arguments, cost),))

    cut = (f"{artifact.module}__product",)
    states = f"{file}: all states of all register bits, all inputs"
    stream = artifact.stream("out").valid is not None
    order = (
        "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; every rank moves"
    )
    parts = regions(config)
    wide = f"{parts[0].a.stop}x{parts[0].b.stop} bits" + (f", {len(parts)} times" if len(parts) > 1 else "")
    found = [
        general("balance", f"{file}: {latency} registers on every path from operands to result", "balance", cut=cut),
        general("handshake" if stream else "advance", states + order, "handshake", cut=cut),
        Claim("product", f"{cut[0]}: {wide}, all operands", (Part(f"{HERE}.packing_proofs:product", cost=2),)),
    ]
    for mode in range(len(config.modes)):
        found += _mode(config, mode, file)
    if codes := range(len(config.modes), 1 << (len(config.modes) - 1).bit_length()):
        tried = tuple(Part(f"{HERE}.proofs:beyond", {"code": code}, 5) for code in codes)
        last = f"{file}: each counts as the last, all inputs, all products"
        found.append(Claim("modes beyond the last", last, tried))
    mapped = f"{file} mapped to xcup LUTs (synth_xilinx, multiplier blocks left out): all inputs, all states"
    return [*found, general("netlist", mapped, "netlist", 10)]


def _mode(config: MacConfig, mode: int, file: str) -> list[Claim]:
    """The claims of a mode: its operands' places, and the sums of its lanes."""
    used, lane = config.modes[mode], config.lane(mode)
    a, b, acc, packing = used.a, used.b, used.acc, used.packing
    rows, columns = config.grid
    several, grid = len(config.modes) > 1, rows * columns > 1
    words = [f"mode {mode}"] * several + [f"lanes {packing.lanes_a}x{packing.lanes_b}"] * grid
    suffix = f" of {', '.join(words)}" if words else ""
    bits = f"{a.significand_width}x{b.significand_width}"
    lanes = f", {packing.lanes_a}x{packing.lanes_b} lanes" if grid else ""
    every = f"all codes of a ({a.name}), b ({b.name}) and c ({acc.name})"

    def special(name: str, scope: str, *parts: Part) -> Claim:
        return Claim(name + suffix, scope + lanes, parts)

    def part(tried: str, cost: float = 2, **arguments: object) -> Part:
        return Part(f"{HERE}.{tried}", {"mode": mode, **arguments}, cost)

    found, codes = [], "all codes of a and b"
    if words:
        packed = f"the packed product of {a.name} and {b.name}: each {packing.window}-bit window is one product"
        found.append(special("packing", f"{packed}, all operands", part("packing_proofs:packing")))
    triples = a.width + b.width + acc.width
    exhausted = acc.is_float and acc.width <= 8 and triples <= EXHAUSTED_BITS
    if words or not exhausted:
        fed = f"{file}: what the {bits}-bit product is of, {codes}"
        found.append(special("significands", fed, part("proofs:significands")))
        known = f"specification: products of {bits} bits, {codes}"
        found.append(special("range", known, part("proofs:product_range")))
    others = packing.lanes > 1 or packing.lanes < rows * columns
    alike = [part("proofs:alike", 40, **({"exhausted": True} if exhausted else {}))] * others
    if exhausted:
        sums = f"{file}, registers as wires: {every}, {1 << triples} sums"
        return [*found, special("sum", sums, part("proofs:exhaustion", 30), *alike)]
    sums = f"{file}, registers as wires: {every}, all {packing.window}-bit products"
    found.append(special("sum", sums, part("proofs:total", 60), *alike))
    for claim in _anchor(lane, every):
        parts = tuple(part("proofs:anchored", p.cost, function=p.function, arguments=p.arguments) for p in claim.parts)
        found.append(Claim(claim.name + suffix, claim.scope, parts if words else claim.parts))
    return found


def _anchor(config: MacConfig, every: str) -> list[Claim]:
    """The claims that tie the specification to SMT-LIB."""

    def claim(name: str, scope: str, *parts: Part) -> Claim:
        return Claim(name, f"specification against SMT-LIB {scope}", parts)

    def part(function: str, cost: float = 1, **arguments: object) -> Part:
        return Part(f"{HERE}.anchor.proofs:{function}", arguments, cost)

    if config.acc_format.is_integer:
        return [claim("anchor", f"bit-vectors: {every}", part("integers"))]
    width = Widths.of(config).product
    lemmas = [part("halving")] if config.acc == "bf16" else []
    products = f"all {width}-bit products with sign and exponent, all finite codes of c ({config.acc})"
    if width <= LITERAL_BITS and not anchor_wide.needed(config):
        ranges = anchor.literal_cases(config)
        parts = [part("literal", 10, low=low, high=high) for low, high in ranges]
        return [claim("anchor", f"fp.fma: {every}", part("specials"), *lemmas, *parts)]
    rounded = config.product == "rounded"

    def wide(function: str, cost: float = 1, **arguments: object) -> Part:
        return Part(f"{HERE}.anchor.wide_proofs:{function}", arguments, cost)

    free = f"all {width}-bit products with sign and exponent"
    first = claim("anchor of products", f"FloatingPoint: what {free} are rounded to first, {config.acc}",
                  *lemmas, wide("rounding", 5, first=True))  # fmt: skip
    added = f"{free}, rounded to {config.acc}, all finite codes of c ({config.acc})" if rounded else products
    operation = "fp.mul and fp.add" if rounded else "fp.fma"
    return [
        claim("anchor of operands", "numbers: all codes of a, b and c",
              part("operands"), part("composed", 10), wide("numbers")),
        claim("anchor of specials", f"{operation}: {every} of which one is NaN or infinite",
              wide("specials") if rounded else part("specials")),
        *([first] if rounded else []),
        claim("anchor of sums", f"integers: {added}; the exact sum, or, cut to odd, one that rounds as it does",
              *(wide("sums", cost, index=index) for index, cost in enumerate((20, 1, 6)))),
        claim("anchor of rounding", f"FloatingPoint: what these sums are rounded to, {config.acc}",
              *lemmas, wide("rounding", 10)),
    ]  # fmt: skip
