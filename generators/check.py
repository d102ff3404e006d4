"""What an engine's check of a unit found, and the check by the batch engine: many vectors against the golden model."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ..hw.config import Config, ConfigError
from ..verif.artifact import Artifact

if TYPE_CHECKING:
    import numpy as np

CHUNK = 1 << 14  # what caches hold; part of what a seed means, so the same on every machine
AHEAD = 4  # chunks prepared while one is simulated
COVERED_SHARE = 8  # features are counted in one chunk out of so many: counting them takes longer than all the rest
STALLED_SHARE = 8  # one vector in so many runs with stalls
STALL = 0.3

Progress = Callable[[str, int, int], None]
Inputs = dict[str, "np.ndarray"]


@dataclass
class Check:
    """What one engine found.

    Parameters
    ----------
    engine : str
        ``batch`` or ``cocotb``.
    vectors, mismatches, cycles : int
        Vectors compared, how many of them differed, and clock cycles simulated.
    seconds : float
        Wall time of the check, builds included.
    rate : float
        Vectors per second, builds not included.
    failures : list of str
        What did not hold, a sentence each; empty if all held.
    first_mismatch : dict or None
        Which vector differed first, and the code and value of its inputs, expected and found outputs.
    coverage : dict of str to int
        Vectors that hit each feature.
    details : dict
        What this engine alone tells.
    """

    engine: str
    vectors: int = 0
    mismatches: int = 0
    cycles: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    failures: list[str] = field(default_factory=list)
    first_mismatch: dict[str, Any] | None = None
    coverage: Counter[str] = field(default_factory=Counter)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.failures and self.mismatches == 0 and self.vectors > 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "engine": self.engine, "passed": self.passed, "vectors": self.vectors, "mismatches": self.mismatches,
            "first_mismatch": self.first_mismatch, "cycles": self.cycles, "vectors_per_second": round(self.rate),
            "seconds": round(self.seconds, 3), "failures": self.failures, **self.details,
        }  # fmt: skip

    @property
    def problem(self) -> str | None:
        """All that went wrong, a line each; None if nothing did."""
        lines = list(self.failures)
        if self.mismatches:
            lines.append(
                f"{self.mismatches} of {self.vectors} vectors differ; the first: {json.dumps(self.first_mismatch)}"
            )
        return None if self.passed else "\n".join(lines) or "no vector ran"


def check_batch(artifact: Artifact, bench: Any, chunks: Iterable[Callable[[], Inputs]], seed: int = 0, total: int = 0,
                progress: Progress = lambda task, done, total: None) -> Check:  # fmt: skip
    """Sends chunks of inputs through the compiled Verilog and the golden model, part of each chunk with stalls.

    Parameters
    ----------
    artifact, bench
        As for :func:`verify`.
    chunks : iterable of callables
        Each makes the inputs of one chunk.
    seed : int
        Seed of the stalls.
    total : int
        For the progress bar; 0 where it is not known.
    """
    from ..verif.batch import BatchModel, ProtocolError

    check, start = Check("batch"), time.perf_counter()
    progress("compile the model", 0, 0)
    model = BatchModel(artifact)
    progress("compile the model", 1, 1)
    config = bench.config_of(artifact)
    begun = time.perf_counter()
    check.details |= {"stalled_vectors": 0, "covered_vectors": 0, "build_seconds": round(begun - start, 3)}

    def prepare(number: int, make: Callable[[], Inputs]) -> tuple[Inputs, Inputs, dict[str, int] | None]:
        inputs = make()
        expected = bench.expect(config, inputs)
        return inputs, expected, None if number % COVERED_SHARE else bench.coverage(config, inputs, expected)

    for number, (inputs, expected, hits) in enumerate(_ahead(prepare, chunks)):
        try:
            ends = bench.ends(config, inputs) if hasattr(bench, "ends") else None
            if ends is not None and not len(ends):
                continue
            found = _simulate(model, inputs, seed + number, check, ends)
        except ProtocolError as error:
            check.failures.append(str(error))
            break
        _compare(check, bench, config, inputs if ends is None else _at(inputs, ends), expected, found)
        count = _count(expected)
        check.vectors += count
        if hits is not None:
            check.coverage.update(hits)
            check.details["covered_vectors"] += count
        progress("vectors", check.vectors, total)
    if not check.vectors and not check.failures:
        check.failures.append("no vector ran")
    now = time.perf_counter()
    check.seconds, check.rate = now - start, check.vectors / (now - begun)
    return check


def _ahead(prepare: Callable[..., Any], chunks: Iterable[Any]) -> Iterator[Any]:
    """``prepare(number, chunk)`` of each chunk, in order, made by threads while earlier ones are used."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for number, chunk in enumerate(chunks):
                waiting.append(pool.submit(prepare, number, chunk))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _at(inputs: Inputs, beats: np.ndarray) -> Inputs:
    return {name: codes[beats] for name, codes in inputs.items()}


