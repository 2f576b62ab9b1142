"""Carry out the examples and write the page that shows them: ``python docs/gallery.py``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "_static" / "gallery"

_HEAD = """\
# Examples

Each example is a file of the folder `examples/` that runs in seconds: `python examples/fans_of_a_hike.py`.
They need the extras `jpsim[frames]` and `jpsim[plot]`. This page and its pictures are made by `python docs/gallery.py`.
"""


def examples() -> list[Path]:
    """Files of the examples, by name."""
    return sorted((ROOT / "examples").glob("*.py"))


def carry_out(path: Path) -> Any:
    """Run an example and return its figure."""
    names: dict[str, Any] = {"__name__": "__example__"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names["figure"]


def page() -> str:
    """Text of the page: title, prose, code and picture of each example."""
    return "\n".join([_HEAD, *(_shown(path) for path in examples())])


def _shown(path: Path) -> str:
    found = re.fullmatch(r'"""\n(.+?)\n=+\n\n(.+?)\n"""\n(.*)', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, path
    title, intro, code = found.groups()
    before, after = re.split(r"# %%\n", code)
    prose = " ".join(line.removeprefix("#").strip() for line in after.split("\n\n")[0].splitlines())
    rest = after.split("\n\n", 1)[1]
    block = "```python\n{}\n```\n"
    picture = f"![{title}](_static/gallery/{path.stem}.png)\n"
    parts = (f"## {title}", intro, "", block.format(before.strip()), f"{prose}\n", block.format(rest.strip()), picture)
    return "\n".join(parts)


def main() -> None:
    """Write pictures and page."""
    sys.path.insert(0, str(ROOT))
    import matplotlib

    matplotlib.use("agg")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for path in examples():
        carry_out(path).savefig(PICTURES / f"{path.stem}.png", dpi=80, metadata={"Software": None})
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
