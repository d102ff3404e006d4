"""A sweep of 200 multiply-accumulate units on two processes: its wall time against the sum of its points, and a sweep
that is killed at half against one that is not.

    python scripts/bench_explore.py [POINTS]
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BAR = 1.3
JOBS = 2
WORDS = ["explore", "mac", "-s", "acc=int32", "-s", "multiplier=lut", "--sweep", "a=int2,int3,int4,int5,int6,int7,int8",
         "--sweep", "b=int2,int3,int4,int5,int6,int7,int8", "--sweep", "latency=2:6", "--method", "random",
         "--metric", "synth", "--target", "gates", "-j", str(JOBS), "--json"]  # fmt: skip


def main(points: int) -> int:
    """Prints wall time, the sum and their ratio, then what a kill at half lost and repeated; 1 if a bar is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "nervure.generators.cli", *WORDS, "--points", str(points), "-o"]
        began = time.perf_counter()
        whole = json.loads(subprocess.run([*command, name], check=True, capture_output=True).stdout)
        wall, kept = time.perf_counter() - began, rows(folder)
        ratio = wall / (sum(row["seconds"] for row in kept.values()) / JOBS)
        print(f"{whole['computed']} points, {wall:.1f} s, {ratio:.2f} of their sum / {JOBS}")

        for file in folder.glob("points.sqlite*"):
            file.unlink()
        running = subprocess.Popen([*command, name], stdout=subprocess.DEVNULL, start_new_session=True)
        while len(rows(folder)) < len(kept) // 2 and running.poll() is None:
            time.sleep(0.2)
        running.send_signal(signal.SIGKILL)
        running.wait()
        half = rows(folder)
        rest = json.loads(subprocess.run([*command, name], check=True, capture_output=True).stdout)
        after = rows(folder)
    repeated = rest["computed"] + len(half) - len(kept)
    same = {key: row["metrics"] for key, row in after.items()} == {key: row["metrics"] for key, row in kept.items()}
    untouched = all(after[key] == row for key, row in half.items())
    print(f"killed at {len(half)}, then {rest['computed']} more; repeated: {repeated}; the same rows: {same}; "
          f"those from before untouched: {untouched}")  # fmt: skip
    return 0 if ratio <= BAR and not repeated and same and untouched else 1


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The points on disk by key."""
    file = folder / "points.sqlite"
    if not file.exists():
        return {}
    try:
        database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        found = {row["key"]: dict(row) for row in database.execute("SELECT * FROM points")}
        database.close()
    except sqlite3.OperationalError:
        return {}  # the tables are not there yet
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 200))
