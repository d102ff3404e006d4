"""Verilog -> compiled model: a shared library of Verilator's C++ and a driver, cached by content.

Verilator translates; the compiler is called here and not through Verilator's makefile, because model and driver fit
one translation unit (one parse of the headers), and because Verilator's run-time objects, which take longer to compile
than a model, are the same for all models.
"""

from __future__ import annotations

import platform
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from . import cache, tools

RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
VERILATE = ("--cc", "--no-timing", "-O3", "--x-assign", "fast", "--x-initial", "unique", "-Wno-lint", "-Wno-fatal")
COMPILE = (
    # g++ 12 at -O2 without the flag loses the initial values of some memories: seen with 16 or more equal bytes.
    "-fno-tree-slp-vectorize",
    "-std=c++17", "-fPIC", "-fvisibility=hidden", "-DVERILATOR=1", "-DVL_USER_FATAL", "-DVM_COVERAGE=0", "-DVM_SC=0",
    "-DVM_TIMING=0", "-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0",
)  # fmt: skip

# Verilator's own vl_fatal ends the process, which here is the user's Python.
PRELUDE = """
#include <stdexcept>
#define NERVURE_EXPORT extern "C" __attribute__((visibility("default")))
void vl_fatal(const char*, int, const char*, const char* message) { throw std::runtime_error(message); }
"""


def compile_model(verilog: Path, top: str, driver: str, flags: tuple[str, ...] = (), level: str = "-O2") -> Path:
    """The shared library of a Verilog file and a C++ driver; built if the cache has none.

    The driver is compiled behind the model, in the same translation unit: it sees ``Vmodel`` (``Vmodel.h``), the
    model's inside (``Vmodel___024root.h``), and marks what Python calls with ``NERVURE_EXPORT``. What Verilator holds
    for fatal is thrown as ``std::runtime_error``.

    Parameters
    ----------
    verilog : Path
        One file; its text is the key, not its place.
    top : str
        Top module.
    driver : str
        C++ source.
    flags : tuple of str
        More flags for Verilator, e.g. ``("--public-flat-rw",)``.
    level : str
        How far the compiler optimises.

    Raises
    ------
    ToolMissing, ToolFailed
        If Verilator or the compiler is not there, or refuses the source.
    CacheError
        If the cache cannot be trusted.
    """
    command, env = tools.verilator()
    compiler, versions = tools.compiler(), _versions()
    text = verilog.read_bytes()

    def make(directory: Path) -> None:
        objects = _runtime()
        (directory / f"{top}.v").write_bytes(text)
        (directory / "driver.cpp").write_text(driver)
        _named("verilator", [*command, *VERILATE, *flags, "--prefix", "Vmodel", "--Mdir", "model", "--top-module", top,
                             f"{top}.v"], cwd=directory, env=env)  # fmt: skip
        sources = sorted((directory / "model").glob("*.cpp"))
        includes = "".join(f'#include "{source.name}"\n' for source in sources)
        (directory / "model" / "all.cc").write_text(f'{PRELUDE}{includes}#include "../driver.cpp"\n')
        _named("C++ compiler", [compiler, level, *COMPILE, *_includes(), "-shared", "-o", "model.so", "model/all.cc",
                                *(str(objects / Path(name).with_suffix(".o")) for name in RUNTIME), "-pthread"],
               cwd=directory)  # fmt: skip
        shutil.rmtree(directory / "model")

    key = (*versions, *VERILATE, *COMPILE, PRELUDE, top, text, driver, *flags, *([level] if level != "-O2" else []))
    return cache.build("model", key, make) / "model.so"


def _runtime() -> Path:
    """Directory of Verilator's run-time objects, compiled once for all models."""
    compiler = tools.compiler()

    def make(directory: Path) -> None:
        def compile_one(name: str) -> None:
            # Nothing in it runs once a cycle, so that -O1 costs no speed and saves a third of the time.
            source = str(tools.verilator_root() / "include" / name)
            _named("C++ compiler", [compiler, "-O1", *COMPILE, *_includes(), "-c", source], cwd=directory)

        with ThreadPoolExecutor() as pool:
            list(pool.map(compile_one, RUNTIME))

    return cache.build("runtime", (*_versions(), *COMPILE, *RUNTIME), make)


def _includes() -> list[str]:
    root = tools.verilator_root() / "include"
    return [f"-I{root}", f"-I{root / 'vltstd'}"]


def _versions() -> tuple[str, ...]:
    return (platform.machine(), *_tool_versions(tools.verilator_root(), tools.compiler()))


@lru_cache
def _tool_versions(root: Path, compiler: str) -> tuple[str, str]:
    command, env = tools.verilator()
    return tools.run([*command, "--version"], env=env), tools.run([compiler, "--version"])


def _named(name: str, command: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> None:
    """Runs a command; an error calls it by its name and not by that of its interpreter."""
    try:
        tools.run(command, cwd=cwd, env=env)
    except tools.ToolFailed as error:
        raise tools.ToolFailed(f"{name} {str(error).partition(' ')[2]}") from None
