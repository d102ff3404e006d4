"""How the claims of the softmax on the network are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ....golden.activation.softmax import table
from ....hw.activation.config.cells import VALUE_BITS
from ....hw.activation.config.softmax import STEPS
from ....hw.noc.config.softmax import NocSoftmaxConfig
from ...activation.flat import Flat, structural
from ...activation.sums import less
from ...activation.tables import block, every_code
from ...activation.wired import Wired
from ...aig import FALSE, TRUE, evaluate
from ...artifact import Artifact
from ...prove import Verdict
from .. import shared
from ..shared import Cases

LINE = ("slope", "constant", "operand")


@structural
def largest(directory: Path) -> Verdict:
    """The largest number of a beat reaches the source as one, and the row's so far is kept."""
    flat = Flat(directory)
    config = NocSoftmaxConfig(**flat.artifact.manifest["config"])

    def cases(flat: Flat) -> Cases:
        aig, words = flat.aig, [[*x[:-1], x[-1] ^ 1] for x in shared.beat_of(config, flat)]
        found = shared.largest(flat, "beat_top_all", config.ahead + 1, words, flat.net.inputs["i_on"])
        (fresh,), (looks,), (ends,) = (
            flat.word(name) for name in ("x_fresh", f"x_looks_{config.ahead + 1}", f"x_ends_{config.ahead + 1}"))
        part, row = flat.word("beat_top_all"), flat.word("row_top")
        larger = aig.land(fresh ^ 1, less(aig, [*part, FALSE], [*row, FALSE]))
        wanted = flat.mux(looks, flat.mux(larger, row, part), row)
        begins = aig.lxor(flat.after([fresh])[0], aig.mux(looks, ends, fresh))
        return [*found, ("the row's largest so far", aig.differ(flat.after(row), wanted)),
                ("a row begins after an end", begins),
                ("a reset begins a row", FALSE if flat.after_reset([fresh]) == [TRUE] else TRUE)]  # fmt: skip

    return shared.decided(flat, cases)


@structural
def sums(directory: Path) -> Verdict:
    """The sum of a beat's powers reaches the source as one, and the row's so far is kept."""
    flat = Flat(directory)
    config = NocSoftmaxConfig(**flat.artifact.manifest["config"])

    def cases(flat: Flat) -> Cases:
        powers = [flat.word(f"e_5_{k}") for k in range(config.lanes)]
        found = shared.total(flat, "beat_sum_all", config.ahead + 1, powers, False)
        return [*found, *shared.row_total(flat, "beat_sum_all", "row_sum", config.ahead + 1, False),
                *shared.begins(flat, config.ahead + 1)]  # fmt: skip

    return shared.decided(flat, cases)


@structural
def told(directory: Path) -> Verdict:
    """Both findings of a row are at every router in time, and lanes take those of theirs."""
    unit = Wired(directory)
    config = NocSoftmaxConfig(**unit.artifact.manifest["config"])
    pairs, tops = shared.told(unit, config, "x_", "top_", 2 + config.ahead, unit.word("row_top"))
    finding = [*unit.word("sum_r_3"), *unit.word("sum_z_3")]
    more, findings = shared.told(unit, config, "", "sum_", 5 + config.ahead, finding)
    (offers,), (ready,) = unit.output("o_valid"), unit.net.inputs["o_ready"]
    enable, power = unit.aig.lor(offers ^ 1, ready), VALUE_BITS + 1
    pairs += more
    pairs += [unit.kept(f"r{r or ''}", enable, found[:power]) for r, found in enumerate(findings)]
    word, each = unit.word("word"), config.one + 1
    for k in range(config.lanes):
        z = findings[config.router_of(k)][power:]
        pairs.append((f"distance {k} is from the largest", unit.fed(f"distance{k}", "top"), tops[config.router_of(k)]))
        lane, aig = word[k * each :][:each], unit.aig
        here = [unit.equals(z, amount) for amount in range(1 << len(z))]
        shifted = [aig.any(aig.land(at, lane[i + amount]) for amount, at in enumerate(here) if i + amount < each)
                   for i in range(config.lowest + 1)]  # fmt: skip
        pairs.append(unit.kept(f"scaled{k}", enable, shifted))
    return unit.same(pairs)


