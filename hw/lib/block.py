"""Blocks: components that stay modules, with their own ports, in the emitted Verilog.

Amaranth derives a submodule's ports from the nets that cross its border, so that a port may be a piece of one signal
or of several. A :class:`Block` is emitted on its own instead, and instantiated by name: its ports are its members,
which is what a black box, a proof by blocks and a reader need.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Elaboratable, Instance
from amaranth.lib.wiring import Component, In


def block_ports(component: Component) -> dict[str, Any]:
    """The members that are ports: those that have bits, since Verilog knows no port of none."""
    return {key: member for key, member in component.signature.members.items() if len(getattr(component, key))}


class Emission:
    """The platform under which blocks become instances.

    Parameters
    ----------
    prefix : str
        Name of the module that holds the blocks; a block's module is ``<prefix>__<name>``.
    """

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.blocks: dict[str, Component] = {}

    def instance(self, name: str, component: Component) -> Instance:
        """An instance of the block, which is remembered as still to be emitted."""
        module = f"{self.prefix}__{name}"
        self.blocks[module] = component
        return Instance(module, **{
            f"{'i' if member.flow == In else 'o'}_{key}": getattr(component, key)
            for key, member in block_ports(component).items()
        })  # fmt: skip


class Block(Elaboratable):
    """A submodule that keeps its border.

    Parameters
    ----------
    name : str
        Name of the instance.
    component : Component
        Its members must be plain signals.
    """

    def __init__(self, name: str, component: Component):
        self.name = name
        self.component = component
        for key in component.signature.members:
            # Wires of the module around it tell whose they are.
            getattr(component, key).name = f"{name}_{key}"

    def elaborate(self, platform: Any) -> Any:
        if isinstance(platform, Emission):
            self.component._MustUse__silence = True
            return platform.instance(self.name, self.component)
        return self.component


def place_block(m: Any, name: str, component: Any) -> Any:
    """Adds the component to ``m`` as a block of that name, and returns it."""
    m.submodules[name] = Block(name, component)
    return component
