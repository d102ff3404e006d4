"""What becomes of a block's exact sum, as Verilog text made from the formats alone, and the circuit held against it.

The sum of the mac unit's specification (:mod:`.spec`) takes the block's magnitude for a product: a sign, an integer p,
the weight of its last bit, and what is special.
"""

from __future__ import annotations

import json
from pathlib import Path

from ....hw.formats import FORMATS
from ....hw.mac.config import MacConfig
from ....hw.mac.config.dot import DotConfig
from ... import solvers
from ...netlist import GATES, Netlist, from_json
from ...proofs import made
from ...prove import Verdict
from .. import spec
from .proofs import INF, NAN, Whole


def numerics(config: DotConfig) -> MacConfig:
    """A multiply-accumulate unit that rounds as the dot product does."""
    shared = ("acc", "rounding", "subnormals", "overflow")
    return MacConfig(**{"a": "fp8_e5m2", "b": "fp8_e5m2", **{key: getattr(config, key) for key in shared}})


def scaled_width(config: DotConfig) -> int:
    """Bits of the block's magnitude times its scale's significand."""
    return config.sum_width + (8 + 24 if config.scale == "nvfp4" else 0)


def widths(config: DotConfig) -> spec.Widths:
    """Widths of the specification's product and exponents."""
    window = 2 * (scaled_width(config) + 2 * config.acc_format.significand_width) + 16
    return spec.Widths(scaled_width(config), (1024 + window).bit_length() + 1)


def verilog(config: DotConfig) -> str:
    """Text of the specification.

    - ``dot_spec_block``: what is known of the block (sign, zero, inf, nan), scales -> sign and weight ``e`` of the last
      bit of the scaled sum, and whether that is zero, infinite or NaN.
    - ``dot_spec_sum``: that of the mac unit, which takes the scaled sum's magnitude p for a product.
    - ``dot_spec``: the two joined. ``lemma`` says that p is zero exactly where a factor is.
    """
    wide, acc = widths(config), config.acc_format
    ew = wide.exponent
    scales = {name: FORMATS[fmt].width for name, (fmt, _) in config.fields.items() if name not in "abcy"}
    body = ["  assign nan = block_nan, inf = block_inf, s = block_s, zero = block_zero;",
            f"  assign e = {config.lsb};"]  # fmt: skip
    if config.scale == "e8m0":
        codes = "$signed({1'b0, scale_a}) + $signed({1'b0, scale_b})"
        body = [
            "  assign nan = block_nan || &scale_a || &scale_b, inf = block_inf, s = block_s, zero = block_zero;",
            f"  assign e = {codes} + ({config.lsb - 254});",
        ]
    elif config.scale == "nvfp4":
        body = [spec.operand(name, FORMATS[fmt], config.flush, ew)
                for name, fmt in (("scale_a", "fp8_e4m3"), ("scale_b", "fp8_e4m3"), ("t", "fp32"))]  # fmt: skip
        body += [
            "  assign zero = block_zero || scale_a_m == 0 || scale_b_m == 0 || t_m == 0;",
            "  assign nan = block_nan || scale_a_nan || scale_b_nan || t_nan || t_inf && zero;",
            "  assign inf = t_inf, s = block_s ^ scale_a_s ^ scale_b_s ^ t_s;",
            f"  assign e = scale_a_e + scale_b_e + t_e + ({config.lsb});",
        ]
    text = spec.float_sum("dot_spec", numerics(config), wide)
    ports = "input block_s, input block_zero, input block_inf, input block_nan"
    ports += "".join(f", input [{width - 1}:0] {name}" for name, width in scales.items())
    given = ("block_s", "block_zero", "block_inf", "block_nan", *scales)
    known = ("s", "e", "inf", "nan", "zero")
    return f"""{text}
module dot_spec_block({ports},
    output s, output signed [{ew - 1}:0] e, output inf, output nan, output zero);
{chr(10).join(body)}
endmodule

module dot_spec({ports}, input [{wide.product - 1}:0] p, input [{acc.width - 1}:0] c,
    output [{acc.width - 1}:0] y, output lemma);
  wire s, inf, nan, zero;
  wire signed [{ew - 1}:0] e;
  dot_spec_block u_block({", ".join(f".{name}({name})" for name in (*given, *known))});
  dot_spec_sum u_sum(.s(s), .p(p), .e(e), .inf(inf), .nan(nan), .c(c), .y(y));
  assign lemma = nan || inf || (p == 0) == zero;
endmodule
"""


