"""And-inverter graphs: building, simulating millions of vectors, and writing what solvers read.

A literal is ``2 * node + inverted``; node 0 is the constant false, so literals 0 and 1 are false and true. Nodes are
made after their fan-in, so their numbers are a topological order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

FALSE, TRUE = 0, 1


class Aig:
    """An and-inverter graph with structural hashing and constant folding."""

    def __init__(self) -> None:
        self.fanin: list[tuple[int, int] | None] = [None]
        self._table: dict[tuple[int, int], int] = {}

    def input(self) -> int:
        """A new input's literal."""
        self.fanin.append(None)
        return 2 * len(self.fanin) - 2

    def inputs(self, count: int) -> list[int]:
        return [self.input() for _ in range(count)]

    def land(self, x: int, y: int) -> int:
        """x and y, simplified by looking one level down (Brummayer and Biere, "Local two-level and-inverter graph
        minimization without blowup", MEMICS 2006)."""
        if x > y:
            x, y = y, x
        if x == FALSE or x == y ^ 1:
            return FALSE
        if x in (TRUE, y):
            return y
        if (found := self._table.get((x, y))) is not None:
            return found
        below_x, below_y = self.fanin[x >> 1], self.fanin[y >> 1]
        for u, v, below in ((x, y, below_x), (y, x, below_y)):
            if below is None:
                continue
            p, q = below
            if not u & 1:  # u = p and q
                if v in (p, q):
                    return u
                if v ^ 1 in (p, q):
                    return FALSE
            elif v ^ 1 in (p, q):  # u = not (p and q), v rules p or q out
                return v
            elif v == p:
                return self.land(v, q ^ 1)
            elif v == q:
                return self.land(v, p ^ 1)
        if x & 1 and y & 1 and below_x and below_y:
            # Neither (p and r) nor (not p and r) is: not r. What is left of a multiplexer with equal data.
            for p, r in (below_x, below_x[::-1]):
                if p ^ 1 in below_y and r in below_y:
                    return r ^ 1
        elif below_x and below_y and not (x & 1 or y & 1) and any(p ^ 1 in below_y for p in below_x):
            return FALSE
        self.fanin.append((x, y))
        found = self._table[x, y] = 2 * len(self.fanin) - 2
        return found

    def lor(self, x: int, y: int) -> int:
        """x or y."""
        return self.land(x ^ 1, y ^ 1) ^ 1

    def lxor(self, x: int, y: int) -> int:
        """x exclusive-or y."""
        return self.lor(self.land(x, y ^ 1), self.land(x ^ 1, y))

    def mux(self, select: int, x: int, y: int) -> int:
        """select ? x : y."""
        return self.lor(self.land(select, x), self.land(select ^ 1, y))

    def table(self, column: int, address: Sequence[int]) -> int:
        """Bit ``address`` of a column; equal halves are one."""
        known: dict[tuple[int, int], int] = {}

        def build(column: int, size: int) -> int:
            if not size or column in (0, (1 << (1 << size)) - 1):
                return TRUE if column & 1 else FALSE
            if (column, size) not in known:
                half = 1 << (size - 1)
                low, high = (build(part, size - 1) for part in (column & ((1 << half) - 1), column >> half))
                known[column, size] = low if low == high else self.mux(address[size - 1], high, low)
            return known[column, size]

        return build(column & ((1 << (1 << len(address))) - 1), len(address))

    def any(self, literals: Iterable[int]) -> int:
        """Disjunction, as a balanced tree."""
        level = list(literals)
        while len(level) > 1:
            level = [self.lor(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
        return level[0] if level else FALSE

    def all(self, literals: Iterable[int]) -> int:
        """Conjunction."""
        return self.any(x ^ 1 for x in literals) ^ 1

    def differ(self, x: Sequence[int], y: Sequence[int]) -> int:
        """Whether two words of equal width differ."""
        if len(x) != len(y):
            raise ValueError(f"words must be equally wide, not {len(x)} and {len(y)} bits")
        return self.any(self.lxor(i, j) for i, j in zip(x, y, strict=True))

    def add(self, x: Sequence[int], y: Sequence[int]) -> list[int]:
        """Sum of two words, modulo 2^len(x)."""
        carry, out = FALSE, []
        for i, j in zip(x, y, strict=True):
            half = self.lxor(i, j)
            out.append(self.lxor(half, carry))
            carry = self.lor(self.land(i, j), self.land(half, carry))
        return out

    def mul(self, x: Sequence[int], y: Sequence[int]) -> list[int]:
        """Product of two unsigned words, len(x) + len(y) bits."""
        total = [FALSE] * (len(x) + len(y))
        for i, bit in enumerate(y):
            row = [FALSE] * i + [self.land(bit, j) for j in x] + [FALSE] * (len(y) - i)
            total = self.add(total, row)
        return total

    def within(self, x: Sequence[int], low: int, high: int) -> int:
        """Whether an unsigned word lies in low..high."""
        return self.land(self._less(x, low) ^ 1, self._less(x, high + 1))

    def _less(self, x: Sequence[int], bound: int) -> int:
        if bound >> len(x):
            return TRUE
        less = FALSE
        for i, bit in enumerate(x):
            less = self.lor(bit ^ 1, less) if bound >> i & 1 else self.land(bit ^ 1, less)
        return less

    def cone(self, literals: Iterable[int]) -> list[int]:
        """Nodes that the literals depend on, in order (inputs included, the constant not)."""
        seen: set[int] = set()
        stack = [x >> 1 for x in literals]
        while stack:
            if (node := stack.pop()) and node not in seen:
                seen.add(node)
                if fan := self.fanin[node]:
                    stack += (fan[0] >> 1, fan[1] >> 1)
        return sorted(seen)

    def support(self, literals: Iterable[int]) -> set[int]:
        """Input nodes that the literals depend on structurally."""
        return {n for n in self.cone(literals) if self.fanin[n] is None}

    def copy(self, literals: Iterable[int], into: Aig, mapping: Mapping[int, int]) -> list[int]:
        """The literals rebuilt in ``into`` with input nodes replaced by the literals of ``mapping``.

        With ``into`` this graph itself and constants in the mapping it is a cofactor. Input nodes that the mapping does
        not hold stay what they are when ``into`` is this graph, and are errors otherwise.
        """
        literals = list(literals)
        new: dict[int, int] = {0: FALSE}
        for node in self.cone(literals):
            fan = self.fanin[node]
            if node in mapping:
                new[node] = mapping[node]
            elif fan is None:
                if into is not self:
                    raise KeyError(f"input node {node} must be mapped")
                new[node] = 2 * node
            else:
                x, y = fan
                new[node] = into.land(new[x >> 1] ^ (x & 1), new[y >> 1] ^ (y & 1))
        return [new[x >> 1] ^ (x & 1) for x in literals]

    def simulate(self, literals: Sequence[int], planes: Mapping[int, np.ndarray]) -> list[np.ndarray]:
        """Bit planes (uint64, one vector a bit) of the literals, given those of the input nodes."""
        value: dict[int, np.ndarray] = {}
        size = next(iter(planes.values())).shape if planes else (1,)
        zero = np.zeros(size, np.uint64)
        nodes = self.cone(literals)
        last = {x >> 1: node for node in nodes for x in self.fanin[node] or ()}
        kept = {x >> 1 for x in literals}

        def get(x: int) -> np.ndarray:
            plane = value[x >> 1] if x > 1 else zero
            return ~plane if x & 1 else plane

        for node in nodes:
            if (fan := self.fanin[node]) is None:
                value[node] = planes[node]
                continue
            value[node] = get(fan[0]) & get(fan[1])
            for done in {fan[0] >> 1, fan[1] >> 1}:
                # A plane that nothing needs any more is dropped: millions of vectors fit in memory.
                if last[done] == node and done not in kept and done:
                    value.pop(done, None)
        return [get(x) for x in literals]

    def cnf(self, asserted: Sequence[int]) -> tuple[str, dict[int, int]]:
        """DIMACS text that is satisfiable iff all literals can be true at once, and the variable of each input node."""
        nodes = self.cone(asserted)
        number = {node: index for index, node in enumerate(nodes, 1)}

        def lit(x: int) -> int:
            return -number[x >> 1] if x & 1 else number[x >> 1]

        clauses: list[str] = []
        for node in nodes:
            if fan := self.fanin[node]:
                n, x, y = number[node], lit(fan[0]), lit(fan[1])
                clauses.append(f"-{n} {x} 0\n-{n} {y} 0\n{n} {-x} {-y} 0\n")
        tops = "".join("0\n" if x == FALSE else f"{lit(x)} 0\n" for x in asserted if x != TRUE)
        count = 3 * len(clauses) + tops.count("\n")
        text = f"p cnf {len(nodes)} {count}\n" + "".join(clauses) + tops
        return text, {node: number[node] for node in nodes if self.fanin[node] is None}

    def aiger(self, outputs: Sequence[int], inputs: Sequence[int]) -> bytes:
        """Binary AIGER with those outputs and input nodes, in order."""
        nodes = [n for n in self.cone(outputs) if self.fanin[n]]
        number = {0: 0, **{n: i for i, n in enumerate(inputs, 1)}}
        body = bytearray()
        for node in nodes:
            number[node] = len(number)
            x, y = (2 * number[f >> 1] + (f & 1) for f in self.fanin[node] or ())
            x, y = max(x, y), min(x, y)
            for delta in (2 * number[node] - x, x - y):
                while delta > 0x7F:
                    body.append(delta & 0x7F | 0x80)
                    delta >>= 7
                body.append(delta)
        head = f"aig {len(inputs) + len(nodes)} {len(inputs)} 0 {len(outputs)} {len(nodes)}\n"
        tops = "".join(f"{2 * number[x >> 1] + (x & 1)}\n" for x in outputs)
        return head.encode() + tops.encode() + bytes(body)


def planes(codes: np.ndarray, width: int) -> list[np.ndarray]:
    """Bit planes of an array of codes (its length is padded with zeros to a multiple of 64)."""
    codes = np.asarray(codes, np.uint64)
    padded = np.zeros(-(-len(codes) // 64) * 64, np.uint64)
    padded[: len(codes)] = codes
    one = np.uint64(1)
    return [np.packbits(((padded >> np.uint64(i)) & one).astype(np.uint8), bitorder="little").view(np.uint64)
            for i in range(width)]  # fmt: skip


def codes(bits: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Codes of the first ``count`` vectors of bit planes."""
    out = np.zeros(count, np.uint64)
    for i, plane in enumerate(bits):
        out |= np.unpackbits(plane.view(np.uint8), bitorder="little")[:count].astype(np.uint64) << np.uint64(i)
    return out


def evaluate(aig: Aig, outputs: Mapping[str, Sequence[int]], values: Sequence[tuple[Sequence[int], np.ndarray]],
             count: int) -> dict[str, np.ndarray]:  # fmt: skip
    """Codes of the output words for arrays of codes of input words."""
    by_node: dict[int, np.ndarray] = {}
    for word, array in values:
        by_node.update(zip((x >> 1 for x in word), planes(array, len(word)), strict=True))
    flat = [x for word in outputs.values() for x in word]
    bits = iter(aig.simulate(flat, by_node))
    return {name: codes([next(bits) for _ in word], count) for name, word in outputs.items()}
