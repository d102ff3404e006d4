"""Builds of compiled models: the cache survives what befalls them, and errors of the tools are told."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from nervure.verif import tools
from nervure.verif.simulator import compile_model

DRIVER = "NERVURE_EXPORT int answer() { return 42; }  // {}\n"


def tiny(directory):
    path = directory / "tiny.v"
    path.write_text("module tiny(input clk, input x, output reg y); always @(posedge clk) y <= x; endmodule\n")
    return path


CHILD = """
import sys
from pathlib import Path
from nervure.verif.simulator import compile_model
print(compile_model(Path(sys.argv[1]), "tiny", sys.argv[2]))
"""


def child(verilog, driver):
    return subprocess.Popen([sys.executable, "-c", CHILD, str(verilog), driver], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def private_cache(tmp_path, monkeypatch):
    """A cache of its own with the run-time objects of the shared one, which take seconds to compile."""
    from nervure.verif.simulator import _runtime

    shared = _runtime()
    root = tmp_path / "cache"
    shutil.copytree(shared, root / "runtime" / shared.name)
    for path in (root, root / "runtime"):
        path.chmod(0o700)
    monkeypatch.setenv("NERVURE_CACHE", str(root))
    return root


def test_killed_build_does_not_poison_the_cache(private_cache, tmp_path):
    verilog, models = tiny(tmp_path), private_cache / "model"
    process = child(verilog, DRIVER)
    deadline = time.monotonic() + 20
    while not list(models.glob("*.tmp/model/*.cpp")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path for path in models.iterdir() if path.suffix == ""] == []
    import ctypes

    assert ctypes.CDLL(str(compile_model(verilog, "tiny", DRIVER))).answer() == 42


def test_two_processes_build_at_once(private_cache, tmp_path):
    verilog = tiny(tmp_path)
    processes = [child(verilog, DRIVER) for _ in range(2)]
    paths = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert paths == {str(compile_model(verilog, "tiny", DRIVER))}
    assert len(list((private_cache / "model").iterdir())) == 1


def test_flags_reach_verilator(private_cache, tmp_path):
    driver = "NERVURE_EXPORT int answer() { Vmodel model; return model.rootp->tiny__DOT__z; }"
    verilog = tiny(tmp_path)
    verilog.write_text("module tiny(input x, output y); wire z = ~x; assign y = ~z; endmodule")
    with pytest.raises(tools.ToolFailed, match=r"tiny__DOT__z"):
        compile_model(verilog, "tiny", driver)
    compile_model(verilog, "tiny", driver, ("--public-flat-rw",))


def test_cached_model_is_not_built_again_and_content_is_the_key(private_cache, tmp_path):
    verilog = tiny(tmp_path)
    built = compile_model(verilog, "tiny", DRIVER)
    stamp = built.stat().st_mtime_ns
    moved = tmp_path / "moved.v"
    verilog.rename(moved)
    assert compile_model(moved, "tiny", DRIVER) == built
    assert built.stat().st_mtime_ns == stamp
    moved.write_text(moved.read_text().replace("<= x", "<= ~x"))
    assert compile_model(moved, "tiny", DRIVER) != built


def test_refused_verilog_and_refused_driver(private_cache, tmp_path):
    verilog = tiny(tmp_path)
    with pytest.raises(tools.ToolFailed, match=r"^C\+\+ compiler failed with code 1: (?s:.*)nonsense"):
        compile_model(verilog, "tiny", "nonsense;")
    verilog.write_text("module tiny(input clk; endmodule")
    with pytest.raises(tools.ToolFailed, match=r"^verilator failed with code 1: (?s:.*)tiny\.v:1"):
        compile_model(verilog, "tiny", DRIVER)
    assert list((private_cache / "model").iterdir()) == []


def test_cache_open_to_others_is_refused(private_cache, tmp_path):
    from nervure.verif.cache import CacheError

    built = compile_model(tiny(tmp_path), "tiny", DRIVER)
    os.chmod(built, 0o777)
    with pytest.raises(CacheError, match=r"^cache must be writable by its owner alone, not by others \("):
        compile_model(tiny(tmp_path), "tiny", DRIVER)
