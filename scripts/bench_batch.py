"""Measures the batch engine side by side with a bare C++ loop around the same model and with cocotb.

Usage: python scripts/bench_batch.py [--vectors N] [--cocotb-vectors N] [--repeat N] [-s key=value ...]

All three drive the same Verilog on the same machine in turn. The engine's time is the whole of `BatchModel.run`: numpy
arrays in and out, a beat a cycle, reset, handshake, checks. The bare loop sets the inputs and evaluates twice a cycle,
nothing else. cocotb's time is that of its tests, without build and start. Exit code 1 if a bar is missed.
"""

import argparse
import sys
import tempfile
import time

import numpy as np
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif.batch import BatchModel

BARE_LOOP, COCOTB = 0.7, 50  # the bars


def codes(model: BatchModel, beats: int) -> dict[str, np.ndarray]:
    """Uniform codes of every input field."""
    rng = np.random.default_rng(0)
    return {p.field: rng.integers(0, 1 << p.width, (beats, *p.shape), np.uint64) for p in model.input.payload}


def measure_batch(model: BatchModel, vectors: int, repeat: int) -> tuple[float, float]:
    """Cycles per second of the bare loop and of the engine: the best of interleaved runs."""
    inputs = codes(model, vectors)
    bare, engine = [], []
    for _ in range(repeat):
        bare.append(vectors / model.raw_loop(inputs, vectors))
        start = time.perf_counter()
        cycles = model.run(inputs).cycles
        engine.append(cycles / (time.perf_counter() - start))
    return max(bare), max(engine)


def measure_cocotb(model: BatchModel, vectors: int) -> float:
    """Cycles per second of the cocotb bench: all of its tests, stalled or not."""
    from nervure.verif.cocotb_run import run_cocotb

    inputs = codes(model, vectors)
    result = run_cocotb(model.artifact, inputs, model.run(inputs).outputs)
    if not result.passed:
        raise SystemExit(f"cocotb: {result.tests}")
    return result.cycles / result.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=2_000_000)
    parser.add_argument("--cocotb-vectors", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("-s", dest="settings", action="append", default=[], metavar="key=value")
    arguments = parser.parse_args()
    config = MacConfig(**dict(setting.split("=", 1) for setting in arguments.settings))
    with tempfile.TemporaryDirectory() as directory:
        artifact = emit(config, directory)
        print(artifact.module)
        start = time.perf_counter()
        model = BatchModel(artifact)
        print(f"model ready           {time.perf_counter() - start:10.2f} s")
        bare, engine = measure_batch(model, arguments.vectors, arguments.repeat)
        cocotb = measure_cocotb(model, arguments.cocotb_vectors)
    print(f"bare C++ loop         {bare:10.3g} cycles/s")
    print(f"batch engine          {engine:10.3g} cycles/s")
    print(f"cocotb                {cocotb:10.3g} cycles/s")
    print(f"engine / bare loop    {engine / bare:10.2f}   (bar {BARE_LOOP})")
    print(f"engine / cocotb       {engine / cocotb:10.1f}   (bar {COCOTB})")
    return int(engine < BARE_LOOP * bare or engine < COCOTB * cocotb)


if __name__ == "__main__":
    sys.exit(main())
