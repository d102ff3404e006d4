"""Several equal parts in one module: each names its registers and blocks after itself, and they share what is emitted.

A datapath that is written for one unit can be put into a module many times. Its registers stay in the top module, as
all registers do; its blocks become instances of one module of their kind.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, Signal, ValueLike

from .block import Block
from .pipeline import Pipeline


class Part:
    """A view of a module in which blocks carry a prefix.

    Parameters
    ----------
    m : Module
        Takes everything.
    name : str
        Prefix of instances and their wires: ``unit3``.
    """

    def __init__(self, m: Module, name: str):
        self._m = m
        self.name = name
        self.submodules = _Submodules(m, name)

    def __getattr__(self, attribute: str) -> Any:
        # `d`, `If`, `Else`, ...: those of the module itself.
        return getattr(self._m, attribute)

    @property
    def d(self) -> Any:
        return self._m.d


class _Submodules:
    def __init__(self, m: Module, name: str):
        self._m, self._name = m, name

    def __setitem__(self, name: str, block: Block) -> None:
        # The block keeps its own name, that of the module which all parts share; the instance has the part's.
        for key in block.component.signature.members:
            getattr(block.component, key).name = f"{self._name}_{name}_{key}"
        self._m.submodules[f"{self._name}_{name}"] = block


class PartPipeline(Pipeline):
    """The registers of a part, named after it.

    Parameters
    ----------
    part : Part
    ranks, enable
        As for :class:`nervure.hw.lib.pipeline.Pipeline`.
    """

    def __init__(self, part: Part, ranks: Mapping[str, int], enable: Signal | None = None):
        super().__init__(part, ranks, enable)
        self.name = part.name

    def cut(self, name: str, signals: Mapping[str, ValueLike], prefix: str = "") -> dict[str, Signal]:
        """As :meth:`Pipeline.cut`, with the part's name before the prefix."""
        return super().cut(name, signals, f"{self.name}_{prefix}")
