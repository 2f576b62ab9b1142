"""`jpsim doctor`: what is installed, what is cached, what is missing."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import click

__all__ = ["command"]

_OPTIONAL = {
    "pandas": "tables: pip install 'jpsim[frames]'",
    "xarray": "labelled cubes: pip install 'jpsim[frames]'",
    "xlsxwriter": "workbooks: pip install 'jpsim[xlsx]'",
    "typst": "PDF: pip install 'jpsim[pdf]'",
    "uvicorn": "the workbench: pip install 'jpsim[serve]'",
    "matplotlib": "pictures: pip install 'jpsim[plot]'",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Show versions, models, compiled kernels and optional packages; exit code 3 if a run could not work."""
    found = _examine()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)
    if not found["models"]:
        raise SystemExit(3)


def _examine() -> dict[str, Any]:
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.model.store import list_models
    from jpsim.scenario import find_scenarios
    from jpsim.simulation.kernel_cache import kernels_cached
    from jpsim.simulation.plan import describe_machine, list_versions

    folder = choose_kernel_folder()
    return {
        "versions": list_versions(),
        "machine": describe_machine(),
        "models": [f"{entry['id']}@{entry['version']}" for entry in list_models()],
        "scenarios": len(find_scenarios()),
        "kernels": {"folder": str(folder), "cached": kernels_cached()},
        "optional": {name: importlib.util.find_spec(name) is not None for name in _OPTIONAL},
    }


def _print(found: dict[str, Any]) -> None:
    for name, version in found["versions"].items():
        click.echo(f"{name:<10} {version}")
    click.echo("machine    " + ", ".join(f"{key} {value}" for key, value in found["machine"].items()))
    click.echo(f"models     {', '.join(found['models']) or 'none: nothing can be run'}")
    click.echo(f"scenarios  {found['scenarios']}")
    kernels = found["kernels"]
    ready = "compiled" if kernels["cached"] else "not compiled yet; jpsim warmup does it"
    click.echo(f"kernels    {ready} ({kernels['folder']})")
    for name, present in found["optional"].items():
        click.echo(f"{name:<10} {'installed' if present else f'missing; for {_OPTIONAL[name]}'}")
