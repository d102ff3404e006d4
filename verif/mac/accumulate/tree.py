"""The addition of an accumulator's partial sums: which are added to which, and what an addition is."""

from __future__ import annotations

from pathlib import Path

from ....hw.mac.config import MacConfig
from ....hw.mac.config.accumulate import AccumulateConfig
from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...prove import Verdict
from ..anchor.proofs import specification
from .ring import Ring

LIMIT = 1 << 12  # cycles in which partial sums must be added


class Unrolled:
    """An addition of partial sums from its first cycle to its last, the bank's words free.

    Parameters
    ----------
    found : Ring
    count : int
        Partial sums that there are: numbers 0 to count - 1.

    Attributes
    ----------
    aig : Aig
    words : list
        Literals of the partial sums, ``words[i][lane]``.
    first : list of int
        What partial sum 0 of lane 0 is after the first addition to it.
    total : list
        Each lane's total.
    cycles : int
        Until it is there.
    """

    def __init__(self, found: Ring, count: int):
        self.aig = aig = Aig()
        k, lanes = found.k, len(found.y) // found.config.acc_format.width
        width = found.config.acc_format.width
        total = found.net.outputs["o_y"]
        bank = [[total[lane * width : (lane + 1) * width] if i == 0 else found.word(f"bank_{i}_{lane}")
                 for lane in range(lanes)] for i in range(k)]  # fmt: skip
        self.words = [[aig.inputs(width) for _ in range(lanes)] for _ in range(k)]
        kept = list(dict.fromkeys(r.q >> 1 for name, r in found.named.items() if name.startswith("reduce_")))
        at = dict(zip(kept, aig.inputs(len(kept)), strict=True))
        at |= {x >> 1: FALSE for x in found.word("reduce_at")}
        at |= {found.reducing >> 1: TRUE, found.done >> 1: FALSE}
        at |= {found.bit(f"present_{j}") >> 1: TRUE if j < count else FALSE for j in range(k)}
        for row, free in zip(bank, self.words, strict=True):
            at |= {x >> 1: y for word, own in zip(row, free, strict=True) for x, y in zip(word, own, strict=True)}
        nexts = [found.next[node] for node in at]
        outside = found.aig.support(nexts) - set(at) - set(found.quiet)
        self.first, self.cycles = [], 0

        def held(word: list[int]) -> list[int]:
            return [at[x >> 1] for x in word]

        while at[found.reducing >> 1] == TRUE and at[found.done >> 1] == FALSE and self.cycles < LIMIT:
            values = found.quiet | at | dict(zip(outside, aig.inputs(len(outside)), strict=True))
            at = dict(zip(at, found.aig.copy(nexts, aig, values), strict=True))
            self.cycles += 1
            if not self.first and held(bank[0][0]) != self.words[0][0]:
                self.first = held(bank[0][0])
        if at[found.done >> 1] != TRUE or at[found.reducing >> 1] != FALSE:
            raise ValueError("partial sums must be added in cycles that do not depend on them")
        self.total = [held(word) for word in bank[0]]

    def sum_of(self, x: list[int], c: list[int]) -> list[int]:
        """The first addition's function of other words."""
        mapping = {i >> 1: j for word, own in zip((self.words[0][0], self.words[1][0]), (x, c), strict=True)
                   for i, j in zip(word, own, strict=True)}  # fmt: skip
        return self.aig.copy(self.first, self.aig, mapping)


