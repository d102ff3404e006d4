"""The boards, and a unit's timing constraints for each in its tool's own language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..generators.page.escape import tcl, xdc
from ..hw.config import ConfigError
from ..hw.lookup import find
from ..verif.artifact import Artifact


@dataclass(frozen=True)
class Platform:
    """One board.

    Parameters
    ----------
    name : str
        As in ``--board``.
    device : str
        The part, in its vendor's spelling.
    clock_mhz : float
        Frequency of the oscillator that user logic gets, in MHz.
    tool : str
        ``vivado`` (XDC), ``nextpnr-ecp5`` (LPF) or ``nextpnr-ice40`` (PCF).
    source : str
        Where part and clock are documented.
    """

    name: str
    device: str
    clock_mhz: float
    tool: Literal["vivado", "nextpnr-ecp5", "nextpnr-ice40"]
    source: str


PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform("ulx3s", "LFE5U-85F-6BG381C", 25.0, "nextpnr-ecp5", "ULX3S manual"),
        Platform("icebreaker", "iCE40UP5K-SG48", 12.0, "nextpnr-ice40", "iCEBreaker schematic"),
        Platform("arty_a7", "xc7a35ticsg324-1L", 100.0, "vivado", "Arty A7 reference manual"),
        Platform("zcu104", "xczu7ev-ffvc1156-2-e", 125.0, "vivado", "UG1267"),
        Platform("u55c", "xcu55c-fsvh2892-2L-e", 100.0, "vivado", "UG1469"),
    )
}


def get_platform(name: str) -> Platform:
    """The board of that name.

    Raises
    ------
    ConfigError
        If there is none; the sentence suggests the nearest.
    """
    return find("board", name, PLATFORMS, ConfigError)


def project(artifact: Artifact, board: str) -> dict[str, str]:
    """Files that a board's tool needs beside the Verilog of a unit on its own: name to text.

    Raises
    ------
    ConfigError
        If the board is unknown.
    """
    return out_of_context(artifact, get_platform(board))


def out_of_context(artifact: Artifact, platform: Platform) -> dict[str, str]:
    """Constraints for placing and routing the unit on its own at the board's clock: file name to text.

    Only clocks are constrained. Pins belong to a board's top level, which wraps the unit.
    """
    clock = artifact.clock
    others = [(other["port"], other["multiple"] * platform.clock_mhz) for other in artifact.manifest.get("clocks", [])]
    header = f"{artifact.module} on its own at the clock of {platform.name} ({platform.device})"
    match platform.tool:
        case "nextpnr-ecp5":
            text = f'# {header}\nFREQUENCY PORT "{clock}" {platform.clock_mhz} MHZ;\n'
            text += "".join(f'FREQUENCY PORT "{port}" {mhz} MHZ;\n' for port, mhz in others)
            return {f"{artifact.module}.lpf": text}
        case "nextpnr-ice40":
            text = f"# {header}\nset_frequency {clock} {platform.clock_mhz}\n"
            text += "".join(f"set_frequency {port} {mhz}\n" for port, mhz in others)
            return {f"{artifact.module}.pcf": text}
        case "vivado":
            period = 1000 / platform.clock_mhz
            first = tcl(clock)
            text = f"# {header}\ncreate_clock -name {first} -period {period:.3f} [get_ports {xdc(clock)}]\n"
            for port, mhz in others:
                text += f"create_clock -name {tcl(port)} -period {1000 / mhz:.3f} [get_ports {xdc(port)}]\n"
                text += f"set_clock_groups -asynchronous -group {first} -group {tcl(port)}\n"
            return {f"{artifact.module}.xdc": text}
