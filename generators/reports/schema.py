"""What is kept of a report, whichever tool wrote it. What a report does not say is None, never zero."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ...hw.config import ConfigError

Count = Annotated[int, Field(ge=0, strict=True)]
Blocks = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


class ReportError(ConfigError):
    """A file that is no whole report of a known tool: one sentence that names the file."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Module(_Frozen):
    """One instance of the hierarchy, with all that is below it.

    Parameters
    ----------
    path : str
        Names of the instances from the top, joined by ``/``; of a tool that counts by module (Yosys), its name.
    module : str or None
        Name of the module.
    lut, ff, dsp : int or None
    bram, uram : float or None
    toggles : int or None
        Of the nets of this instance alone.
    """

    path: str
    module: str | None = None
    lut: Count | None = None
    ff: Count | None = None
    dsp: Count | None = None
    bram: Blocks | None = None
    uram: Blocks | None = None
    toggles: Count | None = None


class Power(_Frozen):
    """Watts.

    Parameters
    ----------
    total, dynamic, static : float or None
        OpenSTA's leakage is ``static``, its internal and switching power are ``dynamic``.
    by_class : dict
        By the tool's own names (clocks, sequential, ...). None where the tool gives only a bound (``<0.001``).
    """

    total: float | None = None
    dynamic: float | None = None
    static: float | None = None
    by_class: dict[str, float | None] = Field(default_factory=dict)


class Report(_Frozen):
    """One report.

    Parameters
    ----------
    file, kind : str
        Where it was read, and what it is (see :data:`nervure.generators.reports.read.KINDS`).
    tool : str
    version, device, top : str or None
    lut, ff, dsp : int or None
        Of Cyclone IV, ``dsp`` counts multiplier elements of 9 bits.
    luts : dict
        LUTs by kind, under the tool's own names; ALMs and logic cells, which are no LUTs, are among them.
    bram, uram : float or None
        Blocks of the device's own size; AMD's block RAMs in 36 kbit.
    fmax_mhz : float or None
        The least of all clocks. Of Vivado, ``1000 / (period - slack)``, where there is one clock only.
    slack_ns, hold_slack_ns : float or None
        The worst.
    power : Power or None
    duration : float or None
        Seconds that were simulated (SAIF).
    toggles : int or None
        Of all nets (SAIF).
    modules : tuple of Module
        The hierarchy, where the report has one, the top first.
    """

    file: str
    kind: str
    tool: str
    version: str | None = None
    device: str | None = None
    top: str | None = None
    lut: Count | None = None
    luts: dict[str, Count] = Field(default_factory=dict)
    ff: Count | None = None
    dsp: Count | None = None
    bram: Blocks | None = None
    uram: Blocks | None = None
    fmax_mhz: Positive | None = None
    slack_ns: float | None = None
    hold_slack_ns: float | None = None
    power: Power | None = None
    duration: Positive | None = None
    toggles: Count | None = None
    modules: tuple[Module, ...] = ()


FIGURES = ("lut", "ff", "dsp", "bram", "uram", "fmax_mhz", "slack_ns", "hold_slack_ns", "duration", "toggles")
"""Numbers of a report that compare between reports; of its power, ``power_w`` beside them."""


def figures(report: Report) -> dict[str, float | None]:
    """The numbers of :data:`FIGURES` and ``power_w``, None where there is none."""
    found = {name: getattr(report, name) for name in FIGURES}
    return {**found, "power_w": report.power.total if report.power else None}
