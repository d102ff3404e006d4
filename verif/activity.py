"""Activity of a unit under a stimulus: toggles of every net, operations, beats, idle cycles, priced as energy proxies.

- **Toggles**: a bit of a net differs from what it was one clock cycle before. Nets are looked at settled, just before
  the clock rises (a second one, too, evenly between; zero delay: no glitches), in the Verilog as emitted, not mapped to
  gates. A net is counted once however many names it has (:mod:`.nets`). Not counted: clocks, reset, constants, bits
  without a name in the file, memories. **Register toggles** are those of nets driven by flip-flops; **net toggles**
  those of all others, inputs included.
- The first cycle is compared with a unit at rest: reset released, all inputs 0 until nothing moves. The last cycle
  delivers the last beat. While no beat is offered the payload keeps its last value.
- **Operations**: what the bench says the unit does for each beat, times the beats.
"""

from __future__ import annotations

import ctypes
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .artifact import Artifact
from .batch import PATIENCE, ProtocolError, checked_codes, pointers, ports_source
from .energy import CONSTANTS, Constant, Energy, constant_for, energy
from .nets import NetGroup, Nets, read_nets
from .simulator import compile_model

DRIVER = Path(__file__).with_name("activity.cpp")
PROBE = "nervure_probe"  # the port that activity.cpp reads


class Bench(Protocol):
    """What activity asks of a family's bench."""

    def config_of(self, artifact: Artifact) -> Any: ...

    def operations(self, config: Any) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class GroupActivity:
    """Toggles of the nets that one module instance drives.

    Parameters
    ----------
    name : str
        Path of the instance below the unit; ``top`` is the unit itself, ``inputs`` what its ports bring in.
    registers, nets : int
        Bits driven by flip-flops, and other bits.
    register_toggles, net_toggles : int
        Of these bits.
    pj : float
        Toggles times their constants.
    """

    name: str
    registers: int
    nets: int
    register_toggles: int
    net_toggles: int
    pj: float


@dataclass(frozen=True)
class ActivityReport:
    """What a run counted.

    Parameters
    ----------
    beats : int
        Beats taken and delivered.
    cycles : int
        Clocked cycles, from the first after reset to the one that delivers the last beat.
    idle_cycles : int
        Cycles in which no beat was taken.
    quiet_cycles : int
        Cycles in which no counted net changed.
    stalled_in, stalled_out : int
        Cycles in which a beat was offered to the unit, by the unit, and not taken.
    operations : dict
        Operations by name, over all beats.
    multiplies, adds, memory_bits : int
        Sums of the operations ``multiply_*``, ``add_*`` and ``memory_*_bits``.
    groups : tuple of GroupActivity
        Toggles by module instance.
    operation_energy, switching_energy : Energy
        Operations, and toggles, priced; two views of the same work, not to be added together.
    seconds : float
        Of the simulation, without the build.
    """

    beats: int
    cycles: int
    idle_cycles: int
    quiet_cycles: int
    stalled_in: int
    stalled_out: int
    operations: dict[str, int]
    groups: tuple[GroupActivity, ...]
    operation_energy: Energy
    switching_energy: Energy
    seconds: float

    @property
    def multiplies(self) -> int:
        return self._sum("multiply_")

    @property
    def adds(self) -> int:
        return self._sum("add_")

    @property
    def memory_bits(self) -> int:
        return self._sum("memory_")

    @property
    def register_toggles(self) -> int:
        return sum(group.register_toggles for group in self.groups)

    @property
    def net_toggles(self) -> int:
        return sum(group.net_toggles for group in self.groups)

    def _sum(self, prefix: str) -> int:
        return sum(count for name, count in self.operations.items() if name.startswith(prefix))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        keys = ("beats", "cycles", "idle_cycles", "quiet_cycles", "stalled_in", "stalled_out", "multiplies", "adds",
                "memory_bits", "register_toggles", "net_toggles", "operations")  # fmt: skip
        report: dict[str, Any] = {key: getattr(self, key) for key in keys}
        report["groups"] = [asdict(group) for group in self.groups]
        report["energy"] = {
            "operations": self.operation_energy.to_dict(),
            "switching": self.switching_energy.to_dict(),
        }
        report["seconds"] = self.seconds
        report["cycles_per_second"] = self.cycles / self.seconds if self.seconds else None
        return report


