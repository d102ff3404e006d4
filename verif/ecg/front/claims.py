"""Claims of the front end that hold for all windows.

- ``divisor``: whatever least, greatest and present sample are (least <= sample <= greatest), the divider starts only
  with a divisor that is not 0, and with ``2 T (x - lo) + hi - lo`` over ``2 (hi - lo)``, whose quotient fits; a flat
  window never starts it, and its counts are 0.
- ``division``: from every state, each cycle of the divider takes the numerator's next bit, keeps a rest less than the
  divisor and gives the quotient's bit, ``bits`` times; so ``floor(numerator / divisor)`` follows, by induction.

Both say what the RTL does for all values of all widths of this config. That lo and hi are the least and greatest of the
window's samples, the filters and the rules of the detector are shown by vectors alone.
"""

from __future__ import annotations

from ....hw.ecg.config.front import EcgFrontConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``ecg_front``."""
    return of_front(artifact, EcgFrontConfig(**artifact.manifest["config"]))


def of_front(artifact: Artifact, config: EcgFrontConfig, block: str = "") -> list[Claim]:
    """The claims of a front end that is the whole unit, or a block of it, whose modules' names begin with that."""
    said = f"{artifact.module}.v, window: "
    of = {"block": block}
    return [
        Claim("divisor", f"{said}all samples of {config.adc_bits} bits between all ends, T = {config.steps}",
              (Part(f"{HERE}.proofs:divisor", of, 5),)),
        Claim("division", f"{said}all states of the divider, all divisors that are not 0",
              (Part(f"{HERE}.proofs:division", of, 5),)),
    ]  # fmt: skip
