"""The softmax's ranks: what each register takes, of which block or product, in every state."""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.cells import VALUE_BITS
from ....hw.activation.config.softmax import PLACES, STEPS, SoftmaxConfig
from ...aig import FALSE, TRUE
from ...prove import Verdict
from ..flat import structural
from ..memories import Pair
from ..sums import less
from ..wired import Wired, multiplied, shown, written

POWER = VALUE_BITS + 1
LINE = ("slope", "constant", "operand")


@structural
def wiring(directory: Path) -> Verdict:
    """Every register from numbers to probabilities takes what the equations say, products included."""
    unit = Wired(directory)
    config = SoftmaxConfig(**unit.artifact.manifest["config"])
    pairs = [*_numbers(unit, config), *_powers(unit, config), *(_running(unit, config) if config.online else []),
             *_reciprocal(unit, config), *_results(unit, config)]  # fmt: skip
    fresh = ["fresh"] if config.online else ["fresh", "x_fresh"]
    if any(unit.after_reset(unit.word(name)) != [TRUE] for name in fresh):
        return Verdict("refuted", "reset", {"fresh": "a reset must begin a row"})
    valid = [f"power_valid_{rank}" for rank in range(1, 4)] + ["middle_valid"]
    if any(unit.after_reset(unit.word(name)) != [FALSE] for name in valid):
        return Verdict("refuted", "reset", {"valid": "a reset must leave no beat between the rings"})
    return unit.same(pairs)


def _beat(unit: Wired, config: SoftmaxConfig) -> list[list[int]]:
    """Of each lane, the number from 0 on, and ``on`` above it."""
    width, x, on = config.input_format.width, unit.net.inputs["i_x"], unit.net.inputs["i_on"]
    return [[*x[k * width :][: width - 1], x[(k + 1) * width - 1] ^ 1, on[k]] for k in range(config.lanes)]


def _numbers(unit: Wired, config: SoftmaxConfig) -> list[Pair]:
    """Two passes: the ring of numbers, and the row's largest."""
    if config.online:
        return []
    aig, lanes, (taken,) = unit.aig, _beat(unit, config), unit.output("i_ready")
    words = [bit for lane in lanes for bit in lane]
    pairs = written(unit, "x_beats", aig.land(unit.net.inputs["i_valid"][0], taken), unit.word("x_write"), words)
    (fresh,), (looks,), (ends,) = (unit.word(name) for name in ("x_fresh", "x_looks_1", "x_ends_1"))
    part, row = unit.word("beat_top"), unit.word("row_top")
    larger = less(aig, [*part, FALSE], [*row, FALSE])
    pairs += [
        ("the largest is of x", unit.fed("top", "window"), [bit for lane in lanes for bit in lane[:-1]]),
        ("the largest is of those on", unit.fed("top", "on"), [lane[-1] for lane in lanes]),
        unit.kept("beat_top", TRUE, unit.given("top", "highest")),
        unit.kept("row_top", looks, unit.mux(aig.land(fresh ^ 1, larger), row, part)),
        unit.kept("x_fresh", looks, [ends]),
    ]
    return [*pairs, *written(unit, "x_found", unit.word("x_ends_2")[0], unit.word("x_found_row"), row)]


def _room(unit: Wired) -> int:
    """Whether the last ring takes a beat."""
    return unit.aig.differ(unit.plus(unit.word("write"), TRUE), unit.word("read"))


