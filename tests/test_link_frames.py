"""The host link's frames: FCS against zlib, round trips, and every kind of refusal."""

import random
import zlib

import pytest
from nervure.verif.frames import ESCAPE, FLAG, MAX_PAYLOAD, Deframer, Drop, Frame, encode, fcs


def bodies(count: int, seed: int = 9) -> list[bytes]:
    """Random payloads of 0..63 bytes, half of them full of flags and escapes."""
    draw = random.Random(seed)
    alphabets = (range(256), (FLAG, ESCAPE, 0x5E, 0x5D, 0x20))
    return [bytes(draw.choices(alphabets[n % 2], k=draw.randrange(64))) for n in range(count)]


def raw(body: bytes) -> bytes:
    """``body`` with a right FCS between flags; ``body`` must need no escape."""
    inside = body + zlib.crc32(body).to_bytes(4, "little")
    assert FLAG not in inside and ESCAPE not in inside
    return bytes([FLAG]) + inside + bytes([FLAG])


def test_fcs_is_zlibs() -> None:
    assert fcs(b"123456789") == 0xCBF43926
    assert all(fcs(body) == zlib.crc32(body) for body in bodies(300))


def test_frames_survive_any_cut_of_the_line() -> None:
    frames = [Frame(n % 256, (7 * n) % 256, body) for n, body in enumerate(bodies(200))]
    line = b"".join(encode(frame) for frame in frames)
    for piece in (1, 3, 1000):
        receiver = Deframer()
        got = [f for at in range(0, len(line), piece) for f in receiver.feed(line[at : at + piece])]
        assert got == frames and not any(receiver.drops.values())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (raw(b"\x01\x02\x00"), Drop.SHORT),
        (encode(Frame(1, 2, bytes(9))), Drop.LONG),
        (encode(Frame(1, 2, b"ab"))[:-1] + bytes([ESCAPE, FLAG]), Drop.ABORT),
        (encode(Frame(1, 2, b"ab")).replace(b"ab", b"aB"), Drop.FCS),
        (raw(b"\x01\x02\x03\x00ab"), Drop.LENGTH),
    ],
    ids=lambda value: value.name if isinstance(value, Drop) else "",
)
def test_a_refused_frame_is_counted_by_its_kind_and_the_next_one_taken(line: bytes, reason: Drop) -> None:
    receiver = Deframer(capacity=8)
    assert receiver.feed(line) == []
    assert {kind: n for kind, n in receiver.drops.items() if n} == {reason: 1}
    assert receiver.feed(encode(Frame(3, 4, bytes(8)))) == [Frame(3, 4, bytes(8))]


def test_no_single_flipped_bit_passes_as_a_frame() -> None:
    good = Frame(2, 5, b"ab~}cd")
    line = encode(good)
    for bit in range(8, 8 * (len(line) - 1)):
        bad = bytearray(line)
        bad[bit // 8] ^= 1 << bit % 8
        receiver = Deframer()
        assert receiver.feed(bytes(bad)) == [] and any(receiver.drops.values())
        assert receiver.feed(line) == [good]


def test_bytes_before_the_first_flag_are_no_frame() -> None:
    receiver = Deframer()
    assert receiver.feed(b"garbage" + encode(Frame(1, 1))) == [Frame(1, 1)]
    assert not any(receiver.drops.values())


@pytest.mark.parametrize(
    ("kind", "sequence", "payload", "named"),
    [(256, 0, b"", "kind"), (0, -1, b"", "sequence"), (0, 0, bytes(MAX_PAYLOAD + 1), "payload")],
)
def test_a_field_that_does_not_fit_is_named(kind: int, sequence: int, payload: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        Frame(kind, sequence, payload)
