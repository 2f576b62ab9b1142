"""Official feeds: what publishers serve, kept byte for byte, and the data panel that is built from it."""

from jpsim.sources.building import PanelUpdate, build_panel
from jpsim.sources.catalogue import Catalogue, Feed, Publisher, read_catalogue
from jpsim.sources.pulling import pull
from jpsim.sources.snapshots import Snapshot, newest_snapshots

__all__ = [
    "Catalogue",
    "Feed",
    "PanelUpdate",
    "Publisher",
    "Snapshot",
    "build_panel",
    "newest_snapshots",
    "pull",
    "read_catalogue",
]
