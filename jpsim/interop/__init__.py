"""Other systems: paths as a file, exports that other risk tools read, and their scenarios read in."""

from jpsim.interop.delimited import summary_csv
from jpsim.interop.draws import PathSample
from jpsim.interop.exports import EXPORTS, check_formats, export_run
from jpsim.interop.importing import Imported, import_scenario
from jpsim.interop.paths import write_paths
from jpsim.interop.selection import Selection, select_outputs

__all__ = [
    "EXPORTS",
    "Imported",
    "PathSample",
    "Selection",
    "check_formats",
    "export_run",
    "import_scenario",
    "select_outputs",
    "summary_csv",
    "write_paths",
]
