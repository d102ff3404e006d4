"""How the claims of a reloadable unit are tried: each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from .. import solvers
from ..aig import FALSE, TRUE, evaluate
from ..prove import Verdict
from .machine import Machine, State


def _never(machine: Machine, cases: Sequence[tuple[str, int]]) -> Verdict:
    """Proved if no literal can be true; each stands for the violation of a sentence."""
    for sentence, violation in cases:
        if violation != FALSE and (values := solvers.model(machine.aig, [violation])) is not None:
            state = {r.name: int(values[r.q >> 1]) for r in machine.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "registers": state})
    return Verdict("proved", f"{len(cases)} sentences about all states, kissat")


def _same(machine: Machine, left: Sequence[int], right: Sequence[int], what: str) -> Verdict:
    """Proved if two lists of functions are equal."""
    inputs = sorted(machine.aig.support([*left, *right]))
    if solvers.equivalent(machine.aig, left, right, inputs):
        return Verdict("proved", f"abc cec, {what}")
    return Verdict("refuted", "abc cec", {"violated": what})


def stall(directory: Path) -> Verdict:
    """A stall changes nothing, and the output depends on registers alone."""
    machine = Machine(directory)
    aig, state, beat, ready = machine.aig, machine.state(), machine.beat(), machine.aig.input()
    now = machine.outputs(state, beat, ready)
    if not machine.stream:
        seen = aig.support(now["o_y"]) <= set(machine.nodes)
        return _never(machine, [("the output depends on registers alone", FALSE if seen else TRUE)])
    offered, held = now["o_valid"][0], machine.step(state, beat, FALSE)
    moved = [aig.lxor(held[node], state[node]) for node in machine.nodes]
    return _never(machine, [
        ("nothing changes while the output waits", aig.land(offered, aig.any(moved))),
        ("a beat is taken unless the output waits", aig.lxor(now["i_ready"][0], aig.lor(offered ^ 1, ready))),
        ("the output depends on registers alone",
         FALSE if aig.support([offered, *now["o_y"]]) <= set(machine.nodes) else TRUE),
    ])  # fmt: skip


def state(directory: Path) -> Verdict:
    """Loads are counted up to N; a swap with a full table changes halves and leaves the config's, and empties."""
    machine = Machine(directory)
    aig, before, beat = machine.aig, machine.state(), machine.beat()
    after = machine.step(before, beat)
    filled, (own,), (half,) = (machine.word(name) for name in ("filled", "own", "half"))
    valid = beat["i_valid"][0] if machine.stream else TRUE
    load, swap = (aig.land(valid, beat[port][0]) for port in ("i_load", "i_swap"))
    loads = aig.land(load, machine.equals(filled, machine.count) ^ 1)
    sums = machine.plus(filled, loads)
    swaps = aig.land(swap, machine.equals(sums, machine.count))
    wanted = [
        ("filled", [aig.land(x, swap ^ 1) for x in sums], filled),
        ("own", [aig.land(own, swaps ^ 1)], [own]), ("half", [aig.lxor(half, swaps)], [half]),
    ]  # fmt: skip
    inside = aig.within(filled, 0, machine.count)
    return _never(machine, [
        *((f"{name} is what the beat says", aig.land(inside, aig.differ(machine.read(after, word), values)))
          for name, values, word in wanted),
        ("filled stays within N", aig.land(inside, aig.within(machine.read(after, filled), 0, machine.count) ^ 1)),
    ])  # fmt: skip


def order(directory: Path) -> Verdict:
    """A result comes L moves after each beat; none is left after reset, which brings the config's table back."""
    machine = Machine(directory)
    aig, latency, cases = machine.aig, machine.unit.latency, []
    beats = [machine.beat() for _ in range(latency + 1)]
    if machine.stream:
        end = machine.run(machine.state(), beats[:latency])
        offered = machine.outputs(end, beats[latency])["o_valid"][0]
        cases.append(("a result comes of every beat, and of nothing else", aig.lxor(offered, beats[0]["i_valid"][0])))
    if machine.artifact.reset:
        found: State = machine.step(machine.state(), beats[0], aig.input(), reset=True)
    else:
        found = {r.q >> 1: 2 * (r.q >> 1) if r.initial is None else r.initial for r in machine.registers}
    (own,) = machine.read(found, machine.word("own"))
    cases.append(("the config's table holds after reset", own ^ 1))
    cases.append(("no segment is loaded after reset", aig.any(machine.read(found, machine.word("filled")))))
    for move in range(latency if machine.stream else 0):
        cases.append((f"no result is left {move} moves after reset", machine.outputs(found, beats[move])["o_valid"][0]))
        found = machine.step(found, machine.idle())
    return _never(machine, cases)