class _Counts(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("cycles", "idle", "quiet", "stalled_in", "stalled_out", "delivered")),
        ("message", ctypes.c_char * 256),
    ]


class ActivityModel:
    """A unit compiled with a counter on every net.

    Parameters
    ----------
    artifact : Artifact
        The unit: one stream in, one out, or a bare datapath of fixed latency.
    nets : Nets or None
        What is counted, of a file that is a netlist of gates; None for all nets of the file.

    Raises
    ------
    ValueError
        If the manifest describes something that cannot be driven.
    ToolMissing, ToolFailed, CacheError
        As :func:`nervure.verif.simulator.compile_model`.
    """

    def __init__(self, artifact: Artifact, nets: Nets | None = None):
        self.artifact = artifact
        self.input = artifact.stream("in")
        gates, nets = nets is not None, nets or read_nets(artifact)
        self.groups = nets.groups
        top = f"{artifact.module}__activity"
        wrapper, ends = nets.probe(artifact.module, top, PROBE)
        driver = "\n".join([
            ports_source(artifact),
            f"constexpr size_t kWords = {ends[-1]}, kBuckets = {len(ends)};",
            f"constexpr size_t kBucketEnd[] = {{{', '.join(map(str, ends))}}};",
            DRIVER.read_text(),
        ])  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="nervure-activity-") as folder:
            path = Path(folder) / f"{top}.v"
            path.write_text(f"{artifact.verilog.read_text()}\n{wrapper}")
            # Gates in their thousands take minutes to optimise, and run for seconds as they are.
            self.library = ctypes.CDLL(str(compile_model(path, top, driver, level="-O0" if gates else "-O2")))
        pointers, f64, u64 = ctypes.POINTER(ctypes.c_void_p), ctypes.c_double, ctypes.c_uint64
        self.library.nervure_activity.argtypes = [
            pointers, pointers, u64, u64, f64, f64, u64, u64, ctypes.POINTER(u64), ctypes.POINTER(_Counts),
        ]  # fmt: skip

    def run(
        self, inputs: Mapping[str, np.ndarray], *, stall_in: float = 0.0, stall_out: float = 0.0, seed: int = 0,
        results: int | None = None, outputs: dict[str, np.ndarray] | None = None,
    ) -> tuple[_Counts, dict[tuple[str, bool], int], float]:  # fmt: skip
        """Sends all beats through the unit: cycle counts, toggles by group name and sort, seconds.

        ``results`` is the number of beats that come out, where that is not the number that go in; ``outputs`` is given
        the codes of each output field, where a dict is handed in.
        """
        arrays, beats = self._checked(inputs)
        for name, value, port in (
            ("stall_in", stall_in, self.input.valid),
            ("stall_out", stall_out, self.artifact.stream("out").ready),
        ):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
            if value and port is None:
                raise ValueError(f"{name} must be 0 for a stream without that handshake, not {value}")
        into = None
        if outputs is not None:
            many = beats if results is None else results
            outputs |= {p.field: np.empty((many, *p.shape), np.uint64) for p in self.artifact.stream("out").payload}
            into = pointers(list(outputs.values()))
        toggles, counts = (ctypes.c_uint64 * len(self.groups))(), _Counts()
        start = time.perf_counter()
        failed = self.library.nervure_activity(
            pointers(arrays), into, beats, beats if results is None else results, stall_in, stall_out, seed % (1 << 64),
            PATIENCE, toggles, ctypes.byref(counts),
        )  # fmt: skip
        seconds = time.perf_counter() - start
        if failed:
            raise ProtocolError(counts.message.decode(errors="replace"))
        found = {(group.name, group.register): n for group, n in zip(self.groups, toggles, strict=True)}
        return counts, found, seconds

    def _checked(self, inputs: Mapping[str, np.ndarray]) -> tuple[list[np.ndarray], int]:
        names = [place.field for place in self.input.payload]
        if set(inputs) != set(names):
            raise ValueError(f"inputs must be {', '.join(names)}, not {', '.join(inputs) or 'nothing'}")
        beats = len(inputs[names[0]])
        if beats < 1:
            raise ValueError(f"{names[0]} must hold at least one beat, not {beats}")
        return [checked_codes(place, inputs[place.field], beats) for place in self.input.payload], beats


