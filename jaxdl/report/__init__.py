"""Pages and tables drawn from saved JSON, a benchmark's result or a run's folder: nothing is computed again."""

from jaxdl.report.operations import operations_page, operations_table
from jaxdl.report.page import page
from jaxdl.report.result import load
from jaxdl.report.run import run_page
from jaxdl.report.sweep import sweep_picture
from jaxdl.report.terminal import table

__all__ = ["load", "operations_page", "operations_table", "page", "run_page", "sweep_picture", "table"]
