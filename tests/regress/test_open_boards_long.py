"""The same files, board and seed give the same bitstream; another seed another."""

from __future__ import annotations

import pytest
from nervure.fpga_projects.boards.board import BOARDS

from .. import open_boards

pytestmark = pytest.mark.regress


@pytest.mark.parametrize("name", BOARDS)
def test_a_seed_decides_the_bitstream(name, tmp_path):
    made = [open_boards.build(name, tmp_path / str(at), seed=seed) for at, seed in enumerate((3, 3, 4))]
    first, again, other = (built.bitstream.read_bytes() for built in made)
    assert first == again != other
    assert all(built.met for built in made)
