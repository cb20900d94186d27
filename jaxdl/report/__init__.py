"""Pages and tables drawn from saved JSON, a benchmark's result or a run's folder: nothing is computed again."""

from jaxdl.report.gallery import Card, gallery
from jaxdl.report.growth import growth_pictures, growth_table
from jaxdl.report.guard import changes, changes_table
from jaxdl.report.loops import loops_rows, loops_table
from jaxdl.report.operations import operations_page, operations_table
from jaxdl.report.page import page
from jaxdl.report.plots import Landscape, Line, Plot, landscapes_picture, plots_picture
from jaxdl.report.result import load
from jaxdl.report.run import run_page
from jaxdl.report.sweep import sweep_picture
from jaxdl.report.terminal import summary, table
from jaxdl.report.tiles import Tile, tiles_picture

__all__ = [
    "Card",
    "Landscape",
    "Line",
    "Plot",
    "Tile",
    "changes",
    "changes_table",
    "gallery",
    "growth_pictures",
    "growth_table",
    "landscapes_picture",
    "load",
    "loops_rows",
    "loops_table",
    "operations_page",
    "operations_table",
    "page",
    "plots_picture",
    "run_page",
    "summary",
    "sweep_picture",
    "table",
    "tiles_picture",
]
