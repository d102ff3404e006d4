"""Claims of the multiply-accumulate unit that together say: the emitted file computes ``y = round(a * b + c)``.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order, none lost, none repeated.
- ``significands``, ``product``: the multiplier is fed the operands' significands and puts out their product.
- ``range``, ``sum``: with every register a wire and the product free within what its factors allow, y is what the
  specification (:mod:`.mac_spec`) says.
- ``anchor``: the specification is SMT-LIB FloatingPoint's fused multiply-add (:mod:`.mac_anchor`).
- ``netlist``: the file mapped to LUTs is the file.

Where the accumulator has 8 bits, ``sum``, ``range`` and ``anchor`` are one exhaustion against the golden model.
"""

from __future__ import annotations

from dataclasses import replace

from ..hw.mac.config import MacConfig
from . import mac_anchor
from .artifact import Artifact
from .mac_spec import Widths
from .prove import Claim, Part

EXHAUSTED_BITS = 26  # operands and accumulator together: 2^26 sums are computed rather than argued about
LITERAL_BITS = 8  # products up to this width are anchored with their multiplier
HERE = __name__.rsplit(".", 1)[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``mac``."""
    config = MacConfig(**artifact.manifest["config"])
    a, b, acc = config.a, config.b, config.acc
    module, latency = artifact.module, artifact.latency
    wa, wb = config.a_format.significand_width, config.b_format.significand_width
    every = f"all codes of a ({a}), b ({b}) and c ({acc})"

    def one(name: str, scope: str, function: str, cost: float = 2) -> Claim:
        return Claim(name, scope, (Part(f"{HERE}.mac_proofs:{function}", cost=cost),))

    stream = artifact.stream("out").valid is not None
    found = [
        one("balance", f"{module}.v, all register bits: {latency} registers on every path from operands to result", "balance"),
        one("handshake" if stream else "every cycle", f"{module}.v, all states of all register bits, all inputs"
            + (": beats pass in order, none lost, none repeated; reset empties the unit" if stream else ""), "handshake"),
        one("product", f"{module}__product, {wa}x{wb} bits: all operands", "product"),
    ]  # fmt: skip
    triple = config.a_format.width + config.b_format.width + config.acc_format.width
    if config.acc_format.is_float and config.acc_format.width <= 8 and triple <= EXHAUSTED_BITS:
        found.append(one("sum", f"{module}.v, registers as wires: {every}, {1 << triple} sums", "exhaustion", 30))
    else:
        found += [
            one("significands", f"{module}.v, operands of the multiplier ({wa} and {wb} bits): all codes of a and b", "significands"),
            one("range", f"specification, product of {wa}x{wb} bits: all codes of a and b", "product_range"),
            one("sum", f"{module}.v, registers as wires: {every}, all {wa + wb}-bit products", "total", 60),
            *(replace(claim, of_file=False) for claim in _anchor(config, every)),
        ]  # fmt: skip
    found.append(one("netlist", f"{module}.v mapped to xcup LUTs (synth_xilinx, multiplier cut): {every}, all states", "netlist", 10))
    return found


def _anchor(config: MacConfig, every: str) -> list[Claim]:
    """The claims that tie the specification to SMT-LIB."""
    proofs = f"{HERE}.mac_proofs"
    if reason := mac_anchor.unanchored(config):
        return [Claim("anchor", f"specification against SMT-LIB: {every}", (Part(f"{proofs}:unanchored", {"reason": reason}),))]
    if config.acc_format.is_integer:
        return [Claim("anchor", f"specification against SMT-LIB bit-vectors: {every}", (Part(f"{proofs}:anchor_integer"),))]
    widths = Widths.of(config)
    special = Part(f"{proofs}:anchor_specials")
    halving = (Part(f"{proofs}:anchor_halving"),) if config.acc == "bf16" else ()
    if widths.product <= LITERAL_BITS:
        split = mac_anchor.literal_cases(config)
        parts = [Part(f"{proofs}:anchor_literal", {"low": low, "high": high}, 10) for low, high in split]
        return [Claim("anchor", f"specification against SMT-LIB fp.fma: {every}", (special, *halving, *parts))]
    cases = mac_anchor.cases(config)
    parts = [Part(f"{proofs}:anchor_sum", {"index": index}, case.cost) for index, case in enumerate(cases)]
    return [
        Claim("anchor of operands", "specification against SMT-LIB numbers: all codes of a and b", (Part(f"{proofs}:anchor_operands"),)),
        Claim("anchor of specials", f"specification against SMT-LIB fp.fma: {every} of which one is NaN or infinite", (special,)),
        Claim("anchor of sums", f"specification against SMT-LIB fp.fma: all {widths.product}-bit products with sign and exponent, "
              f"all finite codes of c ({config.acc}), in {len(cases)} cases", (Part(f"{proofs}:anchor_cover"), *halving, *parts)),
    ]  # fmt: skip
