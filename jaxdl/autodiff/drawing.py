"""A drawing of what a function computes, with every value and, below it, the result's gradient by it."""

import io
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxdl.autodiff.engine.trace import Tracer
from jaxdl.autodiff.layout import Line, Size, arranged
from jaxdl.autodiff.nodes import Node, graph
from jaxdl.autodiff.program import Program, trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 200  # nodes
FORMATS = (".png", ".svg")
DENSITY = 160  # pixels an inch
PIXELS = 30_000, 1e8  # at most along a side, and in all
TEXT, LINE = 9.0, 0.165  # points, and inches from line to line
PAD, MARGIN, KEY = 0.1, 0.18, 0.34  # inches inside a node, around it all, and for the line that says what is what
INK, MUTED, EDGE, GRADIENT, PAPER = "#1b1e23", "#5b626c", "#8b929c", "#c2500f", "#ffffff"
FILLS = {  # and frame
    "input": ("#e3edfb", "#1d5fbf"),
    "constant": ("#f0f0ed", "#a3a9b2"),
    "operation": (PAPER, MUTED),
    "output": ("#e4f3ea", "#17704a"),
}
NIGHT = {  # what each colour is on a dark page
    **{INK: "#e9eaec", MUTED: "#a3a9b2", EDGE: "#7b828c", GRADIENT: "#ff9c5b", PAPER: "#1a1d22"},
    **{"#e3edfb": "#1d2c44", "#1d5fbf": "#7cb0ff", "#f0f0ed": "#262a30", "#a3a9b2": "#5b626c"},
    **{"#e4f3ea": "#173427", "#17704a": "#63cf9a"},
}
INDENT = "\u2002\u2006"  # spaces as wide as the ∇ of the first line
SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "svg.fonttype": "path",
    "svg.hashsalt": "jaxdl",
    "path.simplify": False,
    "savefig.bbox": None,
}


def draw(function: Callable[..., Any], *args: Any, file: str | Path, dark: bool = False) -> Path:
    """Draw what a function computes for these arguments: every operation with its value and its gradient.

    The program flows from top to bottom, and an operation's arguments enter it from left to right. A node shows what is
    computed, under the name that `trace` prints; the shape; the value, v; and the gradient of the result by that value,
    ∇ = ∂(result)/∂v, in another colour. Small arrays show their numbers, larger ones mean ± standard deviation, and
    the gradient's Euclidean norm. Numbers that the function brings along stand in the operation itself.

    Args:
        function: of arrays, or trees of them, to such. If it gives one floating number, gradients are drawn; otherwise
            values alone.
        *args: its arguments.
        file: where to: `.png` or `.svg`, in a folder that is there. It is written whole or not at all.
        dark: in the colours of a dark page.

    Returns:
        The file's path.

    Raises:
        ValueError: another suffix, or more than 200 nodes.
        OSError: there is no such folder, or it cannot be written.
        TypeError: as `trace`.

    >>> import tempfile
    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     autodiff.draw(lambda x, y: x * y + np.sin(x), 2.0, 3.0, file=f"{folder}/product.svg").name
    'product.svg'
    """
    path = writable(file)
    return draw_program(trace(function)(*args), args, path, dark)


def draw_program(program: Program, args: tuple[Any, ...], file: str | Path, dark: bool = False) -> Path:
    """Draw a recorded program for arguments of the shapes that it was recorded for; all else as `draw`."""
    path = writable(file)
    leaves = program.checked(args)
    for leaf in leaves:
        if isinstance(leaf, Tracer):
            raise TypeError(f"draw: an argument is {leaf}, which has no numbers to draw; draw outside of the function")
    count = len(program.inputs) + len(program.equations)
    nodes, edges = ([], []) if count > MOST else graph(program, leaves)
    if max(count, len(nodes)) > MOST:
        raise ValueError(
            f"draw: the program has {max(count, len(nodes))} nodes, and a drawing holds {MOST}; draw a part of the "
            "function, or fewer turns of its loops (print shows programs of any length)"
        )
    if not nodes:
        raise ValueError("draw: the program has no values to draw")
    _save(nodes, edges, path, dark)
    return path


def writable(file: str | Path) -> Path:
    """The path of a drawing.

    Raises:
        ValueError: its suffix is none of a drawing.
        FileNotFoundError: its folder is not there.
    """
    path = Path(file)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"draw: file must end in .png or .svg, given {str(file)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"draw: there is no folder {str(path.parent)!r} for {path.name}")
    return path


