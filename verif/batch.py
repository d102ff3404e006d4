"""The batch engine: whole numpy arrays through the compiled Verilog, driven by the manifest alone."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .artifact import Artifact, FieldPlace, Stream
from .simulator import compile_model

PORTS = Path(__file__).with_name("ports.cpp")
DRIVER = Path(__file__).with_name("driver.cpp")
PATIENCE = 1_000_000  # cycles without a beat taken or delivered after which a unit stands still


class ProtocolError(RuntimeError):
    """The unit broke the rules of its streams; the sentence says which one, and when."""


@dataclass(frozen=True)
class BatchResult:
    """What a run gave.

    Parameters
    ----------
    outputs : dict of str to ndarray
        uint64 codes of each output field, shape ``(beats, *shape)``.
    cycles : int
        Clock cycles from the end of reset to the last beat delivered.
    seconds : float
        Time in the model.
    latency : int
        Cycles from taking the beat that the first output belongs to, to delivering that: measured; for a bare unit, the
        manifest's.
    """

    outputs: dict[str, np.ndarray]
    cycles: int
    seconds: float
    latency: int


class _Report(ctypes.Structure):
    _fields_ = [("cycles", ctypes.c_uint64), ("latency", ctypes.c_int64), ("message", ctypes.c_char * 256)]


class BatchModel:
    """The compiled model of a generated unit with one input stream and one output stream.

    Streams have valid and ready (or valid alone), or are bare: then a beat enters every ``initiation_interval`` cycles
    and leaves ``latency_cycles`` later.

    Parameters
    ----------
    artifact : Artifact
        The generated unit.

    Raises
    ------
    ValueError
        If the manifest describes something that this engine cannot drive.
    ToolMissing, ToolFailed, CacheError
        As :func:`nervure.verif.simulator.compile_model`.
    """

    def __init__(self, artifact: Artifact):
        for direction in ("in", "out"):
            count = sum(stream.direction == direction for stream in artifact.streams)
            if count != 1:
                raise ValueError(f"streams must be one in and one out, not {count} {direction}")
        self.artifact = artifact
        self.input = artifact.stream("in")
        self.output = artifact.stream("out")
        driver = ports_source(artifact) + DRIVER.read_text()
        self.library = ctypes.CDLL(str(compile_model(artifact.verilog, artifact.module, driver)))
        table, u64, f64 = ctypes.POINTER(ctypes.c_void_p), ctypes.c_uint64, ctypes.c_double
        self.library.nervure_run.argtypes = [
            table, table, ctypes.c_void_p, u64, u64, f64, f64, u64, u64, ctypes.POINTER(_Report)
        ]
        self.library.nervure_raw_loop.argtypes = [table, u64, u64]
        self.library.nervure_raw_loop.restype = None

    def run(self, inputs: dict[str, np.ndarray], *, ends: np.ndarray | None = None, stall_in: float = 0.0,
            stall_out: float = 0.0, seed: int = 0, patience: int = PATIENCE) -> BatchResult:  # fmt: skip
        """Resets the unit and sends all beats through it; checks that beats come out once, in order of the protocol.

        Parameters
        ----------
        inputs : dict of str to ndarray
            Codes of each input field, shape ``(beats, *shape)``, any integer type.
        ends : integer array or None
            For each beat that the unit delivers, the number of the beat taken that completes it, rising, the same for
            several that one completes; None where each beat gives one.
        stall_in, stall_out : float
            Probability (0 <= p < 1) that in a cycle no new beat is offered; that the output is not ready.
        seed : int
            Of the stalls and of what reset leaves open.
        patience : int
            Cycles without progress after which the unit is held to stand still.

        Raises
        ------
        ValueError
            If fields, shapes, codes, ends or stalls do not fit the unit.
        ProtocolError
            If the unit breaks the rules of its streams.
        """
        arrays, beats = self._checked(inputs)
        for name, value, port in (
            ("stall_in", stall_in, self.input.valid),
            ("stall_out", stall_out, self.output.ready),
        ):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
            if value and port is None:
                raise ValueError(f"{name} must be 0 for a stream without that handshake, not {value}")
        completed = None if ends is None else _checked_ends(ends, beats, self.output)
        results = beats if completed is None else len(completed)
        outputs = {p.field: np.empty((results, *p.shape), np.uint64) for p in self.output.payload}
        report = _Report()
        start = time.perf_counter()
        failed = self.library.nervure_run(
            pointers(arrays), pointers(list(outputs.values())), None if completed is None else completed.ctypes.data,
            beats, results, stall_in, stall_out, seed % (1 << 64), patience, ctypes.byref(report),
        )  # fmt: skip
        seconds = time.perf_counter() - start
        if failed:
            raise ProtocolError(report.message.decode(errors="replace"))
        return BatchResult(outputs, report.cycles, seconds, report.latency)

    def raw_loop(self, inputs: dict[str, np.ndarray], cycles: int, *, window: int = 1024) -> float:
        """Seconds that a bare C++ loop takes for ``cycles`` cycles: set the inputs, evaluate twice.

        It reads the first ``window`` beats again and again, looks at no output and checks nothing.
        """
        arrays, beats = self._checked(inputs)
        start = time.perf_counter()
        self.library.nervure_raw_loop(pointers(arrays), min(window, beats), cycles)
        return time.perf_counter() - start

    def _checked(self, inputs: dict[str, np.ndarray]) -> tuple[list[np.ndarray], int]:
        """The inputs as contiguous uint64 arrays in the manifest's order, and the number of beats."""
        names = [place.field for place in self.input.payload]
        if set(inputs) != set(names):
            raise ValueError(f"inputs must be {', '.join(names)}, not {', '.join(inputs) or 'nothing'}")
        beats = len(inputs[names[0]])
        if beats < 1:
            raise ValueError(f"{names[0]} must hold at least one beat, not {beats}")
        return [checked_codes(place, inputs[place.field], beats) for place in self.input.payload], beats


