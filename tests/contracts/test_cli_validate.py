"""The doors: exit codes, what goes where, and that nothing slow is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

SLOW_MODULES = {"numpy", "numba", "scipy", "pandas", "pyarrow", "xarray", "rich", "jinja2"}


@pytest.fixture
def jpsim(project, tmp_path):
    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        code = "from jpsim.cli import main; main()"
        env = {**os.environ, "PYTHONPATH": str(project), **environment}
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=project, check=False, timeout=60)

    return call


def test_good_files_are_named_on_standard_output(jpsim):
    done = jpsim("validate", "scenarios/boj_hike.yaml", "configs/boj_hike.yaml")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "scenarios/boj_hike.yaml: the scenario boj_hike",
        "configs/boj_hike.yaml: a run of baseline, boj_hike",
    ]


def test_bad_files_give_all_problems_and_exit_code_2(jpsim, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema: jpsim/scenario@1\nid: bad\nregim: calm\nconditions: {vix: {level: {3m: -1}}}\n")
    done = jpsim("validate", str(bad), "scenarios/baseline.yaml", str(tmp_path / "missing.yaml"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{bad}:3:1: " in done.stderr
    assert f"{bad}:4:32: " in done.stderr
    assert "missing.yaml: cannot be read" in done.stderr
    assert done.stdout == "scenarios/baseline.yaml: the scenario baseline\n"


def test_json_is_one_object(jpsim, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: bad\n")
    done = jpsim("validate", "--json", str(bad), "scenarios/baseline.yaml", "configs/yen.yaml")
    files = json.loads(done.stdout)["files"]
    assert done.returncode == 2
    assert [file["kind"] for file in files] == [None, "scenario", "run"]
    assert "does not say what it is" in files[0]["problems"][0]
    assert files[2]["scenarios"] == ["baseline", "yen_surge"]


def test_warnings_go_to_standard_error_and_do_not_fail(jpsim, tmp_path):
    odd = tmp_path / "odd.yaml"
    odd.write_text("schema: jpsim/scenario@1\nid: odd\nconditions: {jgb_10y: {change: {3m: 900bp}}}\n")
    done = jpsim("validate", str(odd))
    assert done.returncode == 0
    assert "warning: " in done.stderr
    assert "more than 500bp" in done.stderr


def test_scenario_list_show_and_schema(jpsim):
    listed = {row["id"] for row in json.loads(jpsim("scenario", "list", "--json").stdout)["scenarios"]}
    assert {"baseline", "boj_hike", "yen_surge"} <= listed
    assert "日銀" in jpsim("scenario", "list", PYTHONIOENCODING="utf-8").stdout
    assert "# yaml-language-server" in jpsim("scenario", "show", "boj_hike").stdout
    resolved = jpsim("scenario", "show", "boj_hike", "--resolved").stdout
    assert "extends" not in resolved
    assert "sd: 0.25pp" in resolved
    assert json.loads(jpsim("scenario", "schema", "run").stdout)["properties"]["schema"] == {"const": "jpsim/run@1"}
    missing = jpsim("scenario", "show", "boj_hyke")
    assert missing.returncode == 2
    assert "write boj_hike" in missing.stderr


@pytest.mark.parametrize(
    "words", [["--help"], ["validate", "scenarios/boj_hike.yaml"], ["scenario", "list"], ["--version"]]
)
def test_the_numerical_stack_stays_out(project, words):
    code = (
        "import sys\nfrom jpsim.cli import main\ntry:\n    main(sys.argv[1:])\n"
        f"except SystemExit as end:\n    print(end.code, sorted({SLOW_MODULES!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *words]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_unknown_words_are_the_users_error(jpsim):
    done = jpsim("validat")
    assert done.returncode == 2
    assert "Did you mean 'validate'?" in done.stderr
    assert jpsim("validate", "--nope", "x").returncode == 2
    assert jpsim("validate").returncode == 2


def _main_with(body: str) -> str:
    """A program whose command `validate` does something else."""
    return (
        "import sys, types, click, jpsim.cli as c\n"
        "m = types.ModuleType('fake'); sys.modules['fake'] = m\n"
        f"@click.command()\ndef command():\n{body}\n"
        "m.command = command; c.COMMANDS['fake'] = ('fake', 'x'); c.main(sys.argv[1:])\n"
    )


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ("    1 / 0", 70, "ZeroDivisionError: division by zero; run again with --debug"),
        ("    from jpsim.errors import LimitBreached; raise LimitBreached('over')", 3, "jpsim: over"),
        ("    from jpsim.errors import ResourceError; raise ResourceError('full')", 4, "jpsim: full"),
        ("    raise MemoryError", 4, "not enough memory"),
        ("    raise OSError(28, 'No space left on device', 'f')", 4, "f: No space left on device"),
        ("    raise KeyboardInterrupt", 130, "stopped"),
        ("    import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143, "terminated"),
        ("    click.get_current_context().exit(3)", 3, ""),
    ],
)
def test_errors_become_exit_codes_without_traceback(project, body, code, told):
    environment = {**os.environ, "PYTHONPATH": str(project)}
    for words, traced in ((["fake"], False), (["fake", "--debug"], code != 3 or told != "")):
        command = [sys.executable, "-c", _main_with(body), *words]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == code
        assert told.split(";")[0] in done.stderr
        assert ("Traceback" in done.stderr) is traced


def _listen():
    """A job that a shell has put into the background inherits that it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_answered_within_a_second(project):
    code = _main_with("    import time; print('up', flush=True); time.sleep(30)")
    environment = {**os.environ, "PYTHONPATH": str(project)}
    with subprocess.Popen(
        [sys.executable, "-c", code, "fake"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=_listen,
    ) as child:
        assert child.stdout.readline() == b"up\n"
        start = time.perf_counter()
        child.send_signal(signal.SIGINT)
        assert child.wait(5) == 130
        assert time.perf_counter() - start < 1
