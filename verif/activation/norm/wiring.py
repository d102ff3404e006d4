"""The norms' ranks: what each register takes, of which block or product, in every state."""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.cells import VALUE_BITS
from ....hw.activation.config.norm import PLACES, NormConfig
from ...aig import FALSE, TRUE
from ...prove import Verdict
from ..flat import structural
from ..memories import Pair
from ..wired import Wired, multiplied, shown, written


@structural
def wiring(directory: Path) -> Verdict:
    """Every register of the sums, of the root and of the results takes what the equations say, products included."""
    unit = Wired(directory)
    config = NormConfig(**unit.artifact.manifest["config"])
    if config.scaled and config.beats == 1:
        return Verdict("unknown", "constants of a row of one beat are no memory: their products are not stated")
    pairs = [*_sums(unit, config), *_root(unit, config), *_results(unit, config)]
    if unit.after_reset(unit.word("fresh")) != [TRUE]:
        return Verdict("refuted", "reset", {"fresh": "a reset must begin a row"})
    return unit.same(pairs)


def _sums(unit: Wired, config: NormConfig) -> list[Pair]:
    aig, width, x = unit.aig, config.input_format.width, unit.net.inputs["i_x"]
    left = config.elements - (config.beats - 1) * config.lanes
    closing = unit.equals(unit.word("number"), config.beats - 1)
    square = 2 * width - 1
    squares, lanes = unit.given("squares", "squares"), range(config.lanes)
    (accepts,) = unit.output("i_ready")
    pairs = written(unit, "beats", aig.land(unit.net.inputs["i_valid"][0], accepts), unit.word("write"), x)
    pairs.append(("squares are of x", unit.fed("squares", "words"), x))
    for k in lanes:
        there = closing ^ 1 if k >= left else TRUE
        for name, word in ((f"square{k}", squares[k * square :][:square]), (f"x{k}", x[k * width :][:width])):
            if name[0] == "s" or config.kind == "layer":
                pairs.append(unit.kept(name, TRUE, [aig.land(there, bit) for bit in word]))
    (fresh,), (looks,), (ends,) = (unit.word(name) for name in ("fresh", "looks_2", "ends_2"))
    for key, of, signed in (("squares", "square", False), ("sum", "x", True)):
        if key == "squares" or config.kind == "layer":
            beat, row = unit.word(f"beat_{key}"), unit.word(f"row_{key}")
            terms = [unit.word(f"{of}{k}") for k in lanes]
            pairs.append(unit.kept(f"beat_{key}", TRUE, unit.total(terms, len(beat), signed)))
            before = [aig.land(fresh ^ 1, bit) for bit in row]
            pairs.append(unit.kept(f"row_{key}", looks, aig.add(before, unit.wide(beat, len(row), signed))))
    pairs.append(unit.kept("fresh", looks, [ends]))
    return pairs


def _root(unit: Wired, config: NormConfig) -> list[Pair]:
    aig, width, layer = unit.aig, config.total_width, config.kind == "layer"
    product = unit.times_constant(unit.word("row_squares"), config.elements, len(unit.word("many_4")))
    pairs = [unit.kept("many_4", TRUE, product)]
    # Lowest bits of an even multiple need no registers.
    many = [FALSE if of == FALSE else bit for bit, of in zip(unit.word("many_4"), product, strict=True)]
    total = unit.wide(many, width)
    if layer:
        row = unit.word("row_sum")
        pairs.append(unit.kept("square_4", TRUE, multiplied(unit, "square_4", row, row, (True, True))))
        less = [bit ^ 1 for bit in unit.wide(unit.word("square_4"), width)]
        total = unit.plus(aig.add(total, less), TRUE)
    total = [*[FALSE] * (2 * config.fine), *total][:width]
    added = [TRUE if config.added >> i & 1 else FALSE for i in range(width)]
    pairs.append(unit.kept("total_5", TRUE, aig.add(total, added)))
    pairs.append(("what is normalised is T", unit.fed("normal", "value"), unit.word("total_5")))
    significand, zeros = unit.given("normal", "significand"), unit.given("normal", "zeros")
    size = (width - 1).bit_length()
    highest = [TRUE if width - 1 >> i & 1 else FALSE for i in range(size)]
    k = unit.plus(aig.add(highest, [bit ^ 1 for bit in unit.wide(zeros, size)]), TRUE)
    below = [*[FALSE] * max(PLACES + 1 - width, 0), *significand][-1 - PLACES : -1]
    pairs += [unit.kept("u_6", TRUE, [*below, k[0]]), unit.kept("h_6", TRUE, k[1:])]
    pairs.append(("the table is asked for u", unit.fed("root", "u"), unit.word("u_6")))
    for key in ("slope", "constant", "operand"):
        pairs.append(unit.kept(f"{key}_7", TRUE, unit.given("root", key)))
        pairs.append((f"the line's {key}", unit.fed("root_value", key), unit.word(f"{key}_7")))
    pairs.append(unit.kept("r_8", TRUE, unit.given("root_value", "y")))
    pairs += [unit.kept(f"h_{rank}", TRUE, unit.word(f"h_{rank - 1}")) for rank in (7, 8)]
    if layer:
        before = ["row_sum", *(f"sum_{rank}" for rank in range(4, 8))]
        pairs += [unit.kept(f"sum_{rank}", TRUE, unit.word(name)) for rank, name in enumerate(before, 4)]
    finding = [*unit.word("r_8"), *unit.word("h_8"), *(unit.word("sum_8") if layer else [])]
    return [*pairs, *written(unit, "found", unit.word("ends_8")[0], unit.word("found_row"), finding)]


