"""Where the nodes of a graph lie: in layers from top to bottom, with few crossings and short lines.

Three steps, each simple: every node gets a layer, under all that it depends on; in each layer the nodes are put in
the order of their neighbours' mean places (the barycentre heuristic); then they get places, as near to their
neighbours as their widths allow. Sugiyama, Tagawa and Toda 1981, "Methods for Visual Understanding of Hierarchical
System Structures".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Size = tuple[float, float]

GAP = 0.24  # between the nodes of a layer, in inches as all sizes are
ROW_GAP = 0.46  # between layers
TRACK = 0.14  # the width that a passing line takes
PORTS = 0.6  # the part of a node's width over which its incoming lines are spread
SWEEPS = 24


class Line(NamedTuple):
    """From (x0, y0) straight down to y = bottom, in a curve to (x1, top), straight down to (x1, y1)."""

    x0: float
    y0: float
    bottom: float
    x1: float
    top: float
    y1: float
    arrow: bool


class Layout(NamedTuple):
    """Each node's centre, the lines between nodes, and the size of it all; y goes down."""

    places: list[tuple[float, float]]
    lines: list[Line]
    size: Size


@dataclass
class Item:
    """A node in its layer, or a line that passes through it (the values of one node share one)."""

    width: float
    height: float
    level: int
    x: float = 0.0


class Link(NamedTuple):
    """From an item to one of the next layer, and how far right of its centre it arrives, −½ to ½."""

    source: int
    target: int
    port: float


def arranged(sizes: Sequence[Size], edges: Sequence[tuple[int, int]]) -> Layout:
    """Lay a graph out.

    Args:
        sizes: width and height of each node, every node behind those that it depends on.
        edges: from and to; those to one node arrive at it from left to right in this order.

    >>> layout = arranged([(1.0, 0.5)] * 3, [(0, 2), (1, 2)])
    >>> [round(y, 2) for _, y in layout.places], len(layout.lines)
    ([0.25, 0.25, 1.21], 2)
    """
    level = layers(len(sizes), edges)
    items = [Item(width, height, own) for (width, height), own in zip(sizes, level, strict=True)]
    links = _links(items, edges)
    rows = _ordered(items, links)
    _place(items, links, rows)
    return _drawn(len(sizes), items, links, rows)


def layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Each node's layer: the longest way to it, or, where that makes lines no longer, just above where it is used.

    >>> layers(4, [(0, 1), (1, 3), (2, 3)])
    [0, 1, 1, 2]
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    level = [0] * count
    for i in range(count):
        level[i] = max((level[j] + 1 for j in before[i]), default=0)
    for i in reversed(range(count)):
        computed = {j for j in before[i] if before[j]}
        if after[i] and len(computed) <= 1:  # moved down, it draws no more lines along than it had below
            level[i] = min(level[j] for j in after[i]) - 1
    return level


def _links(items: list[Item], edges: Sequence[tuple[int, int]]) -> list[Link]:
    """The edges in steps of one layer, through items that are added for those that pass."""
    arriving: dict[int, list[int]] = {}
    for source, target in edges:
        arriving.setdefault(target, []).append(source)
    tracks: dict[tuple[int, int], int] = {}
    links: list[Link] = []

    def above(source: int, level: int) -> int:
        """The item from which a node's value comes into a layer."""
        at = source
        for passed in range(items[source].level + 1, level):
            if (source, passed) not in tracks:
                tracks[source, passed] = len(items)
                items.append(Item(TRACK, 0.0, passed))
                links.append(Link(at, tracks[source, passed], 0.0))
            at = tracks[source, passed]
        return at

    for target, sources in arriving.items():
        for i, source in enumerate(sources):
            port = (i + 0.5) / len(sources) - 0.5 if len(sources) > 1 else 0.0
            links.append(Link(above(source, items[target].level), target, PORTS * port))
    return links


