"""What users read where a scenario clashes with itself or with the model: lines, what was found, what to do."""

import pytest

from jpsim.conditioning.stories import derive_story
from jpsim.errors import InputError
from jpsim.scenario import load_scenario
from jpsim.simulation.sampling import Sampler
from tests.models import small_model

HEAD = "schema: jpsim/scenario@1\nid: wrong\nas_of: 2026-01\n"  # what follows begins on line 4
CASES = {
    "two contradictions at once": (
        "combinations: {gap: {jgb_10y: 1, jgb_2y: -1}}\nconditions:\n  jgb_10y: {level: {3m: 2.5%, 6m: 2.6%}}\n"
        "  jgb_2y: {level: {3m: 1.5%, 6m: 1.6%}}\n  gap: {level: {3m: 1.2%, 6m: 1.3%}}",
        ["wrong.yaml:8:21: gap 1.2% in 2026-04 contradicts jgb_10y 2.5% in 2026-04 (line 6); jgb_2y 1.5% in 2026-04 "
         "(line 7)", "wrong.yaml:8:31: gap 1.3%"],
    ),
    "ranges without mass, each by itself": (
        "conditions:\n  usdjpy: {range: {3m: [600, 700]}}\n  jgb_10y: {range: {2m: [null, -3%]}}",
        ["wrong.yaml:5:24: the model puts no mass on usdjpy within 600 to 700", "standard deviations from its mean",
         "wrong.yaml:6:25: the model puts no mass on jgb_10y", "do: widen the range"],
    ),
    "a window out of reach, named once": (
        "conditions:\n  usdjpy: {maximum: {6m: [900, null]}}",
        ["wrong.yaml:5:26: the model puts no mass on usdjpy with its maximum over 2026-02 to 2026-07 within 900 to"],
    ),
    "ranges that exclude each other": (
        "combinations: {gap: {jgb_10y: 1, jgb_2y: -1}}\nconditions:\n  jgb_10y: {level: {3m: 2.1%}}\n"
        "  jgb_2y: {range: {3m: [1.2%, 1.3%]}}\n  gap: {range: {2m: [2.2%, 2.3%]}}",
        ["wrong.yaml:8:21: given the other conditions the model puts no mass on gap within 2.2% to 2.3% in 2026-03 "
         "(line 8); jgb_2y within 1.2% to 1.3% in 2026-04 (line 7) together"],
    ),
    "windows that exclude each other": (
        "conditions:\n  usdjpy: {maximum: {6m: [null, 150]}, minimum: {6m: [155, null]}}",
        ["wrong.yaml:5:54: usdjpy with its minimum", "contradicts usdjpy with its maximum", "(line 5)"],
    ),
    "a series among the conditions": (
        "conditions:\n  topix: {level: {6m: 4000}}",
        ["wrong.yaml:5:3: topix is a series, and conditions speak of factors", "do: say it under views"],
    ),
    "a view outside the paths": (
        "views: [{series: usdjpy, at: 6m, mean: 600}]",
        ["wrong.yaml:4:9: view on the mean of usdjpy: no reweighting", "allowed: what the drawn paths offer: ", " to "],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_messages_name_lines_and_ways_out(tmp_path, name) -> None:
    text, expected = CASES[name]
    path = tmp_path / "wrong.yaml"
    path.write_text(f"{HEAD}{text}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Sampler.of(derive_story(small_model(), load_scenario(path), 6, {}), "gaussian", 3).weights(2048)
    for part in expected:
        assert part in str(caught.value)