def activity(artifact: Artifact, bench: Bench, inputs: Mapping[str, np.ndarray], *, stall_in: float = 0.0,
             stall_out: float = 0.0, seed: int = 0,
             constants: Mapping[str, Constant] = CONSTANTS) -> ActivityReport:  # fmt: skip
    """Counts what a unit does with a stimulus, and prices it.

    Parameters
    ----------
    artifact : Artifact
        The unit.
    bench : module
        The family's bench: ``config_of(artifact)`` and ``operations(config)``, the operations of one beat by name
        (``multiply_WxV``, ``add_W``, ``memory_read_bits`` ...). Where not every beat that goes in gives one,
        ``ends(config, inputs)``; where not every beat does operations, ``worked(config, inputs)``, how many do.
    inputs : dict of str to ndarray
        Codes of each input field, shape ``(beats, *shape)``.
    stall_in, stall_out : float
        Probability (0 <= p < 1) that in a cycle no new beat is offered; that the output is not ready.
    seed : int
        Of the stalls.
    constants : mapping
        Energies by name (:func:`nervure.verif.energy.load_constants`).

    Raises
    ------
    ValueError
        If inputs or stalls do not fit the unit.
    ProtocolError
        If the unit stands still.
    """
    model = ActivityModel(artifact)
    config = bench.config_of(artifact)
    ends, worked = getattr(bench, "ends", None), getattr(bench, "worked", None)
    completing = ends(config, inputs) if ends else None
    results = None if completing is None else len(completing)
    counts, toggles, seconds = model.run(inputs, stall_in=stall_in, stall_out=stall_out, seed=seed, results=results)
    beats = counts.delivered if completing is None else len(next(iter(inputs.values())))
    working = worked(config, inputs) if worked else beats
    operations = {name: n * working for name, n in bench.operations(config).items()}
    groups = _group_activities(model.groups, toggles, constants)
    switching = {
        "register_toggles": sum(group.register_toggles for group in groups),
        "net_toggles": sum(group.net_toggles for group in groups),
    }
    return ActivityReport(
        beats=beats, cycles=counts.cycles, idle_cycles=counts.idle, quiet_cycles=counts.quiet,
        stalled_in=counts.stalled_in, stalled_out=counts.stalled_out, operations=operations, groups=groups,
        operation_energy=energy(operations, constants), switching_energy=energy(switching, constants), seconds=seconds,
    )  # fmt: skip


def _group_activities(groups: tuple[NetGroup, ...], toggles: Mapping[tuple[str, bool], int],
                      constants: Mapping[str, Constant]) -> tuple[GroupActivity, ...]:  # fmt: skip
    bits = {(group.name, group.register): group.bits for group in groups}
    prices = {}
    for name in ("register_toggles", "net_toggles"):
        constant = constant_for(name, constants)
        prices[name] = constant.pj if constant else 0.0
    found = []
    for name in dict.fromkeys(group.name for group in groups):
        registers, nets = toggles.get((name, True), 0), toggles.get((name, False), 0)
        pj = registers * prices["register_toggles"] + nets * prices["net_toggles"]
        found.append(GroupActivity(name, bits.get((name, True), 0), bits.get((name, False), 0), registers, nets, pj))
    return tuple(found)
