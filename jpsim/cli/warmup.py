"""`jpsim warmup`: compile the kernels ahead of the first run."""

from __future__ import annotations

import json
import time

import click

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Compile the kernels and keep them for later runs; JPSIM_CACHE names another folder for them."""
    from jpsim import api
    from jpsim.cli.kernels import choose_kernel_folder
    from jpsim.simulation.kernel_cache import kernels_cached

    folder = choose_kernel_folder()
    started = time.perf_counter()
    api.warm_up()
    seconds = time.perf_counter() - started
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "cached": kernels_cached(), "seconds": round(seconds, 2)}))
    else:
        click.echo(f"kernels are ready in {folder} ({seconds:.1f} s)")
