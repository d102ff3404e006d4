"""The units and the command's verbs, by import strings: naming one loads nothing.

A family is one row of :data:`UNITS`. The floor above adds its verbs to :data:`COMMANDS` in the same way, so that no
import runs up the tower.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..hw.lookup import unknown


@dataclass(frozen=True)
class Unit:
    """One unit: where its rooms are.

    Parameters
    ----------
    name : str
        What the user calls it.
    summary : str
        One line for lists.
    config, circuit, golden : str
        ``module:Name`` of the config class, the circuit and the golden model.
    bench : str
        Module with stimulus, golden outputs and coverage (the bench object of the engines).
    generator : str
        Module with ``PRESETS`` (name to config fields), ``derive(config)`` (what ``show`` adds) and, where presets
        and settings are wishes, ``wish(fields)``: the config's fields, solved; fields that hold a solution pass
        through. Beside it may stand ``SOLVED`` (the fields of a solution), ``ASKED`` (those that decide it) and
        ``imports(fields)`` (what would be imported to make it).
    demo : str or None
        ``module:function`` of the job on real data.
    board : str or None
        ``module:function`` of the floor above: ``(artifact, board) -> {file name: text}``.
    """

    name: str
    summary: str
    config: str
    circuit: str
    golden: str
    bench: str
    generator: str
    demo: str | None = None
    board: str | None = None

    def load(self, room: str) -> Any:
        """The object that the import string of that room names."""
        return load(getattr(self, room))

    @property
    def presets(self) -> dict[str, dict[str, Any]]:
        """Config fields by preset."""
        return self.load("generator").PRESETS

    def make(self, fields: dict[str, Any]) -> Any:
        """The config that these fields describe, or, of a unit whose generator has ``wish``, ask for.

        Raises
        ------
        ConfigError
            In one sentence.
        """
        generator = self.load("generator")
        return self.load("config")(**(generator.wish(fields) if hasattr(generator, "wish") else fields))


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit(
            name="mac",
            summary="correctly rounded multiply-accumulate, acc = round(a * b + c)",
            config="nervure.hw.mac.config:MacConfig",
            circuit="nervure.hw.mac.circuit:Mac",
            golden="nervure.golden.mac:mac",
            bench="nervure.verif.mac",
            generator="nervure.generators.mac",
            demo="nervure.generators.demo:demo",
            board="nervure.fpga_projects.mac:project",
        ),
        Unit(
            name="dot",
            summary="dot product of narrow elements, summed exactly, scaled and rounded once",
            config="nervure.hw.mac.config.dot:DotConfig",
            circuit="nervure.hw.mac.dot:Dot",
            golden="nervure.golden.mac.dot:dot",
            bench="nervure.verif.mac.dot",
            generator="nervure.generators.mac.dot",
            board="nervure.fpga_projects.mac:project",
        ),
        Unit(
            name="accumulate",
            summary="sums of products kept inside, one beat per cycle, correctly rounded multiply-adds",
            config="nervure.hw.mac.config.accumulate:AccumulateConfig",
            circuit="nervure.hw.mac.accumulate:Accumulate",
            golden="nervure.golden.mac.accumulate:accumulate",
            bench="nervure.verif.mac.accumulate",
            generator="nervure.generators.mac.accumulate",
            board="nervure.fpga_projects.mac:project",
        ),
        Unit(
            name="gemv",
            summary="matrix-vector engine: weights streamed, activations held, one correctly rounded chain per row",
            config="nervure.hw.mac.config.gemv:GemvConfig",
            circuit="nervure.hw.mac.gemv:Gemv",
            golden="nervure.golden.mac.gemv:gemv",
            bench="nervure.verif.mac.gemv",
            generator="nervure.generators.mac.gemv",
            board="nervure.fpga_projects.mac:project",
        ),
        Unit(
            name="cast",
            summary="correctly rounded conversion between formats, and into blocks with a shared scale",
            config="nervure.hw.mac.config.cast:CastConfig",
            circuit="nervure.hw.mac.cast:Cast",
            golden="nervure.golden.mac.cast:cast",
            bench="nervure.verif.mac.cast",
            generator="nervure.generators.mac.cast",
            board="nervure.fpga_projects.mac:project",
        ),
        Unit(
            name="activation",
            summary="function of one variable by table or line segments, near the least error its segments can have",
            config="nervure.hw.activation.config:ActivationConfig",
            circuit="nervure.hw.activation.circuit:Activation",
            golden="nervure.golden.activation:activation",
            bench="nervure.verif.activation",
            generator="nervure.generators.activation",
            board="nervure.fpga_projects.activation:project",
        ),
        Unit(
            name="pow2round",
            summary="powers of two near numbers: arithmetic, geometric or ceiling, exact (trained-in)",
            config="nervure.hw.activation.config.pow2round:Pow2RoundConfig",
            circuit="nervure.hw.activation.pow2round:Pow2Round",
            golden="nervure.golden.activation.pow2round:pow2round",
            bench="nervure.verif.activation.pow2round",
            generator="nervure.generators.activation.pow2round",
        ),
        Unit(
            name="kan",
            summary="networks of learned functions on edges (KAN): tables, adder trees, clamps",
            config="nervure.hw.activation.config.kan:KanConfig",
            circuit="nervure.hw.activation.kan:Kan",
            golden="nervure.golden.activation.kan:kan",
            bench="nervure.verif.activation.kan",
            generator="nervure.generators.activation.kan",
        ),
        Unit(
            name="ptsoftmax",
            summary="shares 2^(z - max z) / power of two nearest to their sum, row after row (trained-in, no softmax)",
            config="nervure.hw.activation.config.ptsoftmax:PtsoftmaxConfig",
            circuit="nervure.hw.activation.ptsoftmax:Ptsoftmax",
            golden="nervure.golden.activation.ptsoftmax:ptsoftmax",
            bench="nervure.verif.activation.ptsoftmax",
            generator="nervure.generators.activation.ptsoftmax",
        ),
        Unit(
            name="bspn",
            summary="bit-shifting power norm: exact scale by shifts, results rounded to powers of two (trained-in)",
            config="nervure.hw.activation.config.bspn:BspnConfig",
            circuit="nervure.hw.activation.bspn:Bspn",
            golden="nervure.golden.activation.bspn:bspn",
            bench="nervure.verif.activation.bspn",
            generator="nervure.generators.activation.bspn",
        ),
        Unit(
            name="softmax",
            summary="softmax of rows by two tables and exact integers, every probability within a stated bound",
            config="nervure.hw.activation.config.softmax:SoftmaxConfig",
            circuit="nervure.hw.activation.softmax:Softmax",
            golden="nervure.golden.activation.softmax:softmax",
            bench="nervure.verif.activation.softmax",
            generator="nervure.generators.activation.softmax",
        ),
        Unit(
            name="norm",
            summary="layer norm and RMS norm of rows by exact sums and one table, every result within a stated bound",
            config="nervure.hw.activation.config.norm:NormConfig",
            circuit="nervure.hw.activation.norm:Norm",
            golden="nervure.golden.activation.norm:norm",
            bench="nervure.verif.activation.norm",
            generator="nervure.generators.activation.norm",
        ),
        Unit(
            name="dtnn",
            summary="layers of dendrite branches (DTNN): a table for every few inputs, joined by adders or tables",
            config="nervure.hw.activation.config.dtnn:DtnnConfig",
            circuit="nervure.hw.activation.dtnn:Dtnn",
            golden="nervure.golden.activation.dtnn:dtnn",
            bench="nervure.verif.activation.dtnn",
            generator="nervure.generators.activation.dtnn",
        ),
        Unit(
            name="nova",
            summary="functions inside the network (NOVA): segments broadcast past lanes that store none",
            config="nervure.hw.noc.config.nova:NovaConfig",
            circuit="nervure.hw.noc.nova:Nova",
            golden="nervure.golden.noc.nova:nova",
            bench="nervure.verif.noc.nova",
            generator="nervure.generators.noc.nova",
            board="nervure.fpga_projects.noc:project",
        ),
        Unit(
            name="ecg",
            summary="heartbeat classifier: counts that fire by their sum, only weights that are not 0, one a cycle",
            config="nervure.hw.ecg.config:EcgConfig",
            circuit="nervure.hw.ecg.circuit:Ecg",
            golden="nervure.golden.ecg:ecg",
            bench="nervure.verif.ecg",
            generator="nervure.generators.ecg",
            board="nervure.fpga_projects.ecg:project",
        ),
    )
}

# Modules whose `register(app)` adds verbs to the command, in the order in which help lists them.
COMMANDS: tuple[str, ...] = (
    "nervure.generators.commands.describe",
    "nervure.generators.commands.build",
    "nervure.generators.commands.check",
    "nervure.generators.commands.prove",
    "nervure.generators.commands.campaign",
    "nervure.generators.commands.activation",
)


def load(name: str) -> Any:
    """The object of an import string: ``module`` or ``module:attribute``."""
    module, _, attribute = name.partition(":")
    loaded = import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def get_unit(name: str) -> Unit:
    """The unit of that name.

    Raises
    ------
    ConfigError
        If there is none; the sentence suggests the nearest.
    """
    if name in UNITS:
        return UNITS[name]
    from ..hw.config import ConfigError

    raise ConfigError(unknown("unit", name, UNITS))
