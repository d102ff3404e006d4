"""A few cycles of a simulation, drawn: the ports of a unit where its first beat goes in and where it comes out."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from ...verif.artifact import Artifact
from ...verif.tools import ToolMissing
from .svg import Drawing

CYCLES = 12
CYCLE, ROW, HIGH = 64, 30, 18
DIGITS = 8  # hexadecimal ones that fit into a cycle


@dataclass(frozen=True)
class Snippet:
    """Settled values of ports, cycle by cycle.

    Parameters
    ----------
    signals : dict of str to tuple
        By port the bits, and the value in each cycle shown: an integer, or None where a bit is not 0 or 1.
    windows : tuple of (int, int)
        The cycles shown, first and after last, from the start of the simulation.
    """

    signals: dict[str, tuple[int, tuple[int | None, ...]]]
    windows: tuple[tuple[int, int], ...]


def read_waves(file: Path, artifact: Artifact) -> Snippet:
    """Cuts the snippet out of a wave file (FST or VCD) of a run of the unit.

    A value is what stands just before the clock rises. Shown are the cycles around the first beat that goes in, and
    those around the first that comes out where that is later; without a handshake the first cycles.

    Raises
    ------
    ToolMissing
        If pywellen is not there.
    """
    try:
        from pywellen import Waveform  # pyright: ignore[reportAttributeAccessIssue] (compiled, without stubs)
    except ImportError:
        raise ToolMissing("pywellen is missing; install it with: pip install 'nervure[report]'") from None
    found = {var.full_name: var for var in Waveform(str(file)).all_vars()}
    ports = [(artifact.reset or {}).get("port"), *(
        port for stream in artifact.streams for port in (stream.valid, stream.ready, *artifact.port_widths(stream))
    )]  # fmt: skip
    changes = {port: list(found[f"{artifact.module}.{port}"].tv) for port in ports if port}
    edges = [time for time, value in found[f"{artifact.module}.{artifact.clock}"].tv if time and value == 1]
    values = {port: _sampled(times, edges) for port, times in changes.items()}
    windows = _windows(artifact, values, len(edges))
    return Snippet({port: (int(found[f"{artifact.module}.{port}"].length or 1),
                           tuple(v for start, stop in windows for v in row[start:stop]))
                    for port, row in values.items()}, windows)  # fmt: skip


def _sampled(changes: list[tuple[int, int | str]], edges: list[int]) -> list[int | None]:
    """The value just before each edge."""
    times = [time for time, _ in changes]
    found = []
    for edge in edges:
        at = bisect_left(times, edge) - 1
        value = changes[at][1] if at >= 0 else None
        found.append(value if isinstance(value, int) else None)
    return found


def _windows(artifact: Artifact, values: dict[str, list[int | None]], cycles: int) -> tuple[tuple[int, int], ...]:
    firsts, reset = [], artifact.reset or {}
    resting = values[reset["port"]] if reset else [0] * cycles
    active = 0 if reset.get("active") == "low" else 1
    for stream in artifact.streams:
        shake = [values[port] for port in (stream.valid, stream.ready) if port]
        beats = (k for k in range(cycles) if resting[k] != active and all(row[k] == 1 for row in shake))
        firsts.append(next(beats, 0) if shake else 0)
    into, out = firsts
    start = max(0, into - 1)
    if out < start + CYCLES - 1:
        return ((start, min(cycles, start + CYCLES)),)
    half = CYCLES // 2
    return ((start, start + half), (max(start + half, out - 2), min(cycles, out - 2 + half)))


def draw_waves(snippet: Snippet, clock: str) -> Drawing:
    """The snippet as a timing diagram: a cycle from each rise of the clock to the next, words in hexadecimal."""
    shown = sum(stop - start for start, stop in snippet.windows)
    gaps = len(snippet.windows) - 1
    rows = 2 + len(snippet.signals)
    names = 10 + 7 * max(len(name) for name in snippet.signals)
    picture = Drawing(names + (shown + gaps) * CYCLE + 4, rows * ROW, "Waveform of the ports")
    first, left = 0, float(names)
    picture.text(0, ROW + HIGH, clock, "code")
    for number, name in enumerate(snippet.signals):
        picture.text(0, (2 + number) * ROW + HIGH, name, "code")
    for number, (start, stop) in enumerate(snippet.windows):
        count = stop - start
        for k in range(count):
            x = left + k * CYCLE
            picture.text(x + CYCLE / 2, 14, f"{start + k}", "soft", "middle")
            picture.line([(x, 20), (x, rows * ROW)], "grid")
            top, low = ROW + 6, ROW + 6 + HIGH
            picture.line([(x, low), (x, top), (x + CYCLE / 2, top), (x + CYCLE / 2, low), (x + CYCLE, low)], "wire")
        for row, (bits, values) in enumerate(snippet.signals.values()):
            _draw(picture, left, (2 + row) * ROW + 6, bits, values[first : first + count])
        first, left = first + count, left + count * CYCLE
        if number < gaps:
            hidden = snippet.windows[number + 1][0] - stop
            picture.text(left + CYCLE / 2, 14, f"… {hidden:,} …", "soft", "middle")
            left += CYCLE
    return picture


def _draw(picture: Drawing, left: float, top: float, bits: int, values: tuple[int | None, ...]) -> None:
    """One signal: a line where it is a bit, boxes as long as a value stays where it is a word."""
    low, start = top + HIGH, 0
    while start < len(values):
        stop = next((k for k in range(start, len(values)) if values[k] != values[start]), len(values))
        x, end, value = left + start * CYCLE, left + stop * CYCLE, values[start]
        if value is None:
            picture.line([(x, top), (end, top), (end, low), (x, low)], "unknown", closed=True)
            picture.text((x + end) / 2, top + 13, "x", "code", "middle")
        elif bits == 1:
            level = top if value else low
            edge = [(x, top if values[start - 1] else low)] if start and values[start - 1] is not None else []
            picture.line([*edge, (x, level), (end, level)], "high")
        else:
            middle, text = (top + low) / 2, f"{value:x}"
            box = [(x, middle), (x + 4, top), (end - 4, top), (end, middle), (end - 4, low), (x + 4, low)]
            picture.line(box, "bus", closed=True, hover=f"0x{value:0{(bits + 3) // 4}x}")
            text = text if len(text) <= DIGITS * (stop - start) else f"…{text[1 - DIGITS :]}"
            picture.text((x + end) / 2, top + 13, text, "code", "middle")
        start = stop
