"""The command line: one lazy group, and the one place where errors become exit codes.

A command's module is imported when the command is used, so that ``--help`` and ``validate`` never wait for
the numerical stack. Results go to standard output, messages to standard error.

| exit code | meaning                                                             |
|-----------|---------------------------------------------------------------------|
| 0         | done                                                                |
| 2         | the user's input is wrong                                           |
| 3         | a check or a limit was breached                                     |
| 4         | not enough memory, disk or time                                     |
| 70        | a defect of the program; ``--debug`` shows the traceback            |
| 130, 143  | stopped by Ctrl-C or SIGTERM                                        |
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from jpsim._version import __version__
from jpsim.errors import JpsimError
from jpsim.signals import Signalled

__all__ = ["COMMANDS", "cli", "is_quiet", "main"]

COMMANDS = {
    "run": ("jpsim.cli.run", "Simulate the scenarios of a run file."),
    "validate": ("jpsim.cli.validate", "Check scenario and run files."),
    "explain": ("jpsim.cli.explain", "Show what a scenario implies, without simulating."),
    "compare": ("jpsim.cli.compare", "Compare scenarios of stored runs, with paired errors."),
    "hedge": ("jpsim.cli.hedge", "Find hedges of the portfolio of a stored run."),
    "report": ("jpsim.cli.report", "Build the reports of a stored run."),
    "export": ("jpsim.cli.export", "Write a stored run in other systems' formats."),
    "runs": ("jpsim.cli.runs", "List, show, verify and replay stored runs."),
    "scenario": ("jpsim.cli.scenario", "List and show scenarios; JSON Schemas for editors."),
    "model": ("jpsim.cli.model", "List, show, export and compare models."),
    "reverse": ("jpsim.cli.reverse", "Find what it takes for a series to lose so much."),
    "solve": ("jpsim.cli.solve", "Find how far a condition or impulse must go for a wanted result."),
    "data": ("jpsim.cli.data", "Pull official feeds and build a data panel."),
    "calibrate": ("jpsim.cli.calibrate", "Estimate a model from a data panel."),
    "backtest": ("jpsim.cli.backtest", "Score the model out of sample against benchmarks."),
    "serve": ("jpsim.cli.serve", "Serve the workbench to a browser of this machine."),
    "doctor": ("jpsim.cli.doctor", "Show what is installed and what is missing."),
    "warmup": ("jpsim.cli.warmup", "Compile the kernels ahead of the first run."),
}
"""Name -> module with the click command `command`, and one line of help."""

_QUIET, _DEBUG = "jpsim.quiet", "jpsim.debug"
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            import difflib  # only where a name is wrong: starting up must be quick

            close = difflib.get_close_matches(cmd_name, COMMANDS, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"No such command {cmd_name!r}.{hint}", ctx)
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        command.name = cmd_name
        _add_common_options(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _set_flag(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[f"jpsim.{option.name}"] = True


def _add_common_options(command: click.Command) -> None:
    """Let every command and subcommand take ``--quiet`` and ``--debug``, wherever the user writes them."""
    present = {name for option in command.params for name in option.opts}
    for name, text in (("quiet", "Print results only."), ("debug", "Show tracebacks.")):
        if f"--{name}" not in present:
            command.params.append(
                click.Option([f"--{name}"], is_flag=True, expose_value=False, callback=_set_flag, help=text)
            )
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _add_common_options(below)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jpsim", message="%(prog)s %(version)s")
@click.option("--quiet", is_flag=True, expose_value=False, callback=_set_flag, help="Print results only.")
@click.option("--debug", is_flag=True, expose_value=False, callback=_set_flag, help="Show tracebacks.")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Simulate macro scenarios for Japanese equities."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def is_quiet() -> bool:
    """Whether the user asked for results only; for the commands."""
    return bool(click.get_current_context().meta.get(_QUIET))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the right exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _use_one_thread()
    # Searching all installed packages for pydantic's plugins would be a quarter of the time of `validate`.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_exit_code(words))


def _use_one_thread() -> None:
    """Keep linear algebra on one thread, before numpy is imported: its sums must not depend on the machine.

    The matrices are small, and waking threads for them takes longer than multiplying.
    """
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def _exit_code(words: list[str]) -> int:
    """Carry out a command; every error ends here."""
    try:
        result = cli.main(words, prog_name="jpsim", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return 2
    except JpsimError as error:
        return _told(words, f"jpsim: {error}", error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _told(words, "jpsim: stopped", 130)
    except Signalled as signalled:
        return _told(words, "jpsim: terminated", 128 + signalled.signal_number)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _told(words, "jpsim: not enough memory", 4)
    except OSError as error:
        if error.errno in _DISK:
            return _told(words, f"jpsim: {error.filename or 'disk'}: {error.strerror}", 4)
        return _defect(words, error)
    except Exception as error:
        return _defect(words, error)
    return result if isinstance(result, int) else 0


def _defect(words: list[str], error: Exception) -> int:
    hint = "" if "--debug" in words else "; run again with --debug to see where"
    return _told(words, f"jpsim: this is a defect of jpsim: {type(error).__name__}: {error}{hint}", 70)


def _told(words: list[str], message: str, code: int) -> int:
    """Print a message to standard error, with the traceback if it was asked for."""
    if "--debug" in words:
        import traceback

        traceback.print_exc()
    click.echo(message, err=True)
    return code


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise Signalled(signal_number)