def specification(config: DotConfig, top: str = "dot_spec") -> Netlist:
    """A module of the specification's text as a netlist."""
    script = f"read_verilog spec.v\nhierarchy -check -top {top}\nproc\nflatten\n{GATES}\nwrite_json spec.json"
    return from_json(json.loads(made(script, {"spec.v": verilog(config)}, "spec.json")), top)


class Miter(Whole):
    """Circuit and specification over the same block (p, sign and what is special of each product), scales and c."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        config, aig = self.config, self.aig
        net = specification(config)
        specials = [(self.made[f"element{k}"]["special"], self.made[f"element{k}"]["sign"][0])
                    for k in range(config.elements)]  # fmt: skip
        # What a product can say of itself: nothing, that it is infinite, or NaN, where its formats have such codes.
        formats = (config.a_element.format, config.b_element.format)
        impossible = [bit for flag, has in ((INF, "has_inf"), (NAN, "has_nan")) for word, _ in specials
                      for bit in word[flag - 1 : flag] if not any(getattr(fmt, has) for fmt in formats)]  # fmt: skip
        self.assumed = [aig.land(*word) ^ 1 for word, _ in specials] + [bit ^ 1 for bit in impossible]
        minus, plus = (aig.any(aig.land(word[INF - 1], sign ^ invert) for word, sign in specials)
                       for invert in (0, 1))  # fmt: skip
        nan = aig.lor(aig.any(word[NAN - 1] for word, _ in specials), aig.land(plus, minus))
        inf = aig.land(aig.lor(plus, minus), nan ^ 1)
        root = self.made["root"]
        p = self.made["scaled"]["p"] if config.scale == "nvfp4" else root["p"]
        self.words = {name: self.field(name)[0] for name in net.inputs if name in config.fields}
        self.words |= {
            "block_s": [aig.mux(inf, minus, root["sign"][0])], "block_zero": root["zero"], "block_inf": [inf],
            "block_nan": [nan], "p": p,
        }  # fmt: skip
        (place,) = self.artifact.stream("out").payload
        specified = net.on(aig, self.words)
        self.y, self.expected = self.outputs[place.port], specified["y"]
        if config.scale != "nvfp4":
            # A block with infinite or NaN products has a root that says nothing.
            self.assumed += [specified["lemma"][0]]
        else:
            self.assumed += [specified["lemma"][0], *self._without_specials(root)]

    def _without_specials(self, root: dict[str, list[int]]) -> list[int]:
        """Elements of four bits are always numbers; the root's zero is that of its magnitude."""
        return [self.aig.lxor(self.aig.any(root["p"]), root["zero"][0])]


def lane(directory: Path) -> Verdict:
    """y is what the specification says, for every sum."""
    miter = Miter(directory)
    aig, assumed = miter.aig, list(miter.assumed)
    if solvers.model(aig, assumed) is None:
        return Verdict("unknown", "what is assumed of the block contradicts itself")
    wrong = aig.differ(miter.y, miter.expected)
    values = solvers.model(aig, [wrong, *assumed])
    if values is None:
        return Verdict("proved", f"kissat, sum of the block free in its {len(miter.words['p'])} bits")
    shown = {name: hex(solvers.word(values, word)) for name, word in miter.words.items()}
    return Verdict("refuted", "kissat", shown)