def _powers(unit: Wired, config: SoftmaxConfig) -> list[Pair]:
    """From numbers to what the last ring keeps of each beat."""
    aig, width, count = unit.aig, config.input_format.width, config.lanes
    (middle,) = unit.word("middle_valid")
    enable = aig.lor(middle ^ 1, _room(unit))
    ranks = 4 if config.online else 5
    if config.online:
        lanes, top = _beat(unit, config), [TRUE] * width
        valid, last = unit.net.inputs["i_valid"], unit.net.inputs["i_last"]
        looked = ("a beat is taken when the ranks move", unit.output("i_ready"), [enable])
    else:
        word = unit.word("x_word")
        looked, top = shown(unit, "x_found", unit.word("x_shown_row"))
        lanes = [word[k * (width + 1) :][: width + 1] for k in range(count)]
        valid, last = unit.word("x_reads"), word[-1:]
    pairs: list[Pair] = [looked]
    for rank in range(1, ranks + 1):
        flag = "middle_valid" if rank == ranks else f"power_valid_{rank}"
        pairs += [unit.kept(flag, enable, valid), unit.kept(f"power_last_{rank}", enable, last)]
        valid, last = unit.word(flag), unit.word(f"power_last_{rank}")
    words: list[int] = []
    for k, lane in enumerate(lanes):
        of = {key: [unit.word(f"{key}_{rank}_{k}") for rank in found] for key, found in (
            ("d", (1,)), ("f", (2,)), ("on", range(1, 5)), ("n", range(2, 5)), ("m", (4,)))}  # fmt: skip
        pairs += [
            (f"distance {k} is from the largest", unit.fed(f"distance{k}", "top"), top),
            (f"distance {k} is of x", unit.fed(f"distance{k}", "x"), lane[:-1]),
            unit.kept(f"d_1_{k}", enable, unit.given(f"distance{k}", "d")),
            (f"exponent {k} is of d", unit.fed(f"exponent{k}", "d"), of["d"][0]),
            unit.kept(f"n_2_{k}", enable, unit.given(f"exponent{k}", "n")),
            unit.kept(f"f_2_{k}", enable, unit.given(f"exponent{k}", "f")),
            (f"table {k} is asked for f", unit.fed(f"exp{k}", "u"), of["f"][0][:STEPS]),
            unit.kept(f"m_4_{k}", enable, unit.given(f"exp_value{k}", "y")),
        ]
        for key in LINE:
            pairs.append(unit.kept(f"{key}_3_{k}", enable, unit.given(f"exp{k}", key)))
            pairs.append((f"the line's {key} {k}", unit.fed(f"exp_value{k}", key), unit.word(f"{key}_3_{k}")))
        before = [lane[-1:], *of["on"]]
        pairs += [unit.kept(f"on_{rank}_{k}", enable, before[rank - 1]) for rank in range(1, 5)]
        pairs += [unit.kept(f"n_{rank}_{k}", enable, of["n"][rank - 3]) for rank in (3, 4)]
        kept = [*of["m"][0], *of["n"][-1], *of["on"][-1]]
        if not config.online:
            fed = [*unit.fed(f"power{k}", "value"), *unit.fed(f"power{k}", "steps"), *unit.fed(f"power{k}", "on")]
            pairs += [(f"power {k} is of m, n and on", fed, kept),
                      unit.kept(f"e_5_{k}", enable, unit.given(f"power{k}", "e"))]  # fmt: skip
            kept = unit.word(f"e_5_{k}")
        words += kept
    return [*pairs, *written(unit, "beats", aig.land(middle, _room(unit)), unit.word("write"), words)]


def _minus(unit: Wired, x: list[int], y: list[int]) -> list[int]:
    return unit.plus(unit.aig.add(x, [bit ^ 1 for bit in unit.wide(y, len(x))]), TRUE)


def _running(unit: Wired, config: SoftmaxConfig) -> list[Pair]:
    """Online: the least n and the sum of a beat, and those of the row so far."""
    count = config.exponent_width - STEPS
    lanes = [[*unit.word(f"m_4_{k}"), *unit.word(f"n_4_{k}"), *unit.word(f"on_4_{k}")] for k in range(config.lanes)]
    each = POWER + count + 1
    kept, least = unit.word("first_words"), unit.word("first_least")
    (fresh,), (looks,), (ends,) = (unit.word(name) for name in ("fresh", "looks_2", "ends_2"))
    row, row_least = unit.word("row_sum"), unit.word("row_least")
    pairs: list[Pair] = [
        ("the least is of n", unit.fed("least", "window"), [bit ^ 1 for lane in lanes for bit in lane[POWER:-1]]),
        ("the least is of those on", unit.fed("least", "on"), [lane[-1] for lane in lanes]),
        unit.kept("first_words", TRUE, [bit for lane in lanes for bit in lane]),
        unit.kept("first_least", TRUE, [bit ^ 1 for bit in unit.given("least", "highest")]),
    ]
    terms: list[int] = []
    for k in range(config.lanes):
        word = kept[k * each :][:each]
        fed = [*unit.fed(f"term{k}", "value"), *unit.fed(f"term{k}", "steps"), *unit.fed(f"term{k}", "on")]
        wanted = [*word[:POWER], *_minus(unit, word[POWER:-1], least), word[-1]]
        pairs.append((f"term {k} is of m, n - b and on", fed, wanted))
        terms += unit.given(f"term{k}", "e")
    return [
        *pairs,
        ("a beat's sum is of its terms", unit.fed("total", "words"), terms),
        unit.kept("beat_sum", TRUE, unit.given("total", "total")),
        unit.kept("beat_least", TRUE, least),
        ("a row begins with 0", unit.fed("move", "row"), [unit.aig.land(fresh ^ 1, bit) for bit in row]),
        ("a row begins with the largest n", unit.fed("move", "row_base"), [unit.aig.lor(fresh, b) for b in row_least]),
        ("the beat's sum is moved", unit.fed("move", "beat"), unit.word("beat_sum")),
        ("the beat's least n", unit.fed("move", "beat_base"), unit.word("beat_least")),
        unit.kept("row_sum", looks, unit.given("move", "sum")),
        unit.kept("row_least", looks, unit.given("move", "base")),
        unit.kept("fresh", looks, [ends]),
    ]