def _results(unit: Wired, config: NormConfig) -> list[Pair]:
    aig, width, lanes = unit.aig, config.input_format.width, range(config.lanes)
    left = config.elements - (config.beats - 1) * config.lanes
    word, (looked, finding) = unit.word("word"), shown(unit, "found", unit.word("shown_row"))
    (offers,), (ready,) = unit.output("o_valid"), unit.net.inputs["o_ready"]
    enable = aig.lor(offers ^ 1, ready)
    r_end = VALUE_BITS + 1
    h_end = r_end + (config.total_width - 1).bit_length() - 1
    r, h = finding[:r_end], finding[r_end:h_end]
    pairs = [looked, unit.kept("r_at_1", enable, r), unit.kept("h_at_1", enable, h),
             unit.kept("h_at_2", enable, unit.word("h_at_1"))]  # fmt: skip
    constants: list[int] = []
    if config.scaled:
        constants = unit.word("constants_word")
        pairs += _constants(unit, config, enable)
    results: list[int] = []
    each = config.gamma_format.width + config.beta_format.width
    for k in lanes:
        own = constants[k * each :][:each]
        there = word[-1] ^ 1 if k >= left else TRUE
        pairs += _lane(unit, config, k, enable, there, [*word[k * width :][:width], *finding[h_end:]])
        if config.scaled:
            pairs += _scaled(unit, config, k, enable, own)
        else:
            pairs.append((f"z of lane {k}", unit.fed(f"result{k}", "z"), unit.word(f"z_3_{k}")))
        results += unit.given(f"result{k}", "y")
    y = unit.output("o_y")
    return [*pairs, ("y is of all lanes", unit.after(y), unit.mux(enable, results, y))]


def _lane(unit: Wired, config: NormConfig, k: int, enable: int, there: int, given: list[int]) -> list[Pair]:
    """A lane's ranks from x and the row's sum to z; ``there``: its number is of the row."""
    width = config.input_format.width
    pairs = [(f"x of lane {k}", unit.fed(f"centre{k}", "x"), given[:width])]
    if config.kind == "layer":
        pairs.append((f"sum of lane {k}", unit.fed(f"centre{k}", "sum"), given[width:]))
    v = multiplied(unit, f"v_2_{k}", unit.word(f"c_1_{k}"), unit.word("r_at_1"), (True, False))
    return [
        *pairs,
        unit.kept(f"c_1_{k}", enable, [unit.aig.land(there, bit) for bit in unit.given(f"centre{k}", "c")]),
        unit.kept(f"v_2_{k}", enable, v),
        (f"v of lane {k}", unit.fed(f"round{k}", "v"), unit.word(f"v_2_{k}")),
        (f"h of lane {k}", unit.fed(f"round{k}", "h"), unit.word("h_at_2")),
        unit.kept(f"z_3_{k}", enable, unit.given(f"round{k}", "z")),
    ]


def _scaled(unit: Wired, config: NormConfig, k: int, enable: int, own: list[int]) -> list[Pair]:
    """A lane's rank from z, gamma and beta (``own``) to what is rounded."""
    gamma = config.gamma_format.width
    p = multiplied(unit, f"p_4_{k}", unit.word(f"z_3_{k}"), own[:gamma], (True, True))
    return [
        unit.kept(f"p_4_{k}", enable, p),
        unit.kept(f"beta_4_{k}", enable, own[gamma:]),
        *((f"{key} of lane {k}", unit.fed(f"result{k}", key), unit.word(f"{key}_4_{k}")) for key in ("p", "beta")),
    ]


def _constants(unit: Wired, config: NormConfig, enable: int) -> list[Pair]:
    """Gamma and beta of each beat's places, in turn."""
    aig, gamma, beta = unit.aig, config.gamma_format, config.beta_format
    at, word = unit.word("place"), unit.word("constants_word")
    moves = aig.land(enable, unit.word("valid_2")[0])
    around = [aig.land(unit.equals(at, config.beats - 1) ^ 1, bit) for bit in unit.plus(at, TRUE)]
    columns = [0] * len(word)
    for beat in range(config.beats):
        for k in range(config.lanes):
            factor, added = config.constants(beat * config.lanes + k)
            code = factor & ((1 << gamma.width) - 1) | (added & ((1 << beta.width) - 1)) << gamma.width
            for bit in range(gamma.width + beta.width):
                columns[k * (gamma.width + beta.width) + bit] |= (code >> bit & 1) << beat
    # Places beyond the row's beats are not reached: the counter's sentence says so, from reset on.
    inside = aig.within(at, 0, config.beats - 1)
    wanted = [aig.mux(inside, aig.table(column, at), now)
              for column, now in zip(columns, unit.after(word), strict=True)]  # fmt: skip
    held = unit.mux(enable, wanted, word)
    return [unit.kept("place", moves, around), ("constants are of the place", unit.after(word), held)]
