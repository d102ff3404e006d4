"""A unit behind AXI as a folder of files that stands alone: Verilog, register map, packaged IP."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...hw.config import Config, ConfigError
from ...hw.lookup import unknown
from ...verif.artifact import Artifact
from ...verif.image import beat_bytes
from ..emit import describe, versions
from ..verilog import plain_rtlil, to_verilog
from .ipxact import component, packaging
from .maps import c_header, markdown, register_map

if TYPE_CHECKING:
    from ...hw.edge.core import Ports

SCHEMA = 1
DATA_WIDTH = 32
"""Bits of TDATA where nobody says."""
WIDEST = 1024
"""Bits of TDATA: what AXI4-Stream components of Vivado take at most is 512 bytes; wider buses gain nothing here."""
FOLDER = "axi"
EDGES = ("axi",)


def emit_axi(artifact: Artifact, data_width: int = DATA_WIDTH) -> list[str]:
    """Writes the edge of a generated unit into the folder ``axi`` beside it.

    ``<module>_axi.v`` (the edge, which instantiates the unit's module), ``<module>.v`` (the unit, the same bytes),
    ``<module>_axi.json`` (what it is, register map), ``<module>_axi.h``, ``<module>_axi.md``, ``component.xml``
    (IP-XACT, IEEE 1685-2009) and ``package.tcl`` (lets Vivado make its own). The same unit and width give the same
    bytes. What is in the folder is replaced when all of it is made.

    Parameters
    ----------
    artifact : Artifact
        The unit. It needs a reset, one clock, and a handshake on both sides.
    data_width : int
        Bits of TDATA of both streams, a multiple of 8 from 8 to 1024.

    Returns
    -------
    list of str
        The files, relative to the unit's folder.

    Raises
    ------
    ConfigError
        If the unit or the width cannot be had (:func:`check`), or the folder cannot be written.
    """
    check(artifact.manifest, data_width)
    scratch = Path(tempfile.mkdtemp(prefix=f".{FOLDER}.", dir=artifact.directory))
    try:
        names = _write(artifact, data_width, scratch)
        folder = artifact.directory / FOLDER
        try:
            folder.mkdir(exist_ok=True)
            for name in names:
                os.replace(scratch / name, folder / name)
        except OSError as error:
            raise ConfigError(f"output directory must be writable, not {str(folder)!r} ({error.strerror})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [f"{FOLDER}/{name}" for name in names]


def check_asked(config: Config, edge: str | None, data_width: int | None, directory: Path) -> None:
    """Whether the config's unit can have the edge that a user names, before anything is written.

    Raises
    ------
    ConfigError
        As :func:`check`, and if there is no such edge, a width without one, or a file where its folder would be.
    """
    if edge is None:
        raise ConfigError(f"data_width requires an edge, not {data_width} alone")
    if edge not in EDGES:
        raise ConfigError(unknown("edge", edge, EDGES))
    folder = directory / FOLDER
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"output directory must have room for the folder {FOLDER}, not a file ({folder})")
    check(describe(config)[1], DATA_WIDTH if data_width is None else data_width)


def check(manifest: dict[str, Any], data_width: int) -> None:
    """Whether a unit can have the edge, from its manifest or the part of it that is known before it is emitted.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    if data_width % 8 or not 8 <= data_width <= WIDEST:
        raise ConfigError(f"data_width must be a multiple of 8 from 8 to {WIDEST}, not {data_width}")
    if manifest["reset"] is None:
        raise ConfigError("edge axi requires a unit with a reset: reset=sync or reset=async, not reset=none")
    if manifest.get("clocks"):
        ports = ", ".join(clock["port"] for clock in manifest["clocks"])
        raise ConfigError(f"edge axi requires a unit with one clock, not also {ports}")
    for stream in manifest["streams"]:
        if missing := [name for name in ("valid", "ready") if not stream[name]]:
            wanted = " and ".join(missing)
            raise ConfigError(f"edge axi requires a handshake on both sides; stream {stream['name']} has no {wanted}")


def ports_of(artifact: Artifact) -> Ports:
    """The unit's ports as the circuits around it take them.

    Only for units that :func:`check` lets pass.
    """
    from ...hw.edge.core import Ports

    i, o = artifact.stream("in"), artifact.stream("out")
    assert artifact.reset and i.valid and i.ready and o.valid and o.ready
    return Ports(artifact.module, artifact.clock, artifact.reset["port"], artifact.reset["active"],
                 tuple(artifact.port_widths(i).items()), tuple(artifact.port_widths(o).items()),
                 (i.valid, i.ready, o.valid, o.ready))  # fmt: skip


def empty_module(ports: Ports) -> str:
    """Verilog of the unit's module without what is in it, so that Yosys knows its ports."""
    i_valid, i_ready, o_valid, o_ready = ports.handshake
    sides = [("input", ports.clock, 1), ("input", ports.reset, 1), ("input", i_valid, 1), ("output", i_ready, 1),
             ("output", o_valid, 1), ("input", o_ready, 1), *(("input", *port) for port in ports.i),
             *(("output", *port) for port in ports.o)]  # fmt: skip
    listed = ", ".join(f"{way} [{width - 1}:0] {name}" for way, name, width in sides)
    return f"(* blackbox *)\nmodule {ports.module}({listed});\nendmodule\n"


def describe_axi(ports: Ports, name: str, data_width: int, constants: dict[str, int]) -> str:
    """RTLIL of the edge; its ports are those of :class:`~nervure.hw.edge.axi.AxiEdge`, behind aclk and aresetn."""
    from amaranth.back import rtlil
    from amaranth.hdl import ClockDomain, Module, Signal

    from ...hw.edge.axi import AxiEdge

    edge = AxiEdge(ports, data_width, constants)
    edge._MustUse__silence = True
    m: Module = edge.elaborate(None)
    aclk, aresetn = Signal(name="aclk"), Signal(name="aresetn")
    m.domains.sync = domain = ClockDomain()
    assert domain.rst is not None
    m.d.comb += [domain.clk.eq(aclk), domain.rst.eq(~aresetn)]
    sides = {"aclk": aclk, "aresetn": aresetn} | {key: getattr(edge, key) for key in edge.signature.members}
    text = rtlil.convert(m, name=name, ports={key: (port, None) for key, port in sides.items()}, emit_src=False)
    return plain_rtlil(text, list(sides))


def _write(artifact: Artifact, data_width: int, directory: Path) -> list[str]:
    from ...hw.edge.adapt import words_of
    from ...hw.edge.registers import constants

    ports, name = ports_of(artifact), f"{artifact.module}_axi"
    digest, bits = artifact.manifest["digest"], ports.bits
    fixed = constants(digest, bits, data_width)
    words = [words_of(size, data_width) for size in bits]
    interval = artifact.manifest["initiation_interval"]
    manifest: dict[str, Any] = {
        "schema": SCHEMA, "edge": "axi", "module": name, "unit": artifact.unit, "unit_module": artifact.module,
        "digest": digest, "data_width": data_width,
        "streams": [
            {"name": bus, "stream": stream.name, "beat_bits": size, "beat_bytes": beat_bytes(stream),
             "transfers_per_beat": count}
            for bus, stream, size, count in zip(("s_axis", "m_axis"), (artifact.stream("in"), artifact.stream("out")),
                                                bits, words, strict=True)
        ],
        "added_latency_cycles": 2,
        "cycles_per_beat": max(*words, interval) if interval else None,  # null: the unit's differs from beat to beat
        **register_map(fixed),
    }  # fmt: skip
    body = to_verilog(describe_axi(ports, name, data_width, fixed), name, directory, empty_module(ports))
    title = f"{artifact.module} behind AXI-Stream of {data_width} bits and AXI4-Lite"
    texts = {
        f"{name}.v": f"// {name}: generated by nervure {versions()['nervure']}, do not edit.\n"
                     f"// {title}.\n// Config digest of the unit {digest}; a beat is {words[0]} transfers in, "
                     f"{words[1]} out.\n\n{body}",
        f"{artifact.module}.v": artifact.verilog.read_text(),
        f"{name}.h": c_header(name, title, fixed),
        f"{name}.md": markdown(name, title, manifest),
        "component.xml": component(name, title, artifact, data_width, fixed),
        "package.tcl": packaging(name, artifact),
    }  # fmt: skip
    manifest["files"] = [{"path": path, "sha256": hashlib.sha256(text.encode()).hexdigest()}
                         for path, text in texts.items()]  # fmt: skip
    texts[f"{name}.json"] = json.dumps(manifest, indent=2) + "\n"
    for path, text in texts.items():
        (directory / path).write_text(text)
    return list(texts)