def tree(directory: Path) -> Verdict:
    """The total is the pairwise sum in the documented order, for each number of partial sums that there are.

    Those that there are not count as neutral.
    """
    found = Ring(Artifact.load(directory))
    config, k = found.config, found.k
    neutral = [TRUE if config.neutral >> i & 1 else FALSE for i in range(config.acc_format.width)]
    methods, cycles = set[str](), set[int]()
    for count in range(k, 0, -1):
        run = Unrolled(found, count)
        cycles.add(run.cycles)
        if count == k:
            whole = run
            words = {x >> 1 for i in (0, 1) for x in run.words[i][0]}
            if not run.aig.support(run.first) <= words:
                where = "the first addition must be of partial sums 0 and 1"
                return Verdict("refuted", "structure", {"where": where})
        aig = run.aig
        # The addition itself is that of all partial sums, in this graph.
        inside = {i >> 1: j for a, b in zip(whole.words, run.words, strict=True) for u, v in zip(a, b, strict=True)
                  for i, j in zip(u, v, strict=True)}  # fmt: skip
        run.first = whole.aig.copy(whole.first, aig, inside) if count < k else run.first
        for lane in range(len(run.total)):
            p = [run.words[i][lane] if i < count else neutral for i in range(k)]
            for level in config.tree:
                for i, j in level:
                    p[i] = run.sum_of(p[i], p[j])
            wrong = aig.differ(p[0], run.total[lane])
            methods.add("single additions' gates" if wrong == FALSE else "kissat")
            if (values := solvers.model(aig, [wrong])) is not None:
                shown = {f"p{i}": hex(solvers.word(values, run.words[i][lane])) for i in range(count)}
                return Verdict("refuted", "kissat", {"lane": lane, **shown})
    return Verdict("proved", f"unrolled {', '.join(map(str, sorted(cycles)))} cycles; {', '.join(sorted(methods))}")


def adder(config: AccumulateConfig) -> MacConfig:
    """The multiply-accumulate whose specification, with 1 for b, is that of an addition of partial sums."""
    numerics = {name: getattr(config, name) for name in ("rounding", "subnormals", "overflow")}
    return MacConfig(**{"a": config.acc, "b": "uint2", "acc": config.acc, **numerics})


def addition(directory: Path) -> Verdict:
    """An addition of two partial sums is the specification's ``x * 1 + c``, or the integer sum."""
    found = Ring(Artifact.load(directory))
    config, run = found.config, Unrolled(found, found.k)
    aig, (x, c) = run.aig, (run.words[0][0], run.words[1][0])
    if config.acc_format.is_integer:
        exact = aig.add([*x, x[-1]], [*c, c[-1]])
        sum_, over = exact[:-1], aig.lxor(exact[-1], exact[-2])
        if config.overflow == "saturate":
            sum_ = [aig.mux(over, exact[-1] ^ (i < len(x) - 1), bit) for i, bit in enumerate(sum_)]
        expected = sum_
    else:
        net = specification(adder(config))
        one = [TRUE, FALSE]
        mapping = {i >> 1: j for name, own in (("a", x), ("b", one), ("c", c))
                   for i, j in zip(net.inputs[name], own, strict=True)}  # fmt: skip
        free = mapping | {i >> 1: FALSE for i in net.inputs["p"]}
        factor = net.aig.copy(net.outputs["sa"], aig, free)
        product = [*factor, *[FALSE] * (len(net.inputs["p"]) - len(factor))]
        mapping |= dict(zip((i >> 1 for i in net.inputs["p"]), product, strict=True))
        expected = net.aig.copy(net.outputs["y"], aig, mapping)
    wrong = aig.differ(run.first, expected)
    if (values := solvers.model(aig, [wrong])) is None:
        return Verdict("proved", f"kissat, {len(aig.cone([wrong]))} nodes")
    shown = {"x": hex(solvers.word(values, x)), "c": hex(solvers.word(values, c)),
             "y": hex(_value(aig, values, run.first)), "expected": hex(_value(aig, values, expected))}  # fmt: skip
    return Verdict("refuted", "kissat", shown)


def _value(aig: Aig, values: dict[int, bool], literals: list[int]) -> int:
    """The number that a word of functions is in a model."""
    constants = {node: TRUE if values.get(node) else FALSE for node in aig.support(literals)}
    return sum((x & 1) << i for i, x in enumerate(aig.copy(literals, aig, constants)))
