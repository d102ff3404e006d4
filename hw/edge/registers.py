"""The AXI-Lite registers of an edge: one table, from which circuit, JSON, C header and Markdown are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ADDRESS_BITS = 7
"""Bits of a byte address: the registers lie in 128 bytes."""
IDENTITY = 0x4E455256
"""``NERV`` in ASCII, first letter highest: what every edge has at address 0."""
MAP_VERSION = 1
"""Version of the table below: it rises with every change that a driver could notice."""


@dataclass(frozen=True)
class Field:
    """Bits ``low`` and up of a register."""

    name: str
    low: int
    width: int
    text: str


@dataclass(frozen=True)
class Register:
    """A register of 32 bits.

    Parameters
    ----------
    name : str
        Upper case, as in the C header.
    offset : int
        Byte address, a multiple of 4.
    access : str
        ``constant``; ``ro``: read only, changes; ``rw``: holds what is written; ``pulse``: writing 1 acts once, reads
        0; ``w1c``: set by the circuit, writing 1 clears.
    reset : int
        Value after reset; of a ``constant`` the value, where it is the same for all units.
    text : str
        One sentence.
    fields : tuple of Field
        Those that mean something; all other bits read 0. None: the whole register is one number.
    """

    name: str
    offset: int
    access: Literal["constant", "ro", "rw", "pulse", "w1c"]
    reset: int
    text: str
    fields: tuple[Field, ...] = ()


REGISTERS: tuple[Register, ...] = (
    Register("IDENTITY", 0x00, "constant", IDENTITY, "NERV in ASCII: an edge of nervure is here."),
    Register("VERSION", 0x04, "constant", MAP_VERSION, "Version of this register map."),
    Register("DIGEST_HIGH", 0x08, "constant", 0, "Config digest of the unit, first 8 hexadecimal digits."),
    Register("DIGEST_LOW", 0x0C, "constant", 0, "Config digest of the unit, last 8 hexadecimal digits."),
    Register("BITS_IN", 0x10, "constant", 0, "Bits of a beat that goes in, without padding."),
    Register("BITS_OUT", 0x14, "constant", 0, "Bits of a beat that comes out, without padding."),
    Register("DATA_WIDTH", 0x18, "constant", 0, "Bits of TDATA, of both streams."),
    Register("CONTROL", 0x20, "pulse", 0, "Writing 1 acts once; reads 0.", (
        Field("RESTART", 0, 1, "Resets unit and input: beats inside are lost. The beat that is being sent is still "
                               "sent whole, and the next one begins a packet. Registers keep their values."),
        Field("CLEAR", 1, 1, "All counters become 0."),
    )),
    Register("STATUS", 0x24, "ro", 0, "What stands in the edge.", (
        Field("PARTIAL", 0, 1, "Some, not all transfers of a beat are in."),
        Field("OFFERED", 1, 1, "A transfer waits at the output."),
    )),
    Register("FAULTS", 0x28, "w1c", 0, "Stays set until 1 is written; a fault in the same cycle wins.", (
        Field("SHORT", 0, 1, "TLAST came in mid-beat; the beat was dropped, the next transfer began a beat."),
        Field("SPOILT", 1, 1, "TKEEP was 0 for a byte of a beat; the beat was dropped."),
    )),
    Register("PACKET", 0x2C, "rw", 1, "Beats of the output from TLAST to TLAST; 0: no TLAST."),
    Register("BEATS_IN", 0x40, "ro", 0, "Beats that the unit took, modulo 2^32."),
    Register("BEATS_OUT", 0x44, "ro", 0, "Beats that the unit gave, modulo 2^32."),
    Register("STALLS_IN", 0x48, "ro", 0, "Cycles in which a transfer waited at the input, modulo 2^32."),
    Register("STALLS_OUT", 0x4C, "ro", 0, "Cycles in which a transfer waited at the output, modulo 2^32."),
    Register("SHORT_COUNT", 0x50, "ro", 0, "Beats dropped because TLAST came in mid-beat, modulo 2^32."),
    Register("SPOILT_COUNT", 0x54, "ro", 0, "Beats dropped because of TKEEP, modulo 2^32."),
)  # fmt: skip

COUNTERS = tuple(register.name for register in REGISTERS if register.offset >= 0x40)
"""Those that ``CONTROL.CLEAR`` clears."""


def constants(digest: str, beats: tuple[int, int], data_width: int) -> dict[str, int]:
    """Values of all constant registers.

    Parameters
    ----------
    digest : str
        Config digest, 16 hexadecimal digits.
    beats : (int, int)
        Bits of a beat in and out.
    data_width : int
        Bits of TDATA.
    """
    values = {register.name: register.reset for register in REGISTERS if register.access == "constant"}
    return values | {"DIGEST_HIGH": int(digest[:8], 16), "DIGEST_LOW": int(digest[8:], 16), "BITS_IN": beats[0],
                     "BITS_OUT": beats[1], "DATA_WIDTH": data_width}  # fmt: skip
