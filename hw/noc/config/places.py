"""Where routers are: how far each is from the source, by which neighbour its flits come, which links have registers."""

from __future__ import annotations

from dataclasses import dataclass


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
