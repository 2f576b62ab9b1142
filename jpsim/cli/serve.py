"""`jpsim serve`: the workbench in a browser."""

from __future__ import annotations

import json
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import click

__all__ = ["command", "named_models"]

_LIBRARIES = ("starlette", "uvicorn")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8712, show_default=True,
              help="Port on this machine, 0 for a free one.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs"), show_default=True,
              help="Folder that holds runs.")  # fmt: skip
@click.option("--model", default="japan_monthly", show_default=True, help="An id, id@version or a folder.")
@click.option("--no-browser", is_flag=True, help="Print the address; open no browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the address in one JSON object.")
def command(port: int, out: Path, model: str, no_browser: bool, as_json: bool) -> None:
    """Serve the workbench to browsers of this machine, until Ctrl-C.

    The address that is printed opens it once, for one browser.
    """
    _require_libraries()
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.model.store import load_model
    from jpsim.scenario.request import USUAL
    from jpsim.web.serving import bind, serve
    from jpsim.web.settings import Settings

    opened = bind(port)
    models = named_models(model)
    chosen = next(reversed(models))
    step = load_model(models[chosen]).step
    settings = Settings(
        port=opened.getsockname()[1],
        out=out.absolute(),
        folder=Path.cwd(),
        kernels=choose_kernel_folder(),
        model=chosen,
        horizon=f"{USUAL[step]}{step[0]}",
        models=models,
    )

    def ready(printed: str, own: str) -> None:
        click.echo(json.dumps({"address": printed, "port": settings.port}) if as_json else printed)
        if not no_browser and _has_display():
            import webbrowser

            threading.Thread(target=webbrowser.open, args=(own,), daemon=True).start()

    serve(opened, settings, ready)


def _require_libraries() -> None:
    from jpsim.errors import InputError, Problem

    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        found = f"the workbench needs {' and '.join(missing)}"
        raise InputError(Problem(found, fix='install the extra: pip install "jpsim[serve]"'))


def _has_display() -> bool:
    """Whether a browser that opens has a window of its own, and does not take this terminal."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def named_models(reference: str) -> dict[str, str]:
    """Ids that pages may name -> what the facade takes; the model that was asked for is the last."""
    from jpsim.model.store import find_model, list_models, load_model

    models = {str(entry["id"]): str(entry["id"]) for entry in list_models()}
    if reference in models:
        chosen, place = reference, reference
    else:
        folder = find_model(reference, Path.cwd())
        chosen, place = load_model(folder).id, str(folder.resolve())
    models.pop(chosen, None)  # a place of its own at the end, also where a packaged model has this id
    return {**models, chosen: place}
