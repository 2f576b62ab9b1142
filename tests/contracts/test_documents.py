"""The documents say what the program does: commands, names, links, examples, defaults, refusals, the rebuild."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import numpy as np
import pytest
import yaml

import jpsim
from jpsim import api
from jpsim.analysis.elasticities import update_elasticities
from jpsim.cli import COMMANDS
from jpsim.dictionary import factors, series
from jpsim.errors import UnsupportedError
from jpsim.model.export import export_model
from jpsim.model.store import load_model
from jpsim.scenario import RunRequest, find_scenarios, load_file, load_run, load_scenario
from jpsim.simulation.result import STATISTICS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[str, click.Command]]:
    for name, (module, _) in COMMANDS.items():
        command = import_module(module).command
        below = command.commands if isinstance(command, click.Group) else {}
        yield from ((f"{name} {part}", inner) for part, inner in below.items())
        if not below:
            yield name, command


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_commands_and_their_options_are_documented(name: str, command: click.Command) -> None:
    page = read("docs/commands.md")
    assert re.search(rf"`jpsim {name}\b", page)
    options = {opt for param in command.params for opt in param.opts if opt.startswith("--")}
    assert [option for option in sorted(options) if f"`{option}" not in page] == []


@pytest.mark.parametrize("name", jpsim.__all__)
def test_public_names_are_documented(name: str) -> None:
    assert re.search(rf"\b(jpsim\.)?{name}\b", read("docs/python.md"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", path.read_text(encoding="utf-8"))
    targets = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in targets if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_of_the_project_that_pages_name_exist(path: Path) -> None:
    named = re.findall(r"`((?:tests|jpsim|docs)/[\w./-]+\.\w+)`", path.read_text(encoding="utf-8"))
    assert sorted(name for name in set(named) if not (ROOT / name).exists()) == []


def test_readme_counts_the_library() -> None:
    [count] = re.findall(r"\[(\d+) scenarios\]\(docs/library\.md\)", read("README.md"))
    assert int(count) == len(find_scenarios(ROOT / "scenarios"))


def test_readme_has_links_and_a_picture() -> None:
    assert len(re.findall(r"\]\(docs/[a-z-]+\.md\)", read("README.md"))) >= 8
    picture = ROOT / "docs" / "_static" / "report.png"
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size < 300_000


def test_documents_name_no_machine() -> None:
    found = {path.name for path in DOCUMENTS if re.search(r"(?<![\w.])/(home|root|work|tmp)/", path.read_text("utf-8"))}
    assert found == set()


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped scenarios and runs, as the working directory."""
    for name in ("configs", "scenarios"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if "schema: jpsim/" in "".join(blocks(path, "yaml"))],
                         ids=lambda path: path.name)  # fmt: skip
def test_yaml_examples_validate(path: Path, copies: Path) -> None:
    written = []
    for number, text in enumerate(blocks(path, "yaml")):
        content = yaml.safe_load(text)
        if isinstance(content, dict) and content.get("schema"):
            run = content["schema"].startswith("jpsim/run")
            target = copies / ("configs" if run else "scenarios") / f"{content.get('id', f'example_{number}')}.yaml"
            target.write_text(text, encoding="utf-8")
            written.append(target)
    assert written
    for target in written:
        load_file(target)


def test_documented_defaults_of_a_run_are_its_defaults(copies: Path) -> None:
    [text] = [text for text in blocks(ROOT / "docs" / "scenarios.md", "yaml") if "jpsim/run@1" in text]
    stated = copies / "configs" / "stated.yaml"
    stated.write_text(text, encoding="utf-8")
    loaded, keys = load_run(stated), yaml.safe_load(text)
    for name in keys.keys() - {"schema", "scenarios", "limits"}:
        assert getattr(loaded, name) == RunRequest.model_fields[name].get_default(call_default_factory=True), name


REFUSED = {
    "absorb: equity_premium or earnings": "views: [{series: topix, at: 12m, mean: {at_least: 5%}, absorb: earnings}]",
    "impulse of a channel that has no prior": "impulses: {bank_margins: {size: 1sd, over: 6m}}",
}


def refusals() -> str:
    return read("docs/scenarios.md").split("## What is refused")[1]


@pytest.mark.parametrize("listed", REFUSED)
def test_refused_parts_of_a_scenario_are_listed(listed: str, tmp_path: Path) -> None:
    scenario = tmp_path / "refused.yaml"
    scenario.write_text(f"schema: jpsim/scenario@1\nid: refused\n{REFUSED[listed]}\n", encoding="utf-8")
    assert listed in refusals().replace("`", "")
    with pytest.raises(UnsupportedError):
        api.explain(scenario)


def test_the_library_can_be_carried_out_as_the_page_says() -> None:
    assert "Every scenario of the shipped library can be carried out" in refusals()
    names = find_scenarios(ROOT / "scenarios")
    assert len(names) >= 40
    for name in names:
        api.explain(load_scenario(name, ROOT / "scenarios"))


def test_library_page_is_that_of_the_files() -> None:
    script = load_script(ROOT / "docs" / "library.py")
    page = read("docs/library.md")
    assert page == script.render()
    assert [name for name in find_scenarios(ROOT / "scenarios") if f"| `{name}` |" not in page] == []


def test_documents_are_in_the_table_of_contents() -> None:
    index = read("docs/index.md")
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if not re.search(rf"^{page}$", index, re.MULTILINE)} == set()


