"""The decompositions of a run's folder: their columns, and sums that agree with the summary."""

import numpy as np
import pyarrow.parquet as pq
import pytest

import jpsim
from jpsim.errors import InputError
from jpsim.runs import load_run_folder
from jpsim.scenario import load_run

RUN = """schema: jpsim/run@1
scenarios: [baseline, boj_hike, {other}]
paths: 4096
innovations: {innovations}
parameter_uncertainty: {draws}
returns: {returns}
attribution: [condition, shock, earnings, var95, es95]
formats: [parquet, html]
paths_out: sample
portfolio: book.csv
"""
BOOK = """id,instrument,strike,expiry,volatility,weight,currency
banks,,,,,60%,USD unhedged
topix,,,,,40%,USD hedged
topix,put,95%,6m,20%,-30%,USD unhedged
growth,future,,,,-20%,USD unhedged
"""
CASES = [
    ("gaussian", "false", "total", "boj_odds"),
    pytest.param(("student_t", "true", "price", "boj_contested"), marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=CASES, ids=["total", "price, posterior draws"])
def folder(request, tmp_path_factory):
    where = tmp_path_factory.mktemp("decomposed")
    innovations, draws, returns, other = request.param
    text = RUN.format(innovations=innovations, draws=draws, returns=returns, other=other)
    (where / "run.yaml").write_text(text, encoding="utf-8")
    (where / "book.csv").write_text(BOOK, encoding="utf-8")
    run = jpsim.run(where / "run.yaml", out=where / "outputs")
    return where / "outputs" / run.run_id


def sums(folder, name: str):
    table = pq.read_table(folder / f"attribution_{name}.parquet")
    assert table.column_names == ["scenario", "series", "month", "driver", "contribution"]
    frame = table.to_pandas()
    assert np.isfinite(frame["contribution"]).all()
    return frame.groupby(["scenario", "series", "month"])["contribution"].sum()


def statistic(folder, name: str):
    frame = pq.read_table(folder / "summary.parquet").to_pandas()
    return frame[frame["kind"] != "factor"].set_index(["scenario", "series", "month"])[name]


@pytest.mark.parametrize(
    ("name", "of"), [("condition", "mean"), ("shock", "mean"), ("var95", "var95"), ("es95", "es95")]
)
def test_contributions_sum_to_the_difference_from_the_first_scenario(folder, name: str, of: str) -> None:
    found, values = sums(folder, name), statistic(folder, of)
    later = values.drop("baseline", level="scenario")
    reference = values["baseline"].reindex(later.index.droplevel("scenario")).to_numpy()
    assert len(found) == len(later)
    np.testing.assert_allclose(found.reindex(later.index), later - reference, atol=1e-10)


def test_earnings_and_multiples_sum_to_the_log_growth_of_the_mean(folder) -> None:
    found, mean = sums(folder, "earnings"), statistic(folder, "mean")
    assert len(found) == len(mean)
    np.testing.assert_allclose(found.reindex(mean.index), np.log1p(mean), atol=1e-10)


def test_a_book_stands_beside_the_series_with_drivers_of_its_own(folder) -> None:
    """In every decomposition; what is no series is named, and the remainder of the means stays small."""
    own = {"translation", "hedge_carry", "options"}
    for name in ("condition", "shock", "earnings"):
        frame = pq.read_table(folder / f"attribution_{name}.parquet").to_pandas()
        assert own <= set(frame[frame["series"] == "portfolio"]["driver"])
        assert not own & set(frame[frame["series"] != "portfolio"]["driver"])
    for name in ("var95", "es95"):
        frame = pq.read_table(folder / f"attribution_{name}.parquet").to_pandas()
        drivers = set(frame[frame["series"] == "portfolio"]["driver"])
        assert {"translation", "hedge_carry", "volatility", "time_value", "residual", "usdjpy"} <= drivers
    means = load_run_folder(folder).attribution
    for scenario in dict.fromkeys(means.scenario):
        parts = means.parts(scenario, "portfolio", 12)
        assert own <= parts.keys()
        assert abs(parts["monte_carlo"]) < 0.01


def test_a_book_of_one_index_is_that_index(tmp_path) -> None:
    """Row by row its contributions are the index's own, whatever the decomposition of the means."""
    text = RUN.format(innovations="gaussian", draws="false", returns="price", other="yen_surge")
    text = text.replace("[condition, shock, earnings, var95, es95]", "[condition, shock, earnings]")
    (tmp_path / "run.yaml").write_text(text.replace("4096", "1024"), encoding="utf-8")
    for rebalancing in ("none", "monthly"):
        book = f"# rebalancing: {rebalancing}\nid,weight\ntopix,1\n"
        (tmp_path / "book.csv").write_text(book, encoding="utf-8")
        run = jpsim.run(tmp_path / "run.yaml", out=None)
        frames = [run.attribution.to_frame()]
        frames += [run.tables[f"attribution_{name}.parquet"].to_pandas() for name in ("condition", "shock")]
        for frame in frames:
            keys = ["scenario", "month", "driver"]
            book_rows = frame[frame["series"] == "portfolio"].set_index(keys)["contribution"]
            rows = frame[frame["series"] == "topix"].set_index(keys)["contribution"]
            np.testing.assert_allclose(book_rows, rows.reindex(book_rows.index), atol=1e-10)
            assert len(book_rows) == len(rows)
        frame = run.tables["attribution_earnings.parquet"].to_pandas()
        sums = frame[frame["series"] == "portfolio"].groupby(["scenario", "month"])["contribution"].sum()
        mean = run.summary().query("series == 'topix'").set_index(["scenario", "month"])["mean"]
        np.testing.assert_allclose(sums.reindex(mean.index), np.log1p(mean), atol=1e-10)


def test_the_folder_reads_back_with_its_decompositions_and_says_what_returns_are(folder) -> None:
    run = load_run_folder(folder)
    assert {f"attribution_{name}.parquet" for name in ("condition", "shock", "earnings", "var95", "es95")} <= set(
        run.tables
    )
    assert pq.read_schema(folder / "paths.parquet").metadata[b"returns"].decode() == run.returns
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert ("total return" in report) == (run.returns == "total")
    assert jpsim.replay(folder).equal


def test_a_wrong_decomposition_is_named_with_its_place(tmp_path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("schema: jpsim/run@1\nscenarios: [baseline]\nattribution: [factors]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.yaml:3:15"):
        load_run(path)
