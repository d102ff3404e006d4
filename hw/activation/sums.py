"""Circuits of sums of tables: a joint table, one level of adders, the clamp to a code, the choice of the largest."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, ValueLike

from ..fixed import signed_width
from .config.sums import Leaf


@dataclass(frozen=True)
class Node:
    """A partial sum that lies in low..high."""

    value: ValueLike
    low: int
    high: int


def shape_of(low: int, high: int) -> Shape:
    """The narrowest shape that holds low..high."""
    return Shape.cast(range(low, high + 1))


def table(m: Module, leaf: Leaf, codes: Mapping[int, ValueLike], name: str) -> Node:
    """A joint table, as one function of its address for each bit."""
    low, high = leaf.range
    if low == high:
        return Node(Const(low, shape_of(low, low)), low, high)
    entry = Signal(shape_of(low, high), name=name)
    address = Cat(codes[place] for place in leaf.places)
    bits = []
    for bit in range(len(entry)):
        column = sum((value >> bit & 1) << at for at, value in enumerate(leaf.entries))
        bits.append(Const(column, len(leaf.entries)).bit_select(address, 1))
    m.d.comb += entry.eq(Cat(bits))
    return Node(entry, low, high)


def add_pairs(m: Module, nodes: Sequence[Node], name: str) -> list[Node]:
    """One level of adders: neighbours are added, the last of an odd number goes on as it is."""
    out = []
    for k in range(0, len(nodes) - 1, 2):
        x, y = nodes[k : k + 2]
        total = Signal(shape_of(x.low + y.low, x.high + y.high), name=f"{name}_{k // 2}")
        m.d.comb += total.eq(x.value + y.value)
        out.append(Node(total, x.low + y.low, x.high + y.high))
    return [*out, *nodes[len(nodes) // 2 * 2 :]]


def clamp(m: Module, node: Node, shift: int, bits: int, name: str) -> Signal:
    """``clamp(sum >> shift, 0, 2^bits - 1)``; an end that the sum cannot pass costs nothing."""
    top = (1 << bits) - 1
    code = Signal(bits, name=name)
    kept = Value.cast(node.value) >> shift
    if node.high >> shift > top:
        kept = Mux(kept > top, top, kept)
    if node.low < 0:
        kept = Mux(Value.cast(node.value) < 0, 0, kept)
    m.d.comb += code.eq(kept)
    return code


@dataclass(frozen=True)
class Candidate:
    """A number and the place it came from."""

    value: ValueLike
    place: ValueLike


def larger(m: Module, of: Sequence[Candidate], width: int, name: str) -> list[Candidate]:
    """One level of comparisons: of neighbours the larger goes on, the first of equal ones."""
    out = []
    for k in range(0, len(of) - 1, 2):
        x, y = of[k : k + 2]
        first = Signal(name=f"{name}_{k // 2}_first")
        value = Signal(Value.cast(x.value).shape(), name=f"{name}_{k // 2}_value")
        place = Signal(width, name=f"{name}_{k // 2}_place")
        m.d.comb += [first.eq(x.value >= y.value), value.eq(Mux(first, x.value, y.value)),
                     place.eq(Mux(first, x.place, y.place))]  # fmt: skip
        out.append(Candidate(value, place))
    return [*out, *of[len(of) // 2 * 2 :]]


def logit_shape(nodes: Sequence[Node]) -> Shape:
    """The signed shape that holds every logit."""
    return Shape(signed_width(min(n.low for n in nodes), max(n.high for n in nodes)), signed=True)
