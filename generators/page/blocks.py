"""The block diagram: what :mod:`.structure` found, drawn from the inputs above to the outputs below."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from .structure import Node, Structure
from .svg import Drawing

STEP, TALL, GAP, MARGIN, RANKS = 74, 40, 16, 14, 56
SWEEPS = 12

Place = tuple[str, int]  # a node in its layer, or a wire that passes through that layer


def draw_blocks(structure: Structure, title: str) -> Drawing:
    """Layers of blocks; a dashed line between two layers is a register of the unit on every wire that crosses it."""
    back = _feedback(structure)
    forward = {edge: n for edge, n in structure.edges.items() if edge not in back}
    keys = _keys(structure, forward)
    layers_of = {key: number for number, key in enumerate(sorted(set(keys.values())))}
    layer = {name: layers_of[key] for name, key in keys.items()}
    # What one node feeds is one wire as long as it can be.
    wires = [[(a, layer[a]), *((f"{a}\0", k) for k in range(layer[a] + 1, layer[b])), (b, layer[b])]
             for a, b in forward]  # fmt: skip
    rows: list[list[Place]] = [[] for _ in layers_of]
    for place in dict.fromkeys(place for wire in [*([(name, at)] for name, at in layer.items()), *wires]
                               for place in wire):  # fmt: skip
        rows[place[1]].append(place)
    size = {place: _width(place[0], structure.nodes.get(place[0])) for row in rows for place in row}
    x = _positions(rows, wires, size)
    right = max(x[place] + size[place] / 2 for row in rows for place in row)
    side = 12 * len({a for a, _ in back})
    picture = Drawing(right + MARGIN + side + RANKS, len(rows) * STEP + 6, title)
    for key, number in layers_of.items():
        before = sorted(layers_of)[number - 1][0] if number else key[0]
        if key[0] > before:
            y = number * STEP - (STEP - TALL) / 2 + 6
            picture.line([(0, y), (right + MARGIN + side, y)], "rank")
            picture.text(right + MARGIN + side + 4, y + 4, f"{before + 1}" if key[0] == before + 1
                         else f"{before + 1} to {key[0]}", "soft")  # fmt: skip
    top = {place: place[1] * STEP + 6 for row in rows for place in row}
    for start, end in dict.fromkeys(pair for wire in wires for pair in pairwise(wire)):
        through = [] if end[0] in layer else [(x[end], top[end] + TALL)]
        picture.flow([(x[start], top[start] + TALL), (x[end], top[end]), *through])
    lanes = sorted({a for a, _ in back})
    for a, b in sorted(back):
        start, end, lane = (a, layer[a]), (b, layer[b]), right + 8 + 12 * lanes.index(a)
        (y0, y1) = (top[place] + TALL / 2 for place in (start, end))
        picture.line([(x[start] + size[start] / 2, y0), (lane, y0), (lane, y1), (x[end] + size[end] / 2, y1)], "wire")
    for name, node in structure.nodes.items():
        place = (name, layer[name])
        wide, y = size[place], top[place]
        kind = "box" if node.kind in ("block", "memory") else "port"
        picture.rect(x[place] - wide / 2, y, wide, TALL, kind)
        picture.text(x[place], y + 17, _label(name, node), "code", "middle")
        picture.text(x[place], y + 32, node.note, "soft", "middle")
    return picture


def _label(name: str, node: Node) -> str:
    return f"{name} x {node.count}" if node.count > 1 else name


def _width(name: str, node: Node | None) -> float:
    if node is None:
        return 4.0
    return max(52.0, 6.8 * len(_label(name, node)) + 14, 6.2 * len(node.note) + 14)


def _feedback(structure: Structure) -> set[tuple[str, str]]:
    """Edges that close a circle, met depth first from the inputs."""
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in structure.edges:
        after[a].append(b)
    closed: set[tuple[str, str]] = set()
    done: set[str] = set()
    order = sorted(structure.nodes, key=lambda name: structure.nodes[name].kind != "in")
    for root in order:
        if root in done:
            continue
        path, way = {root: None}, [(root, iter(after[root]))]
        while way:
            name, rest = way[-1]
            step = next((b for b in rest if b not in done), None)
            if step is None:
                way.pop()
                path.pop(name)
                done.add(name)
            elif step in path:
                closed.add((name, step))
            else:
                path[step] = None
                way.append((step, iter(after[step])))
    return closed


def _keys(structure: Structure, forward: dict[tuple[str, str], int]) -> dict[str, tuple[int, int]]:
    """Of each node the registers before it, and its depth among those with as many."""
    before: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (a, b), registers in forward.items():
        before[b].append((a, registers))
    keys: dict[str, tuple[int, int]] = {}

    def key(name: str) -> tuple[int, int]:
        if name not in keys:
            found = [((key(a)[0] + n), 0 if n else key(a)[1] + 1) for a, n in before[name]]
            keys[name] = max(found, default=(0, 0))
        return keys[name]

    for name in structure.nodes:
        key(name)
    # Outputs stand together, at the end.
    last = max(keys.values())
    inner = max((k for name, k in keys.items() if structure.nodes[name].kind != "out"), default=(0, 0))
    end = last if last > inner else (inner[0], inner[1] + 1)
    return {name: end if structure.nodes[name].kind == "out" else k for name, k in keys.items()}


def _positions(rows: list[list[Place]], wires: list[list[Place]], size: dict[Place, float]) -> dict[Place, float]:
    """The middle of each place: near its neighbours', in an order that crosses few wires, without overlaps."""
    near: dict[Place, list[Place]] = defaultdict(list)
    for wire in wires:
        for a, b in pairwise(wire):
            near[a].append(b)
            near[b].append(a)
    x: dict[Place, float] = {}
    for row in rows:
        _spread(row, {place: 0.0 for place in row}, size, x)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            # Looks at one side alone at first, so that the order settles.
            side = -1 if sweep % 2 == 0 else 1
            aim = {}
            for place in row:
                beside = [x[n] for n in near[place] if sweep >= SWEEPS - 4 or n[1] == place[1] + side]
                aim[place] = sum(beside) / len(beside) if beside else x[place]
            if sweep < SWEEPS - 4:
                row.sort(key=lambda place: aim[place])
            _spread(row, aim, size, x)
    left = min(x[place] - size[place] / 2 for row in rows for place in row)
    return {place: at - left + MARGIN for place, at in x.items()}


def _spread(row: list[Place], aim: dict[Place, float], size: dict[Place, float], x: dict[Place, float]) -> None:
    """Places of a row at their aims, pushed apart where they overlap, and back so that their mean stays."""
    end = float("-inf")
    for place in row:
        x[place] = max(aim[place], end + size[place] / 2)
        end = x[place] + size[place] / 2 + GAP
    shift = sum(aim[place] - x[place] for place in row) / max(1, len(row))
    for place in row:
        x[place] += shift
