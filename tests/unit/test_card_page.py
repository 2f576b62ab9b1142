"""A model's card as a page: the card's own words, in the reports' style, inert."""

from __future__ import annotations

import re

from jpsim.model.store import read_card, save_model
from jpsim.reporting.card_page import render_card
from tests.models import small_model

CARD = """\
# small 1: a model <script>alert(1)</script>

# small 1：モデル

As of 2026-01.

## Limits of use

- Not *for* you.

| factor | sd |
|---|---|
| usdjpy | 2.8 |
"""


def test_a_card_becomes_a_page_that_runs_nothing_and_asks_for_nothing():
    page = render_card(CARD)
    assert "<script" not in page
    assert "script-src 'none'" in page
    assert not re.search(r"(?:src|href)=", page)
    assert "<h2>Limits of use</h2>" in page
    assert "<td>2.8</td>" in page
    assert "small 1：モデル" in page
    assert render_card(CARD) == page


def test_the_shipped_card_has_each_of_its_chapters_on_the_page():
    card = read_card("japan_monthly")
    page = render_card(card)
    chapters = re.findall(r"^## (.*)$", card, flags=re.M)
    assert len(chapters) > 5
    assert page.count("<h2>") == len(chapters)


def test_a_page_stands_beside_a_model_and_is_no_part_of_what_it_is(tmp_path):
    model = small_model()
    alone = save_model(model, tmp_path / "alone", CARD)
    shown = save_model(model, tmp_path / "shown", CARD, render_card(CARD))
    assert alone == shown
    assert (tmp_path / "shown" / "card.html").read_text(encoding="utf-8") == render_card(CARD)
    assert not (tmp_path / "alone" / "card.html").exists()
