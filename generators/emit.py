"""Config to Verilog, manifest and FuseSoC core: the only door to Verilog."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..hw.config import Config, ConfigError
from ..hw.lib.block import Emission, block_ports
from ..verif.artifact import Artifact
from .registry import get_unit
from .verilog import ordered_ports, plain_rtlil, to_verilog

SCHEMA = 1
LISTED = 64  # members of a list that the Verilog's header still shows


def emit(config: Config, directory: str | Path) -> Artifact:
    """Generates the unit into a directory.

    Writes ``<module>.v``, ``<module>.core`` and ``<module>.json`` (the manifest; schema in
    :mod:`nervure.verif.artifact`). The same config gives the same bytes. Files appear only when all of them are made.

    Parameters
    ----------
    config : Config
        Any unit's config.
    directory : str or Path
        Made if it is not there; another unit's files in it are replaced if they have the same names.

    Raises
    ------
    ConfigError
        If the directory cannot be written, or already holds another module's manifest.
    """
    directory = Path(directory)
    module = config.module_name
    try:
        directory.mkdir(parents=True, exist_ok=True)
        others = [path.name for path in directory.glob("*.json") if path.name != f"{module}.json"]
        scratch = Path(tempfile.mkdtemp(prefix=f".{module}.", dir=directory)) if not others else directory
    except OSError as error:
        raise ConfigError(f"output directory must be writable, not {str(directory)!r} ({error.strerror})") from None
    if others:
        raise ConfigError(f"output directory must hold one unit, not also {others[0]} ({directory})")
    try:
        manifest = _write(config, scratch)
        for entry in [*manifest["files"], {"path": f"{module}.json"}]:
            os.replace(scratch / entry["path"], directory / entry["path"])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Artifact(directory, manifest)


def _write(config: Config, directory: Path) -> dict[str, Any]:
    module = config.module_name
    rtlil, manifest = describe(config)
    (directory / f"{module}.v").write_text(_header(config, manifest) + to_verilog(rtlil, module, directory))
    (directory / f"{module}.core").write_text(_core(config))
    manifest["files"] = [
        {"path": name, "sha256": hashlib.sha256((directory / name).read_bytes()).hexdigest()}
        for name in (f"{module}.v", f"{module}.core")
    ]
    (directory / f"{module}.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def describe(config: Config) -> tuple[str, dict[str, Any]]:
    """RTLIL of the unit, and its manifest without the files."""
    from amaranth.back import rtlil
    from amaranth.hdl import ClockDomain

    unit = get_unit(config.unit)
    component = unit.load("circuit")(config)
    # Its module is taken as the top, with the ports added to it; Amaranth would warn that it is nowhere a submodule.
    component._MustUse__silence = True
    platform = Emission(config.module_name)
    m = component.elaborate(platform)
    bare = getattr(config, "interface", "stream") == "bare"
    has_reset = config.reset != "none" and not bare
    m.domains.sync = domain = ClockDomain(reset_less=not has_reset, async_reset=config.reset == "async")
    ports: dict[str, Any] = {"clk": domain.clk}
    ports |= {port: other.clk for port, other in getattr(component, "clocks", {}).items()}
    reset = None
    if has_reset:
        reset = {"port": "rst" if config.reset_active == "high" else "rst_n", "kind": config.reset,
                 "active": config.reset_active}  # fmt: skip
        ports[reset["port"]] = _reset_port(m, domain, config.reset_active)
    streams = [_stream(m, ports, component, name, unit.load("generator").fields(config)) for name in ("i", "o")]
    text = rtlil.convert(m, platform=platform, name=config.module_name, ports={k: (v, None) for k, v in ports.items()},
                         emit_src=False)  # fmt: skip
    manifest = {
        "schema": SCHEMA, "unit": config.unit, "module": config.module_name, "config": config.to_dict(),
        "digest": config.digest, "clock": "clk", "reset": reset, **unit.load("generator").timing(config),
        "streams": streams, "files": [], "versions": versions(),
    }  # fmt: skip
    generator = unit.load("generator")
    if hasattr(generator, "certificate"):
        manifest["certificate"] = generator.certificate(config)
    return plain_rtlil(text, list(ports), _blocks(platform)), manifest


def _blocks(platform: Emission) -> str:
    """RTLIL of every block below the top."""
    from amaranth.back import rtlil

    text = ""
    for module, component in platform.blocks.items():
        below = Emission(module)
        ports = {}
        for key in block_ports(component):
            ports[key] = (signal := getattr(component, key), None)
            signal.name = key  # the module around it is written; inside, a port goes by its own name
        part = rtlil.convert(component, platform=below, name=module, ports=ports, emit_src=False)
        text += ordered_ports(part, list(ports)).replace("attribute \\top 1\n", "") + _blocks(below)
    return text


def versions() -> dict[str, str]:
    """Versions of what makes the Verilog."""
    found = {}
    for package in ("nervure", "amaranth", "pyosys"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _reset_port(m: Any, domain: Any, active: str) -> Any:
    from amaranth.hdl import Signal

    if active == "high":
        return domain.rst
    port = Signal(name="rst_n")
    m.d.comb += domain.rst.eq(~port)
    return port


def _stream(m: Any, ports: dict[str, Any], component: Any, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Gives a stream's payload one port a field, and says so."""
    from amaranth.hdl import Signal
    from amaranth.lib.wiring import In

    interface = getattr(component, name)
    inward = component.signature.members[name].flow == In
    handshake = hasattr(interface, "payload")
    payload = interface.payload if handshake else interface
    row: dict[str, Any] = {"name": name, "direction": "in" if inward else "out", "valid": None, "ready": None}
    if handshake:
        # A unit may name its handshake's ports, or have none of a signal.
        named = getattr(component, "handshake", {})
        for signal in ("valid", "ready"):
            row[signal] = named.get((name, signal), f"{name}_{signal}")
            if row[signal]:
                ports[row[signal]] = getattr(interface, signal)
    row["payload"] = []
    for key, _ in payload.shape():
        value = payload[key]
        port = Signal(len(value.as_value() if hasattr(value, "as_value") else value), name=f"{name}_{key}")
        m.d.comb += value.eq(port) if inward else port.eq(value)
        ports[f"{name}_{key}"] = port
        shape = list(fields[key].get("shape", []))
        count = 1
        for size in shape:
            count *= size
        row["payload"].append({"field": key, "port": f"{name}_{key}", "offset": 0, "width": len(port) // count,
                               "shape": shape, "format": fields[key]["format"]})  # fmt: skip
    return row