def _save(nodes: list[Node], edges: list[tuple[int, int]], path: Path, dark: bool) -> None:
    import matplotlib

    suffix, made = path.suffix.lower()[1:], io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        figure = _figure(nodes, edges)
        if dark:
            _darken(figure)
        figure.savefig(made, format=suffix, metadata={"Date": None} if suffix == "svg" else None)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(made.getvalue())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _figure(nodes: list[Node], edges: list[tuple[int, int]]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=100, facecolor=PAPER)
    measure = _measure(FigureCanvasAgg(figure).get_renderer())
    texts = [[line._replace(text=_known(line.text)) for line in _lines(node)] for node in nodes]
    sizes = [(max(measure(line) for line in lines) + 2 * PAD, LINE * len(lines) + 1.4 * PAD) for lines in texts]
    layout = arranged(sizes, edges)
    key = _key({node.role for node in nodes}, any(node.gradient for node in nodes))
    starts = [MARGIN]
    for entry in key:
        starts.append(starts[-1] + measure(entry) + (0.42 if entry.role else 0.24))
    width = max(layout.size[0] + 2 * MARGIN, starts[-1] - 0.24 + MARGIN)
    height = layout.size[1] + 2 * MARGIN + KEY
    figure.set_size_inches(width, height)
    figure.set_dpi(min(DENSITY, PIXELS[0] / max(width, height), math.sqrt(PIXELS[1] / (width * height))))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    left = (width - layout.size[0]) / 2
    for line in layout.lines:
        _draw_line(axes, line, left, MARGIN)
    for node, lines, size, (x, y) in zip(nodes, texts, sizes, layout.places, strict=True):
        _draw_node(axes, node.role, lines, size, (x + left, y + MARGIN))
    for entry, x in zip(key, starts, strict=False):
        _draw_key(axes, entry, x, height - MARGIN)
    return figure


def _darken(figure: "Figure") -> None:
    """Every colour becomes that of the night."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import Patch
    from matplotlib.text import Text as Writing

    for text in figure.findobj(Writing):
        text.set_color(NIGHT.get(to_hex(text.get_color()), INK))
    for patch in figure.findobj(Patch):
        face, frame = (NIGHT.get(to_hex(colour), "none") for colour in (patch.get_facecolor(), patch.get_edgecolor()))
        patch.set(facecolor=face, edgecolor=frame)


class Text(NamedTuple):
    """A line of text; a role where it explains one."""

    text: str
    colour: str
    weight: str = "normal"
    role: str = ""


def _lines(node: Node) -> list[Text]:
    """A node's text from top to bottom."""
    gradient = [f"{INDENT if i else '∇'}  {line}" for i, line in enumerate(node.gradient)]
    return [
        Text(node.name, INK, "bold"),
        *([Text(node.facts, MUTED)] if node.facts else []),
        *(Text(line, INK) for line in node.value),
        *(Text(line, GRADIENT) for line in gradient),
    ]


def _key(roles: set[str], gradients: bool) -> list[Text]:
    shown = [Text(role, MUTED, role=role) for role in FILLS if role in roles]
    return [*shown, *([Text("∇  gradient of the output", GRADIENT)] if gradients else [])]


def _measure(renderer: Any) -> Callable[[Text], float]:
    from matplotlib.font_manager import FontProperties

    def width(line: Text) -> float:
        """In inches."""
        font = FontProperties(size=TEXT, weight=line.weight)
        return float(renderer.get_text_width_height_descent(line.text, font, ismath=False)[0]) / 100

    return width


def _known(text: str) -> str:
    """Text with a question mark for each character that the font lacks."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    return "".join(each if font.get_char_index(ord(each)) else "?" for each in text)


def _draw_line(axes: "Axes", line: Line, left: float, top: float) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path as Curve

    middle = (line.bottom + line.top) / 2
    head = 0.07 if line.arrow else 0.0
    corners = [(line.x0, line.y0), (line.x0, line.bottom), (line.x0, middle), (line.x1, middle), (line.x1, line.top)]
    points = [(x + left, y + top) for x, y in [*corners, (line.x1, line.y1 - head)]]
    codes = [Curve.MOVETO, Curve.LINETO, *[Curve.CURVE4] * 3, Curve.LINETO]
    if line.y1 - head < line.top:  # the arrow's head begins above the row: the curve ends there
        points[4] = points[5]
    axes.add_patch(PathPatch(Curve(points, codes), fill=False, edgecolor=EDGE, linewidth=1.0, capstyle="round"))
    if line.arrow:
        x, y = line.x1 + left, line.y1 + top
        axes.add_patch(Polygon([(x, y), (x - 0.042, y - 0.09), (x + 0.042, y - 0.09)], color=EDGE, linewidth=0))


def _draw_node(axes: "Axes", role: str, lines: list[Text], size: Size, place: tuple[float, float]) -> None:
    from matplotlib.patches import FancyBboxPatch

    (width, height), (x, y) = size, place
    fill, frame = FILLS[role]
    box = f"round,pad=0,rounding_size={min(0.07 if role != 'operation' else 0.16, height / 3)}"
    style = "--" if role == "constant" else "-"
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height, box, fc=fill, ec=frame, linewidth=1.1, linestyle=style
        )
    )
    for i, line in enumerate(lines):
        at = y + LINE * (i - (len(lines) - 1) / 2)
        _write(axes, x, at, line, "center")


def _draw_key(axes: "Axes", entry: Text, x: float, y: float) -> None:
    if entry.role:
        _draw_node(axes, entry.role, [], (0.15, 0.11), (x + 0.075, y))
    _write(axes, x + (0.21 if entry.role else 0.0), y, entry, "left")


def _write(axes: "Axes", x: float, y: float, line: Text, align: str) -> None:
    axes.text(
        *(x, y, line.text), color=line.colour, weight=line.weight, fontsize=TEXT, ha=align, va="center_baseline",
        parse_math=False,
    )  # fmt: skip