def _checked_ends(ends: np.ndarray, beats: int, output: Stream) -> np.ndarray:
    """The numbers of the beats that complete one, as uint64, or a ValueError."""
    ends = np.asarray(ends)
    if output.valid is None:
        raise ValueError("ends must be None for a unit without handshake, not an array")
    if ends.ndim != 1 or not len(ends) or ends.dtype.kind not in "ui":
        raise ValueError(f"ends must be a list of at least one integer, not {ends.dtype} of shape {ends.shape}")
    if int(ends[0]) < 0 or int(ends[-1]) >= beats or bool((ends[1:] < ends[:-1]).any()):
        raise ValueError(f"ends must be rising numbers of the {beats} beats, not {ends.tolist()[:8]}")
    return np.ascontiguousarray(ends, np.uint64)


def checked_codes(place: FieldPlace, values: np.ndarray, beats: int) -> np.ndarray:
    """A field's values as uint64 codes, or a ValueError that says why they are none."""
    values = np.asarray(values)
    if values.dtype.kind not in "uib":
        raise ValueError(f"{place.field} must be integer codes, not {values.dtype}")
    if values.shape != (beats, *place.shape):
        raise ValueError(f"{place.field} must have shape {(beats, *place.shape)}, not {values.shape}")
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >> place.width:
        raise ValueError(f"{place.field} must be codes of {place.width} bits, not {low if low < 0 else high}")
    return np.ascontiguousarray(values, np.uint64)


