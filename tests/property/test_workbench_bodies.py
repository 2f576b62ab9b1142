"""Whatever JSON arrives: an answer in JSON that blames the request, never the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jpsim.web.asking import EXPLAIN_KEYS, RUN_KEYS
from tests.workbench import ORIGIN, carried_out, opened

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
WORDS = LEAVES | st.sampled_from(["12m", "topix", "gaussian", "all", "baseline", "model", "null", "10%", "../x"])
VALUES = st.recursive(
    WORDS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=8,
)
LIMITS = st.lists(
    st.dictionaries(st.sampled_from(["series", "at", "es95", "sd"]), VALUES, max_size=4), max_size=2
)  # fmt: skip
LINES = st.sampled_from(["conditions:", "  usdjpy:", "    change: {12m: 5%}", "views: []", "rules: {}", "mixture: ["])
TEXTS = st.lists(LINES | st.text(max_size=20), max_size=5).map(
    lambda lines: "\n".join(["schema: jpsim/scenario@1", "id: drafted", *lines])
)
RUNS = st.fixed_dictionaries(
    {"scenarios": st.just(["no_scenario_of_that_name"]) | VALUES},
    optional={key: VALUES for key in RUN_KEYS if key not in ("scenarios", "limits", "drafts")}
    | {"limits": LIMITS | VALUES, "drafts": st.dictionaries(st.sampled_from(["drafted", "no", "X"]), TEXTS) | VALUES},
)
EXPLAINED = st.dictionaries(st.sampled_from([*EXPLAIN_KEYS, "file"]), VALUES)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(run=RUNS, explained=EXPLAINED, text=TEXTS)
def test_no_body_is_a_defect(tmp_path_factory: pytest.TempPathFactory, run: Any, explained: Any, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    run["paths"] = 0  # so that nothing is ever carried out
    explained |= {"text": 0}  # nor explained
    bodies = {"/api/runs": run, "/api/scenarios/explain": explained, "/api/scenarios/check": {"text": text}}
    for address, body in bodies.items():
        answer = carried_out(post(folder, address, body))
        told = answer.json()
        if address == "/api/scenarios/check":
            assert answer.status_code == 200
        else:
            assert answer.status_code in (400, 404, 422), (address, body, answer.text)
            assert told["error"]["message"]
        assert str(folder) not in answer.text


async def post(folder: Path, address: str, body: Any) -> Any:
    async with opened(folder) as (client, _):
        return await client.post(address, json=body, headers={"origin": ORIGIN})