def _simulate(model: Any, inputs: Inputs, seed: int, check: Check, ends: np.ndarray | None = None) -> Inputs:
    """The unit's outputs; the last of the vectors run with stalls on both sides.

    A unit that keeps something from beat to beat cannot be started in the middle: all of them run twice.
    """
    import numpy as np

    count = _count(inputs)
    if ends is not None:
        calm, stalled = (model.run(inputs, ends=ends, stall_in=p, stall_out=p, seed=seed) for p in (0.0, STALL))
        check.cycles += calm.cycles + stalled.cycles
        check.details["stalled_vectors"] += len(ends)
        promised = model.artifact.latency
        if promised not in (None, calm.latency) and not check.failures:
            check.failures.append(f"latency must be {promised} cycles, not {calm.latency}")
        if any((calm.outputs[name] != stalled.outputs[name]).any() for name in calm.outputs):
            check.failures.append("outputs must be the same with stalls as without, and are not")
        return calm.outputs
    calm = count if model.output.ready is None else count - count // STALLED_SHARE
    parts = []
    for part, stall in ((slice(0, calm), 0.0), (slice(calm, count), STALL)):
        if part.start == part.stop:
            continue
        result = model.run({k: v[part] for k, v in inputs.items()}, stall_in=stall, stall_out=stall, seed=seed)
        check.cycles += result.cycles
        promised = model.artifact.latency
        if not stall and promised not in (None, result.latency) and not check.failures:
            check.failures.append(f"latency must be {promised} cycles, not {result.latency}")
        parts.append(result.outputs)
    check.details["stalled_vectors"] += count - calm
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def usual_stimulus(bench: Any) -> str:
    """The kind of drawn vectors that activity is counted with where none is asked for."""
    return next((kind for kind in ("llm", "normal") if kind in bench.KINDS), bench.KINDS[0])


def drawn_chunks(bench: Any, config: Config, count: int, seed: int) -> Iterator[Callable[[], Inputs]]:
    """Chunks of drawn vectors."""
    import numpy as np

    for number, start in enumerate(range(0, count, CHUNK)):
        (chunk_seed,) = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)
        yield partial(bench.stimulus, config, min(CHUNK, count - start), int(chunk_seed))


def exhaustive_chunks(bench: Any, config: Config) -> Iterator[Callable[[], Inputs]]:
    """Chunks of all vectors.

    Raises
    ------
    ConfigError
        If there are too many: at once, not when the first chunk is asked for.
    """
    blocks = bench.exhaustive(config)
    if blocks is None:
        raise ConfigError(f"exhaustive requires few enough inputs to run all, not those of {config.module_name}")

    def sliced() -> Iterator[Callable[[], Inputs]]:
        for block in blocks:
            for start in range(0, _count(block), CHUNK):
                yield partial(_slice, block, start)

    return sliced()


def _slice(block: Inputs, start: int) -> Inputs:
    return {name: codes[start : start + CHUNK] for name, codes in block.items()}


def _count(inputs: Inputs) -> int:
    return len(next(iter(inputs.values())))


def _compare(check: Check, bench: Any, config: Config, inputs: Inputs, expected: Inputs, found: Inputs) -> None:
    import numpy as np

    count = _count(inputs)
    differs = np.zeros(count, bool)
    for name, codes in expected.items():
        differs |= (codes != found[name]).reshape(count, -1).any(axis=1)
    check.mismatches += int(differs.sum())
    if check.first_mismatch is None and differs.any():
        at = int(differs.argmax())
        sides = {"inputs": inputs, "expected": expected, "found": found}
        first = {side: {name: codes[at].tolist() for name, codes in fields.items()} for side, fields in sides.items()}
        check.first_mismatch = {"vector": check.vectors + at, **shown(bench, config, first)}


def shown(bench: Any, config: Config, sides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Code and value of each field of a mismatch; an element that the simulator left X has neither."""

    def code(name: str, codes: Any) -> Any:
        return [code(name, item) for item in codes] if isinstance(codes, list) else "X" if codes is None else hex(codes)

    def value(name: str, codes: Any) -> Any:
        if isinstance(codes, list):
            return [value(name, item) for item in codes]
        return "X" if codes is None else bench.describe(config, name, codes)

    return {
        side: {name: {"code": code(name, codes), "value": value(name, codes)} for name, codes in fields.items()}
        for side, fields in sides.items()
    }
