"""The load port of the classifier core: where a word goes, and the table of layers in registers."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportOperatorIssue=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Elaboratable, Module, Mux, Signal

from .config import EcgConfig
from .config.tables import NEURONS, REGISTERS, WEIGHTS, room, word_pieces


class Loading(Elaboratable):
    """Layers and their widths in registers; words for the tables of the elements on their way.

    The address holds the place in a table, above it the element, above that what it is of: 0 for the registers (place
    0: how many layers there are, 0 for no network, which any other number than 1 to the room's is taken for, too; place
    1 + k: the inputs, k = 0, or the neurons of layer k - 1, less one), 1 for an element's neurons, 2 for its weights.
    Words to other addresses are dropped. After a reset there is no network, whatever the memories hold.

    Parameters
    ----------
    config : EcgConfig
        With ``storage = loaded``.

    Attributes
    ----------
    write, address, word : Signal
        In: a word is taken, where it goes, which.
    place, wants : Signal, dict of lists of Signal
        Out: the place in a table; for ``neurons`` and ``weights`` whether the word is for that of each element.
    layer, following : Signal
        In: the layer now, and the one that starts when it ends.
    empty, final : Signal
        Out: there is no network; the number of the last layer.
    inputs, neurons, classes : Signal
        Out, each less one: inputs of the layer now, neurons of the one that starts, and of the last one.
    """

    def __init__(self, config: EcgConfig):
        self.config, self.room = config, room(config)
        layers, widths = range(config.num_layers), range(max(config.widths))
        pieces, width = word_pieces(config)
        self.write, self.address, self.word = Signal(), Signal(self.room.address_bits), Signal(pieces * width)
        self.place = Signal(self.room.index_bits)
        self.wants = {key: [Signal(name=f"wants_{key}_{e}") for e in range(self.room.elements)]
                      for key in ("neurons", "weights")}  # fmt: skip
        self.layer, self.following, self.final = Signal(layers), Signal(layers), Signal(layers)
        self.empty = Signal()
        self.inputs, self.neurons, self.classes = Signal(widths), Signal(widths), Signal(widths)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        fits, most = self.room, self.config.num_layers
        layers = Signal(range(most + 1), name="layers")
        widths = [Signal.like(self.inputs, name=f"width_{k}", reset_less=True) for k in range(most + 1)]
        element = self.address[fits.index_bits : fits.index_bits + fits.element_bits]
        kind = self.address[fits.index_bits + fits.element_bits :]
        registers = self.write & (kind == REGISTERS) & (element == 0)
        m.d.comb += [
            self.place.eq(self.address), self.empty.eq(layers == 0), self.final.eq(layers - 1),
            self.inputs.eq(Array(widths)[self.layer]), self.neurons.eq(Array(widths[1:])[self.following]),
            self.classes.eq(Array(widths[1:])[self.final]),
        ]  # fmt: skip
        with m.If(registers & (self.place == 0)):
            m.d.sync += layers.eq(Mux(self.word > most, 0, self.word))
        for k, width in enumerate(widths):
            with m.If(registers & (self.place == 1 + k)):
                m.d.sync += width.eq(self.word)
        for key, number, depth in (("neurons", NEURONS, fits.neurons), ("weights", WEIGHTS, fits.weights)):
            for e, wanted in enumerate(self.wants[key]):
                m.d.comb += wanted.eq(self.write & (kind == number) & (element == e) & (self.place < depth))
        return m