def pointers(arrays: list[np.ndarray]) -> ctypes.Array:
    """The arrays' addresses, for C."""
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def ports_source(artifact: Artifact) -> str:
    """C++ that ties the fields and signals of a unit to the ports of its model (``Vmodel``).

    Raises
    ------
    ValueError
        If a field is wider than 64 bits, or the handshake is one that the driver cannot drive.
    """
    source, sink, reset = artifact.stream("in"), artifact.stream("out"), artifact.reset
    if (source.valid is None) != (sink.valid is None):
        raise ValueError(f"streams must both have valid or neither, not {source.valid} in and {sink.valid} out")
    if source.valid is None and artifact.latency is None:
        raise ValueError("latency_cycles must be a number where streams have no valid, not null")
    for place in (*source.payload, *sink.payload):
        if place.width > 64:
            raise ValueError(f"{place.field} must be at most 64 bits wide for the batch engine, not {place.width}")

    def setter(name: str, port: str | None, value: str = "v") -> str:
        body = f"m.{_cpp(port)} = {value};" if port else "(void)m, (void)v;"
        return f"inline void {name}(Model& m, bool v) {{ {body} }}"

    def getter(name: str, port: str | None) -> str:
        body = f"return m.{_cpp(port)};" if port else "(void)m; return true;"
        return f"inline bool {name}(Model& m) {{ {body} }}"

    interval = artifact.manifest["initiation_interval"] or 1
    others = artifact.manifest.get("clocks", [])
    if len(others) > 1:
        raise ValueError(f"clocks must be at most one beside {artifact.clock}, not {len(others)}")
    other = others[0] if others else {"port": None, "multiple": 0}
    put = "put_bits(w, {at}, {width}, in[{field}][{element}]);"
    get = "out[{field}][{element}] = get_bits(w, {at}, {width});"
    unit = [
        f"constexpr bool kHandshake = {'true' if source.valid else 'false'};",
        f"constexpr bool kReset = {'true' if reset else 'false'};",
        f"constexpr uint64_t kLatency = {artifact.latency or 0}, kInterval = {interval};",
        f"constexpr unsigned kMultiple = {other['multiple']};",
        f"constexpr size_t kOutputs[] = {{{', '.join(str(place.count) for place in sink.payload)}}};",
        f'constexpr const char *kOutName = "stream {sink.name}";',
        f'constexpr const char *kOutValid = "{sink.valid}", *kOutReady = "{sink.ready}";',
        setter("set_clock", artifact.clock),
        setter("set_other", other["port"]),
        setter("set_reset", reset["port"] if reset else None, "!v" if reset and reset["active"] == "low" else "v"),
        setter("set_valid", source.valid),
        setter("set_ready", sink.ready),
        getter("ready", source.ready),
        getter("valid", sink.valid),
        "inline void drive(Model& m, const uint64_t* const* in, uint64_t beat) {",
        *_packing(artifact, source, put, "", "put_port(m.{port}, w);"),
        "}",
        "inline void sample(Model& m, uint64_t* const* out, uint64_t beat) {",
        *_packing(artifact, sink, get, "get_port(m.{port}, w);", ""),
        "}",
    ]
    return PORTS.read_text() + "\n".join(unit) + "\n"


def _packing(artifact: Artifact, stream: Stream, move: str, before: str, after: str) -> list[str]:
    """C++ lines that move each element of a beat between its array and its bits of a port."""
    lines = []
    for port, bits in artifact.port_widths(stream).items():
        name = _cpp(port)
        lines += [f"    {{ using P = PortWords<std::remove_reference_t<decltype(m.{name})>>;",
                  f'      static_assert(P::bits >= {bits}, "port {port} must be as wide as its fields");',
                  f"      uint32_t w[P::count] = {{}}; {before.format(port=name)}"]  # fmt: skip
        for field, place in enumerate(stream.payload):
            if place.port != port:
                continue
            # A few elements are written out one by one, with constant shifts; many become a loop.
            for k in range(place.count if place.count <= 16 else 1):
                scalar, loop = place.count == 1, place.count > 16
                element = "beat" if scalar else f"beat * {place.count} + {'k' if loop else k}"
                at = f"{place.offset} + k * {place.width}" if loop else place.offset + k * place.width
                text = move.format(at=at, width=place.width, field=field, element=element)
                lines.append("      " + (f"for (size_t k = 0; k < {place.count}; ++k) {text}" if loop else text))
        lines.append(f"      {after.format(port=name)} }}")
    return lines


def _cpp(port: str) -> str:
    """Verilator's C++ name of a port: a double underscore is its own separator."""
    return port.replace("__", "___05F")