def apart(directory: Path) -> Verdict:
    """In any state, whatever follows, a beat's answer is the one that it has alone once all before it is out."""
    machine = Machine(directory)
    begin, first = machine.state(), machine.beat(valid=1)
    behind = [machine.beat() for _ in range(machine.unit.latency)]
    left = machine.answer(begin, [first, *behind])
    alone = [first, *(machine.idle() for _ in behind)]
    return _same(machine, left, machine.answer(machine.drained(begin), alone), "a beat among beats as alone")


def writes(directory: Path) -> Verdict:
    """Once a beat is out, its segment of the spare table is what it brought, and all else is as before."""
    machine = Machine(directory)
    aig, begin, beat = machine.aig, machine.state(), machine.beat()
    filled, (half,) = machine.word("filled"), machine.word("half")
    before, after = machine.drained(begin), machine.drained(machine.step(begin, beat))
    loads = aig.land(beat["i_valid"][0] if machine.stream else TRUE, beat["i_load"][0])
    given = {"line": [*beat["i_slope"], *beat["i_bias"]], "knot": beat.get("i_knot", [])}
    inside = aig.within(filled, 0, machine.count)  # which it stays, by the claim ``state``
    left: list[int] = []
    right: list[int] = []
    for k, of_half, kind, word in machine.places():
        spare = half ^ 1 if of_half else half  # the other half than the one that holds
        here = aig.all([loads, spare, machine.equals(filled, k)])
        left += [aig.land(inside, x) for x in machine.read(after, word)]
        old = machine.read(before, word)
        right += [aig.land(inside, aig.mux(here, x, y)) for x, y in zip(given[kind], old, strict=True)]
    return _same(machine, left, right, f"{len(left)} bits of both tables")


def answer(directory: Path, tried: Sequence[int] = ()) -> Verdict:
    """A beat alone: under the config's table every code; or the codes given, under every table that can be loaded."""
    from . import describe, expect

    machine = Machine(directory)
    for code in tried:
        if (sentence := _loaded(machine, code)) is not None:
            return Verdict("refuted", "kissat", {"x": describe(machine.unit, "x", code), "table": sentence})
    if tried:
        return Verdict("proved", "all tables, kissat")
    aig, config = machine.aig, machine.unit
    (own,) = machine.word("own")
    x = aig.inputs(config.input_format.width)
    beat = {**machine.beat(valid=1, load=0, swap=0), "i_x": x}
    beats = [beat, *(machine.idle() for _ in range(config.latency))]
    y = machine.answer({**dict.fromkeys(machine.nodes, FALSE), own >> 1: TRUE ^ (own & 1)}, beats)
    codes = np.arange(1 << len(x), dtype=np.uint64)
    rest = [word for port, word in beat.items() if port not in ("i_x", "i_valid")]
    feed = [(x, codes), *((word, np.zeros(len(codes), np.uint64)) for word in rest)]
    found = evaluate(aig, {"y": y}, [(w, c) for w, c in feed if all(b > 1 for b in w)], len(codes))["y"]
    zeros = np.zeros(len(codes), np.uint64)
    inputs = {"x": codes, **{port.removeprefix("i_"): zeros for port in machine.fields if port != "i_x"}}
    wanted = expect(config, inputs)["y"]
    if len(bad := np.flatnonzero(found != wanted)):
        at = int(bad[0])
        shown = {"x": describe(config, "x", at), "y": describe(config, "y", int(found[at])),
                 "expected": describe(config, "y", int(wanted[at]))}  # fmt: skip
        return Verdict("refuted", "the config's table", shown)
    return Verdict("proved", f"all {len(codes)} codes under the config's table")


