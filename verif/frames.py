"""Frames of the host link: bytes on a serial line, as asynchronous HDLC carries them.

A frame is ``kind(1) sequence(1) length(2, little-endian) payload FCS(4, little-endian)`` between two
flags ``7E``. Inside, ``7E`` and ``7D`` are sent as ``7D`` and the byte XOR ``20`` (RFC 1662, section
4.2). The FCS is the CRC-32 of RFC 1662, appendix C.3: reflected polynomial ``EDB88320``, preset to ones
and complemented, over everything before it; ``zlib.crc32`` is the same function and the tests' judge.

A receiver acts on a frame only when its FCS and its length hold. Everything else it drops and counts
by kind (``Drop``), and the next flag resynchronises it.
"""

from dataclasses import dataclass, field
from enum import Enum

FLAG = 0x7E
ESCAPE = 0x7D
FLIP = 0x20
POLYNOMIAL = 0xEDB88320
HEADER_BYTES = 4
FCS_BYTES = 4
MAX_PAYLOAD = 0xFFFF


class Drop(Enum):
    """Why a receiver dropped what stood between two flags."""

    SHORT = "shorter than a header and an FCS"
    LONG = "longer than the receive buffer"
    ABORT = "an escape directly before a flag"
    FCS = "the FCS does not hold"
    LENGTH = "the length field is not the payload's length"


@dataclass(frozen=True)
class Frame:
    """One frame: ``kind`` and ``sequence`` of 8 bits, ``payload`` of at most ``MAX_PAYLOAD`` bytes.

    Raises ``ValueError`` naming the field where one does not fit.
    """

    kind: int
    sequence: int
    payload: bytes = b""

    def __post_init__(self) -> None:
        for name in ("kind", "sequence"):
            if not 0 <= getattr(self, name) <= 0xFF:
                raise ValueError(f"{name} must be in 0..255, got {getattr(self, name)}")
        if len(self.payload) > MAX_PAYLOAD:
            raise ValueError(f"payload must have at most {MAX_PAYLOAD} bytes, got {len(self.payload)}")


def fcs_step(state: int, byte: int) -> int:
    """The 32-bit FCS register after one byte, least significant bit first: the circuit's equation."""
    state ^= byte
    for _ in range(8):
        state = (state >> 1) ^ (POLYNOMIAL if state & 1 else 0)
    return state


def fcs(body: bytes) -> int:
    """The FCS of ``body``, equal to ``zlib.crc32(body)``."""
    state = 0xFFFFFFFF
    for byte in body:
        state = fcs_step(state, byte)
    return state ^ 0xFFFFFFFF


def encode(frame: Frame) -> bytes:
    """The bytes on the line of ``frame``, its two flags included."""
    body = bytes([frame.kind, frame.sequence]) + len(frame.payload).to_bytes(2, "little") + frame.payload
    line = bytearray([FLAG])
    for byte in body + fcs(body).to_bytes(FCS_BYTES, "little"):
        line += bytes([ESCAPE, byte ^ FLIP]) if byte in (FLAG, ESCAPE) else bytes([byte])
    return bytes(line) + bytes([FLAG])


@dataclass
class Deframer:
    """A receiver of at most ``capacity`` payload bytes a frame; ``drops`` counts what it refused.

    It starts unsynchronised: what comes before the first flag is no frame and is not counted.
    """

    capacity: int = MAX_PAYLOAD
    drops: dict[Drop, int] = field(default_factory=lambda: dict.fromkeys(Drop, 0))
    _synchronised: bool = False
    _escaped: bool = False
    _body: bytearray = field(default_factory=bytearray)

    def feed(self, line: bytes) -> list[Frame]:
        """Take bytes of the line in any pieces; the frames that ended in them and hold."""
        frames: list[Frame] = []
        for byte in line:
            if byte == FLAG:
                found = self._close() if self._synchronised else None
                if found is not None:
                    frames.append(found)
                self._synchronised, self._escaped = True, False
                self._body.clear()
            elif byte == ESCAPE:
                self._escaped = True
            else:
                # One byte over the limit is kept: it is what tells a long frame from a full one.
                if len(self._body) <= HEADER_BYTES + self.capacity + FCS_BYTES:
                    self._body.append(byte ^ FLIP if self._escaped else byte)
                self._escaped = False
        return frames

    def _close(self) -> Frame | None:
        """The frame between the last flag and this one, or None with the reason counted."""
        body = bytes(self._body)
        if not body and not self._escaped:
            return None
        head, sent = body[:-FCS_BYTES], body[-FCS_BYTES:]
        if self._escaped:
            reason = Drop.ABORT
        elif len(body) < HEADER_BYTES + FCS_BYTES:
            reason = Drop.SHORT
        elif len(head) > HEADER_BYTES + self.capacity:
            reason = Drop.LONG
        elif fcs(head) != int.from_bytes(sent, "little"):
            reason = Drop.FCS
        elif int.from_bytes(head[2:4], "little") != len(head) - HEADER_BYTES:
            reason = Drop.LENGTH
        else:
            return Frame(head[0], head[1], head[HEADER_BYTES:])
        self.drops[reason] += 1
        return None