def _header(config: Config, manifest: dict[str, Any]) -> str:
    fields = [f"//   {key} = {_short(value)}" for key, value in config.to_dict().items() if value is not None]
    ports = []
    for row in manifest["streams"]:
        for place in row["payload"]:
            size = "" if not place["shape"] else f"{'x'.join(map(str, place['shape']))} of "
            ports.append(f"//   {place['port']}: {row['direction']}put, {size}{place['format']}, {place['width']} bits")
    waits = getattr(get_unit(config.unit).load("generator"), "STALL", "a stall of the output freezes the unit")
    stall = f"; {waits}" if manifest["streams"][1]["ready"] else ""
    return "\n".join([
        f"// {config.module_name}: generated by nervure {manifest['versions']['nervure']}, do not edit.",
        f"// unit {config.unit}, config digest {config.digest}:",
        *fields,
        "// Latency and initiation interval differ from beat to beat."
        if manifest["latency_cycles"] is None
        else f"// Latency {manifest['latency_cycles']} cycles, "
        f"initiation interval {manifest['initiation_interval']}{stall}.",
        *ports,
        "", "",
    ])  # fmt: skip


def _short(value: Any) -> str:
    """A field's value; of a list of many, the ends."""
    if not isinstance(value, list) or len(value) <= LISTED:
        return str(value)
    start = ", ".join(map(str, value[:3]))
    return f"[{start}, ..., {value[-1]}] ({len(value)} in all, see the manifest)"


def _core(config: Config) -> str:
    module = config.module_name
    return (
        "CAPI=2:\n"
        f"name: nervure:{config.unit}:{module}:{versions()['nervure']}\n"
        f"description: {config.unit} unit generated by nervure, config digest {config.digest}\n"
        "filesets:\n  rtl:\n    files:\n"
        f"      - {module}.v\n    file_type: verilogSource\n"
        "targets:\n  default:\n    filesets: [rtl]\n"
        f"    toplevel: {module}\n"
    )
