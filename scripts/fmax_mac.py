"""Prints the clock that the MAC reaches on ECP5 by latency, and its stages: python scripts/fmax_mac.py [key=value ...].

Five seeds of nextpnr a latency; key=value are config fields (default: acc=bf16).
"""

import os
import sys
import tempfile

from nervure.generators.emit import emit
from nervure.generators.flow.pnr import place_and_route
from nervure.hw.mac.config import MacConfig

if __name__ == "__main__":
    fields = dict(word.split("=", 1) for word in sys.argv[1:]) or {"acc": "bf16"}
    print("| latency | Fmax MHz (5 seeds) | stages, ns | longest over mean |")
    print("| --- | --- | --- | --- |")
    clocks = {}
    for latency in range(2, 9):
        with tempfile.TemporaryDirectory() as folder:
            artifact = emit(MacConfig(**fields, latency=latency, interface="bare"), folder)
            found = place_and_route(artifact, jobs=os.cpu_count() or 1)
        clocks[latency] = found.mean_fmax
        stages = " ".join(f"{stage:.1f}" for stage in found.mean_stages)
        clock = f"{found.mean_fmax:.1f} ± {found.spread:.1f}"
        print(f"| {latency} | {clock} | {stages} | +{found.imbalance:.0%} |", flush=True)
    print(f"\n{found.device}, a rank of registers before the unit. Latency 6 over 4: {clocks[6] / clocks[4]:.2f}")