def _ordered(items: list[Item], links: list[Link]) -> list[list[int]]:
    """The items of each layer from left to right: sweeps by barycentre, of which the one with fewest crossings wins."""
    rows: list[list[int]] = [[] for _ in range(1 + max(item.level for item in items))]
    for i, item in enumerate(items):
        rows[item.level].append(i)
    above: dict[int, list[Link]] = {}
    below: dict[int, list[Link]] = {}
    for link in links:
        above.setdefault(link.target, []).append(link)
        below.setdefault(link.source, []).append(link)
    best, fewest = [list(row) for row in rows], _crossings(rows, above)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            place = {i: place for each in rows for place, i in enumerate(each)}
            mean: dict[int, float] = {}
            for place_now, i in enumerate(row):
                ends = [float(place[k.source]) for k in above.get(i, [])] if down else []
                ends = ends or [place[k.target] + k.port for k in below.get(i, []) if not down]
                mean[i] = sum(ends) / len(ends) if ends else place_now
            row.sort(key=mean.__getitem__)
        count = _crossings(rows, above)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def _crossings(rows: list[list[int]], above: dict[int, list[Link]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {i: n for n, i in enumerate(upper)}
        ends = [place[k.source] for i in lower for k in sorted(above.get(i, []), key=lambda k: k.port)]
        total += sum(a > b for n, b in enumerate(ends) for a in ends[:n])
    return total


def _place(items: list[Item], links: list[Link], rows: list[list[int]]) -> None:
    """Move each row as near to its neighbours' means as the widths allow: those above, those below, in the end both."""
    above: list[list[tuple[int, float]]] = [[] for _ in items]
    below: list[list[tuple[int, float]]] = [[] for _ in items]
    for source, target, port in links:
        offset = port * items[target].width
        above[target].append((source, -offset))
        below[source].append((target, offset))
    for row in rows:
        for left, right in pairwise(row):
            items[right].x = items[left].x + _apart(items[left], items[right])
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted, weights = [], []
            for i in row:
                pulls = above[i] + below[i] if sweep >= SWEEPS // 2 else above[i] if down else below[i]
                ends = [items[other].x + offset for other, offset in pulls]
                wanted.append(sum(ends) / len(ends) if ends else items[i].x)
                weights.append(16.0 if items[i].height == 0 else max(0.01, float(len(ends))))  # lines are kept straight
            spacing = [_apart(items[a], items[b]) for a, b in pairwise(row)]
            for i, x in zip(row, nearest(wanted, weights, spacing), strict=True):
                items[i].x = x


def _apart(left: Item, right: Item) -> float:
    return (left.width + right.width) / 2 + GAP


def nearest(wanted: Sequence[float], weights: Sequence[float], spacing: Sequence[float]) -> list[float]:
    """The places x nearest to the wanted ones, Σ w (x − wanted)² least, with xᵢ₊₁ − xᵢ ≥ spacingᵢ.

    >>> nearest([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], [2.0, 2.0])
    [-1.0, 1.0, 5.0]
    """
    starts = [0.0]
    for gap in spacing:
        starts.append(starts[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # place less start, weight, how many: those that touch move together
    for x, weight, start in zip(wanted, weights, starts, strict=True):
        mean, total, count = x - start, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, number = blocks.pop()
            mean, total, count = (mean * total + other * more) / (total + more), total + more, count + number
        blocks.append((mean, total, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + start for mean, start in zip(means, starts, strict=True)]


def _drawn(count: int, items: list[Item], links: list[Link], rows: list[list[int]]) -> Layout:
    """The places, from the top left corner."""
    left = min(item.x - item.width / 2 for item in items)
    tops, y = [], 0.0
    for row in rows:
        tops.append(y)
        y += max(items[i].height for i in row) + ROW_GAP
    bottoms = [top + max(items[i].height for i in row) for top, row in zip(tops, rows, strict=True)]
    middle = [(top + bottom) / 2 for top, bottom in zip(tops, bottoms, strict=True)]
    for item in items:
        item.x -= left
    lines = []
    for link in links:
        source, target = items[link.source], items[link.target]
        real = link.target < count
        lines.append(
            Line(
                source.x,
                middle[source.level] + source.height / 2 if link.source < count else tops[source.level],
                bottoms[source.level],
                target.x + link.port * target.width,
                tops[target.level],
                middle[target.level] - target.height / 2 if real else tops[target.level],
                real,
            )
        )
    places = [(item.x, middle[item.level]) for item in items[:count]]
    return Layout(places, lines, (max(item.x + item.width / 2 for item in items), bottoms[-1]))
