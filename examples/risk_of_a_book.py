"""
Where the risk of a book sits
=============================

A book of sectors, long and short. Its expected shortfall is a sum over positions: what each one loses on the paths on
which the book is in its worst twentieth. A hedge has a negative part.
"""

import tempfile
from pathlib import Path

import jpsim
from jpsim.runs.plots import pyplot

BOOK = """\
id,amount,currency
banks,400000,JPY
autos,300000,JPY
real_estate,200000,JPY
growth,150000,JPY
topix,-350000,JPY
"""

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "book.csv").write_text(BOOK, encoding="utf-8")
    config = Path(folder, "run.yaml")
    config.write_text(
        "schema: jpsim/run@1\nscenarios: [baseline, boj_mistake]\npaths: 8_000\nportfolio: book.csv\n", encoding="utf-8"
    )
    run = jpsim.run(config, out=None)

# %%
# `components.parquet` of the run's folder holds the same table.

rows = [row for row in run.tables["components.parquet"].to_pylist() if row["month"] == run.horizon]
names = [row["position"] for row in rows if row["scenario"] == "baseline"]
figure, ax = pyplot().subplots(figsize=(7, 3.6), layout="constrained")
for shift, scenario in enumerate(run):
    parts = [100 * row["component"] for row in rows if row["scenario"] == scenario]
    places = [place + 0.38 * shift for place in range(len(names))]
    ax.barh(places, parts, height=0.36, label=scenario, color=("#8fbadd", "#eea65a")[shift], edgecolor="#06365f")
ax.set_yticks([place + 0.19 for place in range(len(names))], names)
ax.axvline(0, color="#1b2430", lw=0.8)
ax.legend(frameon=False)
ax.set_title("Part of each position in the book's ES95, % of capital", fontsize="medium", loc="left")
