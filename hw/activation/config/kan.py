"""What a network of learned functions on edges is: tables and offsets (what), joint tables and registers (how)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import signed_width
from .sums import Leaf, depth, joined, settled, span

MAX_CODE_BITS, MAX_ENTRY_BITS, MAX_WIDTH, MAX_SHIFT = 10, 16, 4096, 24


class Edge(NamedTuple):
    """A live edge: ``entries[code of source] << shift`` is added to the sum of ``target``."""

    layer: int
    source: int
    target: int
    bits: int
    shift: int
    entries: tuple[int, ...]

    @property
    def values(self) -> tuple[int, ...]:
        """What is added, by code."""
        return tuple(entry << self.shift for entry in self.entries)


class KanConfig(Config):
    """A Kolmogorov-Arnold network in integers: a table on every edge, sums, codes again.

    With ``x_0`` the input's codes, in layer l

        s_k = offset_lk + sum over edges (j, k) of T_ljk[x_l,j] << shift_ljk

    and ``x_(l+1),k = clamp(s_k >> shifts_l, 0, 2^bits_(l+1) - 1)``. The last layer's sums are the logits. An edge that
    is not there adds nothing. Codes have no sign: what number a code stands for is the trainer's affair.

    Parameters
    ----------
    network : str
        What the network is called.
    widths : tuple of int
        Inputs, neurons of each layer.
    bits : tuple of int
        Bits of the codes that each layer takes, 1 to 10.
    edges : tuple of tuples of int
        One for each live edge: layer, from, to, bits of a signed entry (1 to 16), shift (0 to 15), and the entries,
        one for each code.
    offsets : tuple of tuples of int
        For each layer one for each neuron.
    shifts : tuple of int
        Right shift after each layer but the last, 0 to 24; it rounds down, and the offset may hold half a step.
    output : str
        ``logits``: the last sums. ``argmax``: the number of the largest, the first of equal ones.
    address : int
        Tables of one sum are joined while the codes of their inputs fit so many bits, 1 to 12.
    registers : int
        A register follows every so many steps: the first adders of a layer with the tables before them, each level of
        adders after that, the clamp, each level of comparisons. Every layer ends with one. 1 to 8.
    interface : str
        ``stream`` or ``bare``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.

    Source: KANELE, arXiv 2512.12850 (tables on edges, sums, quantised again).
    """

    unit: ClassVar[str] = "kan"

    network: str = Field("digits", min_length=1, max_length=64, description="name of the network")
    widths: tuple[int, ...] = Field((), description="inputs, and neurons of each layer")
    bits: tuple[int, ...] = Field((), description="bits of the codes that each layer takes")
    edges: tuple[tuple[int, ...], ...] = Field((), description="layer, from, to, bits, shift, entries of each")
    offsets: tuple[tuple[int, ...], ...] = Field((), description="added to each sum")
    shifts: tuple[int, ...] = Field((), description="right shift of the sums of all layers but the last")
    output: Literal["logits", "argmax"] = Field("logits", description="what comes out")
    address: int = Field(6, ge=1, le=12, description="most address bits of a joint table")
    registers: int = Field(1, ge=1, le=8, description="steps between registers")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        layers = len(self.widths) - 1
        if layers < 1:
            raise ValueError(f"widths must be at least two numbers, inputs and outputs, not {self.widths}")
        for key, count in (("bits", layers), ("offsets", layers), ("shifts", layers - 1)):
            if len(getattr(self, key)) != count:
                raise ValueError(f"{key} must be {count} for {layers} layers, not {len(getattr(self, key))}")
        for key, low, high in (("widths", 1, MAX_WIDTH), ("bits", 1, MAX_CODE_BITS), ("shifts", 0, MAX_SHIFT)):
            if bad := [value for value in getattr(self, key) if not low <= value <= high]:
                raise ValueError(f"{key} must be {low} to {high}, not {bad[0]}")
        for layer, (offsets, width) in enumerate(zip(self.offsets, self.widths[1:], strict=True)):
            if len(offsets) != width:
                raise ValueError(f"offsets of layer {layer} must be {width}, one for each neuron, not {len(offsets)}")
            if bad := [value for value in offsets if abs(value) >= 1 << 31]:
                raise ValueError(f"offsets must be integers of 32 bits, not {bad[0]}")
        if self.output == "argmax" and self.widths[-1] < 2:
            raise ValueError(f"output=argmax requires at least 2 outputs, not {self.widths[-1]}")
        seen: set[tuple[int, ...]] = set()
        for row in self.edges:
            self._edge(row)
            if row[:3] in seen:
                raise ValueError(f"edges must be different, not twice {_name(row)}")
            seen.add(row[:3])
        if not self.used[0]:
            raise ValueError("edges must lead from an input to an output with tables that vary, but none does")
        return self

    def _edge(self, row: tuple[int, ...]) -> None:
        if len(row) < 5 or not 0 <= row[0] < len(self.bits):
            raise ValueError(f"edges must be layer (0 to {len(self.bits) - 1}), from, to, bits, shift, entries, "
                             f"not {row[:5]}")  # fmt: skip
        layer, source, target, bits, shift = row[:5]
        for what, at, width in (("come from", source, self.widths[layer]), ("go to", target, self.widths[layer + 1])):
            if not 0 <= at < width:
                raise ValueError(f"edges of layer {layer} must {what} a neuron of 0 to {width - 1}, not {at}")
        if not 1 <= bits <= MAX_ENTRY_BITS:
            raise ValueError(f"bits of {_name(row)} must be 1 to {MAX_ENTRY_BITS}, not {bits}")
        if not 0 <= shift <= 15:
            raise ValueError(f"shift of {_name(row)} must be 0 to 15, not {shift}")
        if (found := len(row) - 5) != (wanted := 1 << self.bits[layer]):
            raise ValueError(f"entries of {_name(row)} must be {wanted}, one for each code, not {found}")
        if bad := [entry for entry in row[5:] if not -(1 << (bits - 1)) <= entry < 1 << (bits - 1)]:
            raise ValueError(f"entries of {_name(row)} must be signed integers of {bits} bits, not {bad[0]}")

    @property
    def num_layers(self) -> int:
        return len(self.bits)

    @cached_property
    def rows(self) -> tuple[Edge, ...]:
        """The edges, by name."""
        return tuple(Edge(row[0], row[1], row[2], row[3], row[4], row[5:]) for row in self.edges)

    @cached_property
    def _into(self) -> dict[tuple[int, int], list[Edge]]:
        found: dict[tuple[int, int], list[Edge]] = {}
        for edge in sorted(self.rows, key=lambda edge: edge[:3]):
            found.setdefault((edge.layer, edge.target), []).append(edge)
        return found

    def into(self, layer: int, target: int) -> Sequence[Edge]:
        """Edges to a neuron, by source."""
        return self._into.get((layer, target), ())

    @cached_property
    def used(self) -> tuple[tuple[int, ...], ...]:
        """Neurons of each layer that something depends on; of the last all, and before the first the inputs'."""
        alive = [tuple(range(self.widths[-1]))]
        for layer in reversed(range(self.num_layers)):
            sources = {edge.source for target in alive[0] for edge in self.into(layer, target) if varies(edge)}
            alive.insert(0, tuple(sorted(sources)))
        return tuple(alive)

    @cached_property
    def _leaves(self) -> dict[tuple[int, int], tuple[Leaf, ...]]:
        found = {}
        for layer, targets in enumerate(self.used[1:]):
            for target in targets:
                edges = self.into(layer, target)
                constant = self.offsets[layer][target] + sum(e.values[0] for e in edges if not varies(e))
                addends = [(edge.source, edge.values) for edge in edges if varies(edge)]
                parts = joined(addends, self.bits[layer], self.address) or [Leaf((), 1, (0,))]
                found[layer, target] = tuple(settled(parts, constant))
        return found

    def leaves(self, layer: int, target: int) -> tuple[Leaf, ...]:
        """Joint tables that add up to a neuron's sum; neighbours are added first."""
        return self._leaves[layer, target]

    def levels(self, layer: int) -> int:
        """Levels of adders of a layer."""
        return max(depth(len(self.leaves(layer, k))) for k in self.used[layer + 1])

    @cached_property
    def logit_width(self) -> int:
        """Bits of a logit in two's complement."""
        ends = [span(self.leaves(self.num_layers - 1, k)) for k in range(self.widths[-1])]
        return signed_width(min(low for low, _ in ends), max(high for _, high in ends))

    @property
    def class_width(self) -> int:
        """Bits of the number of a class."""
        return max(1, (self.widths[-1] - 1).bit_length())

    @cached_property
    def steps(self) -> tuple[tuple[str, bool], ...]:
        """Where registers can go, in order, and whether one is there."""
        out: list[tuple[str, bool]] = []
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            names = [f"layer{layer}_sum{i + 1}" for i in range(self.levels(layer))]
            if not last:
                names.append(f"layer{layer}_code")
            elif self.output == "argmax":
                names += [f"largest{i + 1}" for i in range(depth(self.widths[-1]))]
            names = names or [f"layer{layer}_sum1"]
            out += [(name, i % self.registers == 0 or i == len(names)) for i, name in enumerate(names, 1)]
        return tuple(out)

    @property
    def latency(self) -> int:
        """Cycles: registers on the way."""
        return sum(there for _, there in self.steps)

    def derived_name(self) -> str:
        """``kan_NETWORK_DIGEST``: tables of integers have no shorter name."""
        label = "".join(c if c.isalnum() else "_" for c in self.network)[:32].strip("_") or "network"
        options = [value for key, usual in (("output", "logits"), ("interface", "stream"))
                   if (value := getattr(self, key)) != usual]  # fmt: skip
        return "_".join([f"kan_{label}", *options, self.digest[:8]])


def varies(edge: Edge) -> bool:
    """Whether an edge's table is no constant."""
    return any(entry != edge.entries[0] for entry in edge.entries)


def _name(row: tuple[int, ...]) -> str:
    return f"edge {row[1]} to {row[2]} of layer {row[0]}"
