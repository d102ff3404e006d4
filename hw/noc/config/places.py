"""Where routers are: how far each is from the source, by which neighbour its flits come, which links have registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...config import Config


@dataclass(frozen=True)
class Router:
    """One router.

    Parameters
    ----------
    parent : int or None
        The router whose flits it forwards; None: the source.
    distance : int
        Routers that flits pass before they come to it.
    registers : int
        Registers that they cross between the source's own and its tap.
    """

    parent: int | None
    distance: int
    registers: int


def routers(topology: str, count: int, rows: int, hops: int) -> tuple[Router, ...]:
    """All routers, of which each parent comes before its children.

    Parameters
    ----------
    topology : str
        ``line``: each is the parent of the next. ``ring``: the source sends both ways, to the first and to the last
        router, and each half goes on from there. ``mesh``: lines of ``ceil(count / rows)`` routers, the first of which
        form a line of their own, the trunk.
    count, rows, hops : int
        Routers, lines of a mesh, and routers that a flit passes from one register to the next.
    """
    columns = -(-count // rows) if topology == "mesh" else count

    def parent(r: int) -> int | None:
        if topology == "ring" and r >= (count + 1) // 2:
            return r + 1 if r + 1 < count else None
        if r % columns:
            return r - 1
        return r - columns if r else None

    def distance(r: int) -> int:
        if topology == "ring":
            return min(r, count - 1 - r)
        return r // columns + r % columns

    return tuple(Router(parent(r), distance(r), distance(r) // hops) for r in range(count))


class NetworkConfig(Config):
    """Base of configs of units whose lanes are at routers.

    Routers are numbered along the line; of a mesh, line by line.

    Parameters
    ----------
    routers : int
        Routers, R.
    topology : str
        ``line``; ``ring``: the source is between the first and the last router; ``mesh``: ``rows`` lines that begin at
        routers of a trunk.
    rows : int
        Lines of a mesh.
    hops : int
        A register every so many routers: what is sent passes that many in a cycle.
    """

    routers: int = Field(4, ge=1, le=256, description="routers")
    topology: Literal["line", "ring", "mesh"] = Field("line", description="how routers are linked")
    rows: int = Field(1, ge=1, le=256, description="lines of a mesh")
    hops: int = Field(1, ge=1, le=256, description="routers that are passed in a cycle")

    def check_places(self) -> None:
        """Refuses lines that cannot be.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if self.topology != "mesh" and self.rows != 1:
            raise ValueError(f"rows requires topology=mesh, not {self.topology}")
        if self.rows > self.routers:
            raise ValueError(f"rows must be at most the {self.routers} routers, not {self.rows}")
        if self.topology == "mesh" and (self.rows - 1) * -(-self.routers // self.rows) >= self.routers:
            raise ValueError(f"rows must each have a router: {self.routers} routers in lines of "
                             f"{-(-self.routers // self.rows)} are fewer than {self.rows} lines")  # fmt: skip

    @property
    def stops(self) -> tuple[Router, ...]:
        """All routers."""
        return routers(self.topology, self.routers, self.rows, self.hops)

    @property
    def depth(self) -> int:
        """Registers of the line up to the furthest router, D."""
        return max(place.registers for place in self.stops)


class RowsOnNetworkConfig(NetworkConfig):
    """Base of configs of units that reduce rows along the line; ``lanes`` are the numbers a beat, of all routers."""

    if TYPE_CHECKING:
        lanes: int

    def check_shared(self) -> None:
        """Refuses lines that cannot be, and lanes that routers cannot share.

        Raises
        ------
        ValueError
            In one sentence.
        """
        self.check_places()
        if self.lanes % self.routers:
            raise ValueError(f"lanes must be a multiple of the {self.routers} routers, not {self.lanes}")

    @property
    def ahead(self) -> int:
        """Ranks that a finding takes to the source beyond those of one place, and as many back to the furthest
        router."""
        return self.depth + 1

    def router_of(self, lane: int) -> int:
        """The router of a lane."""
        return lane * self.routers // self.lanes