@structural
def lines(directory: Path) -> Verdict:
    """Whatever the line held, after D + 1 cycles and F more a lane that stands still has its line of ``2^-f``."""
    flat = Flat(directory)
    config = NocSoftmaxConfig(**flat.artifact.manifest["config"])
    aig, flits = flat.aig, config.flits
    state = {node: 2 * node for node in flat.registers}
    if flits > 1:
        number, turn = flat.word("lines_number"), flat.word("turn")[0]
        if flat.after_reset([*number, turn]) != [FALSE] * len(number) + [FALSE]:
            return Verdict("refuted", "reset", {"violated": "a reset must begin the round"})
        around = [("the turn comes with the first flit", aig.lxor(
            flat.after([turn])[0], flat.equals(flat.after(number), 0)))]  # fmt: skip
        verdict = flat.never([*around, ("flits go round", aig.differ(flat.after(number), flat.plus(number, TRUE)))])
        if verdict.status != "proved":
            return verdict
        state[turn >> 1] = flat.equals(number, 0)
    places = ["launch", *(f"router{r}" for r in range(config.routers))]
    going = ["lines_number", "turn", *(f"line_{k}" for k in range(config.lanes)),
             *(f"lines_{place}_{key}" for place in places for key in ("word", "number"))]  # fmt: skip
    nodes = {x >> 1 for name in going if flat.has(name) for x in flat.word(name) if x > 1}
    for _ in range(config.depth + 1 + flits):
        values = aig.copy([flat.next[node] for node in nodes], aig, state)
        state |= dict(zip(nodes, values, strict=True))
    # Nothing waits behind: all ranks move with the turn.
    state[flat.word("middle_valid")[0] >> 1] = FALSE
    f = np.arange(1 << STEPS, dtype=np.uint64)
    wanted = table(config.exp_table, torch.from_numpy(f.astype(np.int64))).numpy()
    for k in range(config.lanes):
        asked, value = flat.word(f"f_2_{k}"), block(flat.artifact, f"exp_value{k}")
        turns = aig.copy(flat.word("turn"), aig, state)[0] if flits > 1 else TRUE
        taken = {key: aig.copy(flat.after(flat.word(f"{key}_3_{k}")), aig, state) for key in LINE}
        free = {x >> 1 for x in (*asked, *(flat.word("lines_number") if flits > 1 else ()))}
        whole = [x for word in taken.values() for x in word]
        others = dict.fromkeys(aig.support([turns, *whole]) - free, FALSE)
        cleared = aig.copy([turns, *whole], aig, others)
        verdict = flat.never([(f"the line of lane {k} depends on its f alone",
                               aig.land(turns, aig.differ(cleared, [turns, *whole])))])  # fmt: skip
        if verdict.status != "proved":
            return verdict
        turns = cleared[0]
        taken = {key: aig.copy(word, aig, others) for key, word in taken.items()}
        for first in range(flits):
            feed = [(asked, f)]
            if flits > 1:
                feed.append((flat.word("lines_number"), np.full(len(f), first, np.uint64)))
            shown = evaluate(aig, {**taken, "turn": [turns]}, feed, len(f))
            if not shown["turn"].any():
                continue
            given = [(value.inputs[key], shown[key]) for key in LINE]
            y = evaluate(value.aig, {"y": value.outputs["y"]}, given, len(f))["y"]
            if len(bad := np.flatnonzero(y != wanted)):
                at = int(bad[0])
                return Verdict("refuted", "all codes against the golden model", {
                    "lane": k, "f": at, "found": int(y[at]), "expected": int(wanted[at])})  # fmt: skip
    of_sum = every_code(Artifact.load(directory), [("sum", "sum_value", config.sum_table)])
    if of_sum.status != "proved":
        return of_sum
    return Verdict("proved", f"{len(f)} codes in {config.lanes} lanes after {config.depth + 1 + flits} cycles from any "
                   f"state of the line, and {of_sum.method}")  # fmt: skip
