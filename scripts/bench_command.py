"""Measures the command against its bars: wall time and peak memory of whole processes.

Usage: python scripts/bench_command.py

Each line is the best of the runs named (warm file cache); memory is the largest process of the command's tree.
Exits with 1 if a bar is missed.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "nervure")


def run(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak MB of one run."""
    start = time.perf_counter()
    process = subprocess.Popen([COMMAND, *arguments], env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"nervure {' '.join(arguments)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> int:
    missed = 0
    print(f"{'command':<44}{'runs':>5}{'seconds':>10}{'bar':>7}{'MB':>8}{'bar':>7}")
    with tempfile.TemporaryDirectory() as folder:
        verify = ["verify", "mac", "--engine", "batch", "--vectors", "1000000"]
        cases = [
            ("--help", ["--help"], {}, 5, 0.25, None),
            ("estimate mac", ["estimate", "mac", "--json"], {}, 5, 0.75, 150),
            ("generate mac", ["generate", "mac", "-o", f"{folder}/unit"], {}, 3, 2.0, 300),
            ("verify 1,000,000 vectors, cold build", verify, {"NERVURE_CACHE": f"{folder}/cache"}, 1, 40.0, 1500),
            ("verify 1,000,000 vectors, cached", verify, {"NERVURE_CACHE": f"{folder}/cache"}, 3, 5.0, 1500),
        ]
        for name, arguments, environment, runs, limit, memory_limit in cases:
            measured = [run(arguments, environment) for _ in range(runs)]
            seconds, memory = min(s for s, _ in measured), max(mb for _, mb in measured)
            missed += seconds > limit or bool(memory_limit and memory > memory_limit)
            shown = f"{memory_limit:>7}" if memory_limit else ""
            print(f"{name:<44}{runs:>5}{seconds:>10.2f}{limit:>7}{memory:>8.0f}{shown}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