def test_examples_of_analysis_are_commands_that_parse(copies: Path) -> None:
    """Each `jpsim` line of the page, with its real options, up to the point where work would begin."""
    lines = [
        line
        for text in blocks(ROOT / "docs" / "analysis.md", "text")
        for line in text.splitlines()
        if line.startswith("jpsim ")
    ]
    known = dict(commands())
    assert len(lines) >= 6
    for line in lines:
        words = line.split()[1:]
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        known[name].make_context(name, words[len(name.split()) :])


def test_quoted_exports_are_those_that_exist() -> None:
    from jpsim.interop import EXPORTS

    rows = re.findall(
        r"^\| (`.+?`) \| .+ \| .+ \|$", read("docs/analysis.md").split("## Other systems")[1], re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(EXPORTS)


@pytest.mark.parametrize("change", ["formats=[pdf]", "formats=[xlsx]"])
def test_refused_keys_of_a_run_are_listed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of the extras."""
    monkeypatch.setattr("jpsim.simulation.job.find_spec", lambda name: None)
    request = load_run(ROOT / "configs" / "boj_hike.yaml", [change])
    with pytest.raises(UnsupportedError):
        api.plan(request)
    assert f"`{change.split('=')[0]}" in refusals()


def test_statistics_and_kinds_are_documented() -> None:
    page = read("docs/runs.md")
    kinds = {"factor", *(entry.kind for entry in series().values())}
    assert [name for name in (*STATISTICS, *kinds) if not re.search(rf"\b{name}\b", page)] == []


def test_python_examples_run(copies: Path) -> None:
    names: dict[str, Any] = {}
    for text in blocks(ROOT / "docs" / "python.md", "python"):
        exec(compile(text, "docs/python.md", "exec"), names)
    assert names["run"]["boj_hike"]["banks"].at("6m").mean.se > 0
    assert len(list((copies / "outputs").iterdir())) == 1


def load_script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("law", ["gaussian", "student_t", "stochastic_volatility"])
def test_rebuild_in_numpy_agrees_with_a_run(tmp_path: Path, law: str) -> None:
    """The script of docs/rebuild.md, which imports nothing of jpsim, against the run of the same page."""
    script = load_script(ROOT / "docs" / "rebuild.py")
    export = tmp_path / "model.npz"
    export_model(load_model("japan_monthly"), export)
    result = jpsim.run(ROOT / "docs" / "rebuild.yaml", overrides=[f"innovations={law}"], out=tmp_path / "outputs")
    with np.load(export) as arrays:
        model = dict(arrays)
    found = script.summarise(model, paths=20_000, months=12, seed=1, law=law)
    for scores in script.compare(model, found, tmp_path / "outputs" / result.run_id).values():
        assert scores.size == len(result.outputs) * 12
        assert np.abs(scores).max() < 5.5
        assert 0.4 < np.sqrt((scores**2).mean()) < 1.7  # a few dozen independent numbers among a thousand
    manifest = json.loads((tmp_path / "outputs" / result.run_id / "manifest.json").read_text("utf-8"))
    page = read("docs/runs.md")
    diagnostics = manifest["diagnostics"]["unconditional"]
    assert [key for key in (*manifest, *manifest["files"], *diagnostics) if f"`{key}`" not in page] == []


def test_table_of_elasticities_is_that_of_the_shipped_model() -> None:
    """Every row of docs/earnings.md, to the digits written there."""
    model = load_model("japan_monthly")
    found = update_elasticities(model)
    names = (*model.series, *model.aggregates)
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (.+) \((.+)\) \| (.+) \| (.+) \((.+)\) \|$", read("docs/earnings.md"), re.M
    )
    assert len(rows) >= 10
    for factor, name, *written in rows:
        i, j = found.factors.index(factor), names.index(name)
        is_now = (found.prior, found.prior_sd, found.observed, found.mean, found.sd)
        assert [f"{array[i, j]:.2f}" for array in is_now] == written, (factor, name)


def test_readme_table_is_that_of_the_shipped_run() -> None:
    """Medians of the table against a new run with another seed, as z-scores."""
    table = next(text for text in blocks(ROOT / "README.md", "text") if text.startswith("baseline (reference)"))
    request = load_run(ROOT / "configs" / "boj_hike.yaml", ["paths=40000", "seed=5"])
    result = api.execute(api.plan(request)[0])
    ids = {entry.name_en: name for name, entry in {**factors(), **series()}.items()}
    compared = 0
    for scenario, part in zip(request.scenarios, table.split("\n\n"), strict=False):
        for line in part.splitlines()[3:]:
            label, written = re.split(r"\s{2,}", line.strip())[:2]
            [name] = [ids[known] for known in ids if matches(label, known, factors()[ids[known]].unit
                                                              if ids[known] in factors() else "")]  # fmt: skip
            number, error = (float(text.replace("−", "-").strip("<").replace(",", "")) for text in written.split(" ±"))
            fresh = result[scenario.id][name].at("12m").quantile(0.5)
            scale = 1.0 if name in factors() else 100.0
            rounding = 10.0 ** -len(written.split(" ±")[0].partition(".")[2]) / 2.0
            miss = max(abs(number - scale * float(fresh)) - rounding, 0.0)
            assert miss <= 5.0 * np.hypot(error, scale * fresh.se) + 1e-9, (scenario.id, name)
            compared += 1
    assert compared >= 20


def matches(label: str, name: str, unit: str) -> bool:
    """Whether a label of the table, maybe shortened, is that of an entry."""
    full = f"{name}, {unit}" if label.startswith(f"{name}, ") else name
    return full == label or (label.endswith("…") and full.startswith(label[:-1]))
