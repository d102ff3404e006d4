"""Reading a flat netlist out of Yosys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .aig import FALSE, TRUE, Aig


@dataclass
class Register:
    """One flip-flop: ``q`` (an input node's literal), next value ``d``, and what an asynchronous reset does.

    ``name`` is one of the names of its net, ``aliases`` are all of them.
    """

    name: str
    q: int
    d: int
    clock: int = FALSE
    reset: int = FALSE
    reset_value: int | None = None
    initial: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass
class Cut:
    """An instance of a module that was left out: its inputs' literals and its outputs as input literals."""

    name: str
    module: str
    inputs: dict[str, list[int]] = field(default_factory=dict)
    outputs: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Netlist:
    """A flat netlist over one graph. Input ports, registers' ``q`` and cuts' outputs are the graph's inputs."""

    aig: Aig
    inputs: dict[str, list[int]]
    outputs: dict[str, list[int]]
    registers: list[Register]
    cuts: list[Cut]

    def on(self, aig: Aig, words: Mapping[str, list[int]]) -> dict[str, list[int]]:
        """The outputs on another graph, each input fed by the word of its name."""
        feed = {x >> 1: y for name, word in self.inputs.items() for x, y in zip(word, words[name], strict=True)}
        return {name: self.aig.copy(word, aig, feed) for name, word in self.outputs.items()}


TABLE = "nervure_table"
TABLES = "\n".join((
    "opt_expr", "opt_clean", "select -set moving t:$shr %ci1:+[A] w:* %i %co1:+$shr[A] t:$shr %i",
    "select -set tables t:$shr @moving %d", f"chtype -set {TABLE} @tables",
))  # fmt: skip
"""Yosys commands before :data:`GATES` that keep every constant that is indexed (``64'h... >> address``) as one cell,
where they would make a shifter of as many bits; :func:`from_json` reads it as the table that it is."""

GATES = "\n".join(("opt_expr", "opt_clean", "memory_map", "techmap", "simplemap", "dffunmap", "aigmap", "opt_clean"))
"""Yosys commands that turn a flat module into and-gates, inverters and flip-flops."""


def from_json(design: Mapping[str, Any], top: str) -> Netlist:
    """A netlist from Yosys' JSON of a flat module of and-gates, inverters, flip-flops and black boxes."""
    module = design["modules"][top]
    aig = Aig()
    literal: dict[int | str, int] = {"0": FALSE, "1": TRUE, "x": FALSE, "z": FALSE}
    inputs: dict[str, list[int]] = {}
    registers: list[Register] = []
    cuts: list[Cut] = []
    gates: dict[int, tuple[Any, ...]] = {}
    flops: list[tuple[Register, str, dict[str, Any]]] = []
    tables: dict[int, int] = {}
    for name, port in module["ports"].items():
        if port["direction"] == "input":
            inputs[name] = aig.inputs(len(port["bits"]))
            literal.update(zip(port["bits"], inputs[name], strict=True))
    initial: dict[int | str, int] = {}
    names: dict[int | str, str] = {}
    aliases: dict[int | str, list[str]] = {}
    for name, net in module["netnames"].items():
        for bit, value in zip(net["bits"], reversed(net["attributes"].get("init", "")), strict=False):
            if value in "01":
                initial[bit] = int(value)
        if not net["hide_name"]:
            names.update({bit: f"{name}[{i}]" for i, bit in enumerate(net["bits"])})
            for i, bit in enumerate(net["bits"]):
                aliases.setdefault(bit, []).append(f"{name}[{i}]")
    for name, cell in module["cells"].items():
        name = str(name)
        kind, pins = cell["type"], cell["connections"]
        if kind == "$_AND_":
            gates[pins["Y"][0]] = (pins["A"][0], pins["B"][0])
        elif kind == "$_NOT_":
            gates[pins["Y"][0]] = (pins["A"][0],)
        elif kind == TABLE:
            column = sum((bit == "1") << at for at, bit in enumerate(pins["A"]))
            for at, bit in enumerate(pins["Y"]):
                gates[bit], tables[bit] = tuple(pins["B"]), column >> at
        elif kind.startswith("$_DFF_"):
            (bit,) = pins["Q"]
            register = Register(names.get(bit, name), aig.input(), FALSE, initial=initial.get(bit),
                                aliases=tuple(aliases.get(bit, ())))  # fmt: skip
            literal[bit] = register.q
            flops.append((register, kind, pins))
        elif kind.startswith("$_"):
            raise ValueError(f"netlist must have only gates and flip-flops without latches, not {kind} ({name})")
        elif kind != "$scopeinfo":
            box = Cut(name, kind)
            for pin, bits in pins.items():
                if cell["port_directions"][pin] == "output":
                    box.outputs[pin] = aig.inputs(len(bits))
                    literal.update(zip(bits, box.outputs[pin], strict=True))
            cuts.append(box)

    def build(bit: int | str) -> int:
        stack = [bit]
        while stack:
            current = stack[-1]
            if current in literal:
                stack.pop()
                continue
            if current not in gates:
                raise ValueError(f"net {names.get(current, current)} of {top} must have a driver, not none")
            if waiting := [s for s in gates[current] if s not in literal]:  # type: ignore[index]
                if len(stack) > len(gates) + 1:
                    raise ValueError(f"{top} must have no combinational loop, not one through {names.get(current)}")
                stack += waiting
                continue
            source = [literal[s] for s in gates[current]]  # type: ignore[index]
            if current in tables:
                literal[current] = aig.table(tables[current], source)  # type: ignore[index]
            else:
                literal[current] = aig.land(*source) if len(source) == 2 else source[0] ^ 1
            stack.pop()
        return literal[bit]

    for register, kind, pins in flops:
        register.d = build(pins["D"][0])
        # $_DFF_<clock edge>[<reset level><reset value>]_
        edge, *rest = kind.removeprefix("$_DFF_").rstrip("_")
        register.clock = build(pins["C"][0]) ^ (edge == "N")
        if rest:
            register.reset = build(pins["R"][0]) ^ (rest[0] == "N")
            register.reset_value = int(rest[1])
        registers.append(register)
    for box in cuts:
        pins = module["cells"][box.name]["connections"]
        box.inputs = {pin: [build(b) for b in bits] for pin, bits in pins.items() if pin not in box.outputs}
    outputs = {name: [build(b) for b in port["bits"]] for name, port in module["ports"].items()
               if port["direction"] == "output"}  # fmt: skip
    return Netlist(aig, inputs, outputs, registers, cuts)
