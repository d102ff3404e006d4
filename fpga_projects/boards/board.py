"""ULX3S and iCEBreaker: pins, clock and part from ``amaranth-boards``, what the part has, and constraint files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ...generators.registry import load
from ...hw.config import ConfigError
from ...hw.lookup import find
from ...verif.tools import ToolMissing


@dataclass(frozen=True)
class Pin:
    """One pin that a top level may have as a port.

    Parameters
    ----------
    port : str
        Name of the port: the resource's, with the subsignal (``uart_rx``) or the number (``led_0``) behind it.
    site : str
        Ball or pin of the package.
    direction : str
        ``i`` or ``o``, as the part sees it.
    inverted : bool
        The level is low where the signal is high.
    attributes : dict
        Of the input or output buffer, in the tool's words.
    mhz : float or None
        Of an oscillator, its frequency.
    """

    port: str
    site: str
    direction: str
    inverted: bool
    attributes: Mapping[str, str]
    mhz: float | None = None


@dataclass(frozen=True)
class Board:
    """One board.

    Parameters
    ----------
    name : str
        As in ``--board``.
    definition : str
        Import string of the Amaranth platform that says where its pins are.
    family : str
        ``ecp5`` or ``ice40``: the synthesis target.
    options : tuple of str
        Part, package and speed grade in nextpnr's words.
    clock : str
        Port of the oscillator.
    capacity : dict
        What the part has of ``lut``, ``ff``, ``dsp`` and ``bram`` (nextpnr's own count of the part).
    """

    name: str
    definition: str
    family: Literal["ecp5", "ice40"]
    options: tuple[str, ...]
    clock: str
    capacity: Mapping[str, int]

    @property
    def pins(self) -> Mapping[str, Pin]:
        """Pins by port: oscillator, serial port, light-emitting diodes and buttons.

        Raises
        ------
        ToolMissing
            If ``amaranth-boards`` is not there.
        """
        return _pins(self.definition)


BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        Board("ulx3s", "amaranth_boards.ulx3s:ULX3S_85F_Platform", "ecp5",
              ("--85k", "--package", "CABGA381", "--speed", "6"), "clk25",
              {"lut": 83640, "ff": 83640, "dsp": 156, "bram": 208}),
        Board("icebreaker", "amaranth_boards.icebreaker:ICEBreakerPlatform", "ice40",
              ("--up5k", "--package", "sg48"), "clk12", {"lut": 5280, "ff": 5280, "dsp": 8, "bram": 30}),
    )
}  # fmt: skip

WANTED = ("clk25", "clk12", "uart", "led", "button")


def get_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    ConfigError
        If open tools do not build for a board of that name; the sentence suggests the nearest.
    """
    return find("board", name, BOARDS, ConfigError)


@cache
def _pins(definition: str) -> dict[str, Pin]:
    try:
        resources = load(definition).resources
    except ModuleNotFoundError:
        raise ToolMissing("amaranth-boards is missing; install it with: pip install amaranth-boards") from None
    found = {}
    for resource in resources:
        if resource.name in WANTED:
            whole = [io for io in resource.ios if hasattr(io, "names")]
            name = resource.name if resource.clock else f"{resource.name}_{resource.number}"
            named = [(name, io) for io in whole]
            named += [(f"{resource.name}_{part.name}", part.ios[0]) for part in resource.ios if hasattr(part, "ios")]
            attributes = {key: str(value) for key, value in resource.attrs.items()}
            mhz = resource.clock.frequency / 1e6 if resource.clock else None
            for port, pins in named:
                found[port] = Pin(port, pins.names[0], pins.dir, bool(pins.invert), attributes, mhz)
    return found


def constraints(board: Board, ports: Sequence[str], freq: float | None = None) -> str:
    """Text of the constraint file (LPF for ECP5, PCF for iCE40): where each port is, and the clock's frequency.

    Parameters
    ----------
    board : Board
    ports : sequence of str
        The top level's ports.
    freq : float or None
        MHz to which the oscillator's clock is to be met (None: what the oscillator gives).

    Raises
    ------
    ConfigError
        If the board has no such pin.
    """
    lines = [f"# {board.name}"]
    for port in ports:
        pin = find(f"pin of {board.name}", port, board.pins, ConfigError)
        if board.family == "ecp5":
            settings = " ".join(f"{key}={value}" for key, value in pin.attributes.items())
            lines += [f'LOCATE COMP "{port}" SITE "{pin.site}";', f'IOBUF PORT "{port}" {settings};']
        else:
            pull = " -pullup yes" if pin.attributes.get("PULLUP") == "1" and pin.direction == "i" else ""
            lines.append(f"set_io{pull} {port} {pin.site}")
        if pin.mhz:
            mhz = freq or pin.mhz
            ecp5 = f'FREQUENCY PORT "{port}" {mhz} MHZ;'
            lines.append(ecp5 if board.family == "ecp5" else f"set_frequency {port} {mhz}")
    return "\n".join(lines) + "\n"