def _loaded(machine: Machine, code: int) -> str | None:
    """None if a code has the equations' y under every loaded table; else a table."""
    aig, config = machine.aig, machine.unit
    (own,), (half,) = machine.word("own"), machine.word("half")
    begin = {**dict.fromkeys(machine.nodes, FALSE)}
    table: dict[tuple[int, str], list[int]] = {}
    for k, of_half, kind, word in machine.places():
        begin |= {q >> 1: q for q in word}
        if of_half == 0:
            table[k, kind] = word
    begin |= {own >> 1: own & 1, half >> 1: half & 1}
    beat = machine.beat(valid=1, load=0, swap=0, x=code)
    y = machine.answer(begin, [beat, *(machine.idle() for _ in range(config.latency))])
    fmt = config.input_format
    number = code - (1 << fmt.width) if fmt.signed and code >> (fmt.width - 1) else code
    held = min(max(number, config.codes[0]), config.codes[1])
    wanted, rising = equation(machine, table, held)
    values = solvers.model(aig, [rising, aig.differ(y, wanted)])
    if values is None:
        return None
    return ", ".join(f"{kind} {k} = {solvers.word(values, word):#x}" for (k, kind), word in sorted(table.items()))


def equation(machine: Machine, table: dict[tuple[int, str], list[int]], x: int) -> tuple[list[int], int]:
    """y of an integer x by the config's equations on a table of symbols, and whether its knots do not fall."""
    aig, config = machine.aig, machine.unit
    u = x if config.symmetry == "none" else abs(x)
    width = 80

    def number(word: list[int], is_signed: bool) -> list[int]:
        return word + [word[-1] if is_signed else FALSE] * (width - len(word))

    def constant(value: int) -> list[int]:
        return [TRUE if value >> i & 1 else FALSE for i in range(width)]

    def times(word: list[int], value: int) -> list[int]:
        done = constant(0)
        for i in range(abs(value).bit_length()):
            if abs(value) >> i & 1:
                done = aig.add(done, ([FALSE] * i + word)[:width])
        return negated(done) if value < 0 else done

    def negated(word: list[int]) -> list[int]:
        return aig.add([b ^ 1 for b in word], constant(1))

    def at_most(a: list[int], b: list[int]) -> int:
        return aig.add(b, negated(a))[-1] ^ 1

    rising, passed = TRUE, []
    if config.knots == "free":
        knots = [number(table[k, "knot"], config.first < 0) for k in range(1, machine.count)]
        rising = aig.all([at_most(a, b) for a, b in pairwise(knots)])
        passed = [at_most(knot, constant(u)) for knot in knots]
        lines = [table[k, "line"] for k in range(machine.count)]
        line = lines[0]
        for k, beyond in enumerate(passed, 1):
            line = [aig.mux(beyond, a, b) for a, b in zip(lines[k], line, strict=True)]
    else:
        line = table[sum(at <= u for at in config.breakpoints), "line"]
    split, shift = config.slope_format.width, config.fraction_bits - config.bias_format.fraction_bits
    slope, bias = number(line[:split], config.slope_format.signed), number(line[split:], config.bias_format.signed)
    v = aig.add(times(slope, u), times(bias, 1 << shift))
    if x < 0 and config.symmetry in ("odd", "point"):
        v = aig.add(constant((config.centre << shift) if config.symmetry == "point" else 0), negated(v))
    elif config.symmetry == "relu":
        v = aig.add(v, constant(max(x, 0) << config.slope_format.fraction_bits))
    drop = config.fraction_bits - config.output_format.fraction_bits
    if drop > 0:
        v = aig.add(v, constant(1 << (drop - 1)))[drop:]
        v += [v[-1]] * (width - len(v))
    else:
        v = times(v, 1 << -drop)
    fmt = config.output_format
    low, high = constant(fmt.low), constant(fmt.high)
    under, over = at_most(low, v) ^ 1, at_most(v, high) ^ 1
    return [aig.mux(under, a, aig.mux(over, b, c)) for a, b, c in zip(low, high, v, strict=True)][: fmt.width], rising