def _reciprocal(unit: Wired, config: SoftmaxConfig) -> list[Pair]:
    """What is found about a row."""
    top, bases = config.sum_width - 1, config.online
    significand, zeros = unit.given("normal", "significand"), unit.given("normal", "zeros")
    size = (top - config.lowest).bit_length()
    number = [TRUE if (top - config.lowest) >> i & 1 else FALSE for i in range(size)]
    pairs: list[Pair] = [
        ("what is normalised is the row's sum", unit.fed("normal", "value"), unit.word("row_sum")),
        unit.kept("sum_g_1", TRUE, significand[top - PLACES : top]),
        unit.kept("sum_z_1", TRUE, _minus(unit, number, zeros)),
        ("the table is asked for g", unit.fed("sum", "u"), unit.word("sum_g_1")),
        unit.kept("sum_r_3", TRUE, unit.given("sum_value", "y")),
        *(unit.kept(f"sum_z_{rank}", TRUE, unit.word(f"sum_z_{rank - 1}")) for rank in (2, 3)),
    ]
    for key in LINE:
        pairs.append(unit.kept(f"sum_{key}_2", TRUE, unit.given("sum", key)))
        pairs.append((f"the line's {key}", unit.fed("sum_value", key), unit.word(f"sum_{key}_2")))
    finding = [*unit.word("sum_r_3"), *unit.word("sum_z_3")]
    if bases:
        before = ["row_least", "sum_base_1", "sum_base_2"]
        pairs += [unit.kept(f"sum_base_{rank}", TRUE, unit.word(name)) for rank, name in enumerate(before, 1)]
        finding += unit.word("sum_base_3")
    (ends,) = unit.word("ends_6" if bases else "ends_5")
    return [*pairs, *written(unit, "found", ends, unit.word("found_row"), finding)]


def _results(unit: Wired, config: SoftmaxConfig) -> list[Pair]:
    """Probabilities of a beat beside its row's finding."""
    aig, count = unit.aig, config.exponent_width - STEPS
    word, (looked, finding) = unit.word("word"), shown(unit, "found", unit.word("shown_row"))
    (offers,), (ready,) = unit.output("o_valid"), unit.net.inputs["o_ready"]
    enable = aig.lor(offers ^ 1, ready)
    size = (config.sum_width - 1 - config.lowest).bit_length()
    r, z, base = finding[:POWER], finding[POWER:][:size], finding[POWER + size :]
    each = POWER + count + 1 if config.online else config.one + 1
    width = config.lowest + 1
    pairs = [looked, unit.kept("r", enable, r), unit.kept("last_1", enable, word[-1:]),
             unit.kept("last_2", enable, unit.word("last_1"))]  # fmt: skip
    results: list[int] = []
    for k in range(config.lanes):
        lane, scaled, product = word[k * each :][:each], unit.word(f"scaled{k}"), unit.word(f"product{k}")
        if config.online:
            n = unit.wide(lane[POWER:-1], count + 1)
            steps = aig.add(_minus(unit, n, base), unit.wide(z, count + 1))
            fed = [*unit.fed(f"power{k}", "value"), *unit.fed(f"power{k}", "steps"), *unit.fed(f"power{k}", "on")]
            pairs.append((f"power {k} is of m, n - b + z and on", fed, [*lane[:POWER], *steps, lane[-1]]))
            shifted = unit.given(f"power{k}", "e")
        else:
            cases = [unit.equals(z, amount) for amount in range(1 << size)]
            shifted = [aig.any(aig.land(here, lane[i + amount]) for amount, here in enumerate(cases)
                               if i + amount < each) for i in range(each)]  # fmt: skip
        pairs += [
            unit.kept(f"scaled{k}", enable, shifted[:width]),
            unit.kept(f"product{k}", enable, multiplied(unit, f"product{k}", scaled, unit.word("r"), (False, False))),
            (f"result {k} is of the product", unit.fed(f"result{k}", "product"), product),
        ]
        results += unit.given(f"result{k}", "y")
    y, end = unit.output("o_y"), unit.output("o_end")
    return [*pairs, ("y is of all lanes", unit.after(y), unit.mux(enable, results, y)),
            ("the row's end goes with it", unit.after(end), unit.mux(enable, unit.word("last_2"), end))]  # fmt: skip
