"""The drawing: its values and gradients are right, its layout has no overlaps, its file is whole or not there."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jaxdl import autodiff
from jaxdl.autodiff import drawing
from jaxdl.autodiff.layout import PORTS, arranged, layers
from jaxdl.autodiff.nodes import graph


def product(x, y):
    return x * y + np.sin(x)


def network(params, x, target):
    h = autodiff.relu(autodiff.linear(x, params["fc1.weight"], params["fc1.bias"]))
    return autodiff.mse_loss(autodiff.linear(h, params["fc2.weight"]), target)


def tensors():
    draw = np.random.default_rng(0).normal
    params = {"fc1.weight": draw(size=(8, 5)), "fc1.bias": draw(size=8), "fc2.weight": draw(size=(2, 8))}
    return params, draw(size=(3, 5)), draw(size=(3, 2))


def drawn(function, *args):
    nodes, edges = graph(autodiff.trace(function)(*args), [np.asarray(leaf) for leaf in autodiff.tree.flatten(args)[0]])
    return {node.name: node for node in nodes}, [(nodes[a].name, nodes[b].name) for a, b in edges]


def test_every_value_and_gradient_is_on_it():
    nodes, edges = drawn(product, 2.0, 3.0)
    assert {name: (node.role, node.value, node.gradient) for name, node in nodes.items()} == {
        "x": ("input", ["2"], ["2.584"]),  # y + cos x
        "y": ("input", ["3"], ["2"]),
        "a = multiply": ("operation", ["6"], ["1"]),
        "b = sin": ("operation", ["0.9093"], ["1"]),
        "c = add": ("output", ["6.909"], ["1"]),
    }
    assert edges == [("x", "a = multiply"), ("y", "a = multiply"), ("x", "b = sin"), ("a = multiply", "c = add"),
                     ("b = sin", "c = add")]  # fmt: skip


def test_gradients_of_a_network_are_those_of_grad():
    params, x, target = tensors()
    gradient = autodiff.grad(network)(params, x, target)
    nodes, _ = drawn(network, params, x, target)
    for name, own in gradient.items():
        assert nodes[f"params[{name!r}]"].gradient == [f"norm {np.linalg.norm(own):.4g}"]
    assert nodes["params['fc1.weight']"].facts == "[8, 5]"


def test_numbers_of_the_function_stand_in_its_operations_and_arrays_beside_them():
    weights = np.array([1.0, 2.0])
    nodes, edges = drawn(lambda x: np.sum(weights * x) ** 2 + 0.5, np.ones(2))
    assert {"c = power(·, 2)", "d = add(·, 0.5)", "constant"} <= set(nodes)
    assert (nodes["constant"].role, nodes["constant"].value, nodes["constant"].gradient) == ("constant", ["[1  2]"], [])
    assert ("constant", "a = multiply") in edges


def test_without_one_floating_number_there_are_values_alone():
    for function, outputs in ((lambda x: (x * 2, np.sin(x)), 2), (lambda x: x * np.ones(3), 1), (lambda x: x > 1, 1)):
        nodes, _ = drawn(function, 2.0)
        assert not any(node.gradient for node in nodes.values())
        assert sum(node.role == "output" for node in nodes.values()) == outputs


def test_what_is_no_floating_number_has_no_gradient():
    nodes, _ = drawn(lambda x, i: np.sum(np.where(x > 0, x, 0)[i]), np.array([-1.0, 2.0]), np.array([1, 1]))
    assert nodes["a = greater(·, 0)"].value == ["[False  True]"]
    assert nodes["x"].gradient == ["[0  2]"]
    assert not nodes["i"].gradient
    assert nodes["i"].facts == "int64[2]"


def test_a_result_that_needs_no_operation_is_drawn():
    assert drawn(lambda x: x, 2.0)[0]["x"].role == "output"
    nodes, edges = drawn(lambda x: 3.0, 2.0)
    assert (nodes["x"].role, nodes["constant"].role, nodes["constant"].value, edges) == ("input", "output", ["3"], [])
    assert autodiff.trace(lambda x: (x, 3.0))(1.0)(2.0) == (2.0, 3.0)


def test_infinite_missing_and_empty_values_are_drawn(tmp_path):
    x = np.array([[np.inf, np.nan, -0.0, 1e30]] * 4)
    autodiff.draw(lambda x, y: np.sum(x * x) + np.sum(y), x, np.zeros((0, 3)), file=tmp_path / "odd.png")
    assert drawn(lambda x: np.sum(x), np.zeros((0, 3)))[0]["x"].value == ["empty"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".PNG"])
def test_the_file_is_a_picture(tmp_path, suffix):
    file = autodiff.draw(network, *tensors(), file=tmp_path / f"network{suffix}")
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    if suffix == ".svg":
        assert file.read_text().count("<svg") == 1
        first = file.read_bytes()
        assert autodiff.draw(network, *tensors(), file=file).read_bytes() == first
    else:
        with Image.open(file) as picture:
            assert picture.width > 300
            assert picture.height > picture.width


def test_on_a_dark_page_it_is_dark(tmp_path):
    """Every colour of the day is another by night: none is left over."""
    day, night = (autodiff.draw(network, *tensors(), file=tmp_path / f"{d}.svg", dark=d).read_text() for d in (0, 1))
    for colour, dark in drawing.NIGHT.items():
        assert (colour in day) == (dark in night)
    assert not any(colour in night for colour in (drawing.INK, drawing.PAPER, drawing.GRADIENT))


def test_nothing_overlaps_and_nothing_is_cut():
    args = tensors()
    nodes, edges = graph(autodiff.trace(network)(*args), autodiff.tree.flatten(args)[0])
    figure = drawing._figure(nodes, edges)
    figure.canvas.draw()
    (axes,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches if type(patch).__name__ == "FancyBboxPatch"]
    texts = [text.get_window_extent() for text in axes.texts]
    width, height = figure.get_size_inches() * figure.dpi
    assert all(0 < box.x0 < box.x1 < width and 0 < box.y0 < box.y1 < height for box in [*boxes, *texts])
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    for text in texts[: sum(len(drawing._lines(node)) for node in nodes)]:
        assert sum(b.x0 < text.x0 and text.x1 < b.x1 and b.y0 < text.y0 and text.y1 < b.y1 for b in boxes) == 1


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 14))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    edges = draw(st.lists(pairs, max_size=24)) if count > 1 else []
    return [draw(st.tuples(st.floats(0.2, 3), st.floats(0.2, 1.5))) for _ in range(count)], edges


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_any_graph_is_laid_out_without_overlaps(given_graph):
    sizes, edges = given_graph
    layout = arranged(sizes, edges)
    boxes = [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for (x, y), (w, h) in zip(layout.places, sizes, strict=True)]
    assert all(
        a > -1e-9 and b < layout.size[0] + 1e-9 and c > -1e-9 and d < layout.size[1] + 1e-9 for a, b, c, d in boxes
    )
    for i, (a, b, c, d) in enumerate(boxes):
        assert not any(a < q and p < b and c < s and r < d for p, q, r, s in boxes[:i])
    assert all(layout.places[source][1] < layout.places[target][1] for source, target in edges)
    arrows = sorted((line.x1, line.y1) for line in layout.lines if line.arrow)
    assert len(arrows) == len(edges)  # each ends at the top of a node, inside its width
    for x, y in arrows:
        assert any(a <= x <= b and abs(y - c) < 1e-9 for a, b, c, _ in boxes)
    for line in layout.lines:  # straight parts pass no other node, and curves lie between the layers
        for x, low, high in ((line.x0, line.y0, line.bottom), (line.x1, line.top, line.y1)):
            assert not any(a < x < b and low < d - 1e-9 and c + 1e-9 < high for a, b, c, d in boxes)


def test_arguments_arrive_from_left_to_right():
    layout = arranged([(1.0, 0.5)] * 3, [(1, 2), (0, 2)])
    assert layout.places[1][0] < layout.places[0][0]
    assert layout.lines[0].x1 == pytest.approx(layout.places[2][0] - PORTS / 4)


def test_two_chains_do_not_cross():
    edges = [(0, 2), (1, 3), (2, 5), (3, 4), (4, 6), (5, 7)]
    layout = arranged([(1.0, 0.5)] * 8, edges)
    side = [layout.places[i][0] < layout.places[j][0] for i, j in ((0, 1), (2, 3), (5, 4), (7, 6))]
    assert len(set(side)) == 1


def test_an_input_lies_above_its_first_use():
    assert layers(5, [(0, 1), (1, 2), (2, 4), (3, 4)]) == [0, 1, 2, 2, 3]


def test_a_program_of_too_many_operations_is_refused_before_it_is_run(tmp_path):
    def long(x):
        for _ in range(300):
            x = x * 1.01
        return x

    with pytest.raises(ValueError, match=r"has 301 nodes, and a drawing holds 200"):
        autodiff.draw(long, 1.0, file=tmp_path / "long.png")
    assert not list(tmp_path.iterdir())


def test_many_constants_count_as_nodes(tmp_path):
    def wide(x):
        return sum(np.sum(x * np.ones(2) * i) for i in range(60))

    with pytest.raises(ValueError, match="nodes, and a drawing holds 200"):
        autodiff.draw(wide, np.ones(2), file=tmp_path / "wide.png")


def test_what_is_wrong_with_the_file_is_said_before_the_function_runs(tmp_path):
    def never(x):
        raise AssertionError("it was run")

    with pytest.raises(ValueError, match=r"must end in .png or .svg, given .*graph.pdf"):
        autodiff.draw(never, 1.0, file=tmp_path / "graph.pdf")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        autodiff.draw(never, 1.0, file=tmp_path / "missing" / "graph.png")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    kept = autodiff.draw(product, 1.0, 2.0, file=tmp_path / "kept.svg")
    before = kept.read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(drawing.os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        autodiff.draw(product, 3.0, 4.0, file=kept)
    assert [each.name for each in tmp_path.iterdir()] == ["kept.svg"]
    assert kept.read_bytes() == before


def test_a_traced_argument_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"draw: an argument is float64\[\] \(watched by grad.*draw outside"):
        autodiff.grad(lambda x: autodiff.draw(np.sin, x, file=tmp_path / "inside.png"))(1.0)


def test_a_program_is_drawn_for_other_arguments_of_its_shapes(tmp_path):
    program = autodiff.trace(product)(2.0, 3.0)
    program.draw(1.0, 1.0, file=tmp_path / "again.svg")
    with pytest.raises(ValueError, match=r"recorded for x"):
        program.draw(np.ones(2), 1.0, file=tmp_path / "again.png")
    assert [each.name for each in tmp_path.iterdir()] == ["again.svg"]


def test_names_from_outside_are_neither_mathematics_nor_warnings(tmp_path):
    params = {"$\\alpha$": 1.0, "重み": 2.0, "a" * 90: 3.0}
    autodiff.draw(lambda p: sum(p.values()), params, file=tmp_path / "names.png")


def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    worker = threading.Thread(target=autodiff.draw, args=(product, 1.0, 2.0), kwargs={"file": tmp_path / "a.svg"})
    worker.start()
    worker.join()
    assert (tmp_path / "a.svg").exists()
    assert dict(matplotlib.rcParams) == before
