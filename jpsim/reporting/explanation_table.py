"""A scenario's closed-form explanation, laid out for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jpsim.days import say_step
from jpsim.reporting.labels import Language, label_of
from jpsim.reporting.statements import joined_statements, named, statement_text
from jpsim.reporting.verdicts import plausibility_share, plausibility_text, verdict_of

__all__ = ["explanation_table"]

_COSTS = 8


def explanation_table(scenario: str, told: Mapping[str, Any], language: Language = "en") -> RenderableType:
    """Lay out what `jpsim.api.explain` returns.

    Parameters
    ----------
    scenario
        Its id or file.
    told
        The explanation.
    language
        Language of the names.

    Returns
    -------
    rich renderable
    """
    parts: list[RenderableType] = [Text(scenario, style="bold"), Text(_verdict(told))]
    parts += [Text(f"warning: {warning}", style="yellow") for warning in told["warnings"]]
    if "members" in told:
        shares = ", ".join(f"{member['scenario']} {member['weight']:.0%}" for member in told["members"])
        parts.append(Text(f"competing stories: {shares}; the tables below show the likeliest one"))
    if told["assumptions"]:
        parts.append(_assumed(told["assumptions"], language))
    if "regimes" in told:
        parts.append(Text(_regimes(told["regimes"])))
    parts.append(_bands(told, language))
    if "policy_path" in told:
        parts.append(_policy(told["policy_path"], announced="announcement" in told))
    if "announcement" in told:
        parts.append(Text(_announcement(told["announcement"], language)))
    if told["costs"]:
        parts.append(_costs(told["costs"], told["plausibility"]))
    if told["shocks"]:
        parts.append(Text(f"Largest mean surprises of single factors: {'; '.join(_shocks(told, language))}."))
    if told["extrapolation"]:
        parts.append(Text(f"Furthest from the model's own forecast: {'; '.join(_far(told, language))}."))
    parts.append(Text("Bands are those of normal innovations; jpsim run draws the tails.", style="dim"))
    return Group(*parts)


def _verdict(told: Mapping[str, Any]) -> str:
    card = told["plausibility"]
    share = plausibility_share(card)
    if share is None:
        return "No conditions on factors: they stay where the model puts them."
    text = plausibility_text(card)
    when = say_step(card["largest_shock_month"], told["step"])
    shock = f"The largest mean of the independent shocks behind it is {card['largest_shock']:.1f} sd, {when}."
    return f"{text[0].upper()}{text[1:]}: {verdict_of(share)}. {shock}"


def _assumed(assumptions: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """What the scenario says, months in a row that say the same in one line."""
    table = Table(title="What is assumed", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("quantity", "when", "statement"):
        table.add_column(column)
    for row in joined_statements(assumptions):
        table.add_row(named(row["series"]).name(language), row["when"], statement_text(row["statement"])[language])
    return table


def _regimes(regimes: Mapping[str, Mapping[str, float]]) -> str:
    if len(regimes) == 1:
        [(name, chance)] = regimes.items()
        return f"In the regime {name} throughout, to which the model gives {chance['prior']:.0%} at month 0."
    shares = ", ".join(f"{name} {chance['posterior']:.0%} ({chance['prior']:.0%})" for name, chance in regimes.items())
    return f"Regimes given the conditions (before them): {shares}."


def _table(title: str, columns: Sequence[str], rows: Iterator[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in rows:
        table.add_row(*row)
    return table


def _bands(told: Mapping[str, Any], language: Language) -> Table:
    months = len(next(iter(told["bands"].values()))["mean"])

    def rows() -> Iterator[Sequence[str]]:
        for factor, band in told["bands"].items():
            start = told["start"][factor]
            label = label_of(factor, "factor", start)
            values = (start, band["mean"][-1], band["q05"][-1], band["q95"][-1])
            yield (label.name_with_unit(language), *(label.style.level(value) for value in values))

    return _table(f"Factors after {months} {told['step']}s", ("", f"{told['step']} 0", "mean", "5%", "95%"), rows())


def _announcement(told: Mapping[str, Any], language: Language) -> str:
    name = label_of(told["yield"], "factor").name(language)
    return (
        f"Announced in {told['when']}, up to {told['until']}: {name} moves by {100 * told['move']:+.0f}bp at once; "
        "the steps after that are no news."
    )


def _policy(path: Mapping[str, Sequence[float]], *, announced: bool) -> Table:
    rows = (
        (str(month), f"{priced:.2f}", f"{stated:.2f}", _signed(surprise, 2))
        for month, (priced, stated, surprise) in enumerate(
            zip(path["priced"], path["scenario"], path["surprise"], strict=True), start=1
        )
    )
    moves = "the announcement moves markets once" if announced else "only the surprise moves markets"
    return _table(f"Policy rate, %: {moves}", ("month", "priced", "scenario", "surprise"), rows)


def _costs(costs: Sequence[Mapping[str, Any]], card: Mapping[str, Any]) -> Table:
    rows = [(str(cost["row"]), float(cost["share"]), float(cost["surprise"])) for cost in costs]
    if left := rows[_COSTS:]:
        more = _counted(len(left), "more condition")
        rows = [*rows[:_COSTS], (more, sum(share for _, share, _ in left), sum(new for *_, new in left))]
    amounts = [f"a squared distance of {card['distance']:.1f}"] if card["rows"] else []
    if "range_probability" in card:
        ranged = -2.0 * log(max(card["range_probability"], 1e-300))
        amounts.append(f"{ranged:.1f} of ranges (\N{MINUS SIGN}2 log probability)")
    title = f"What the conditions cost, of {' and '.join(amounts)}"
    written = ((row, _plain(share, 2), _plain(new, 2)) for row, share, new in rows)
    return _table(title, ("condition", "share", "given earlier ones"), written)


def _shocks(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    for shock in told["shocks"]:
        name = label_of(shock["factor"], "factor").name(language)
        yield f"{name} {_signed(shock['sd'], 1)} sd {say_step(shock['month'], told['step'])}"


def _far(told: Mapping[str, Any], language: Language, most: int = 3) -> Iterator[str]:
    for row in told["extrapolation"][:most]:
        name = label_of(row["factor"], "factor").name(language)
        text = f"{name} {_signed(row['departure'], 1)} sd {say_step(row['month'], told['step'])}"
        yield text + (f", {row['beyond']:.1f} historical sd outside the sample" if row.get("beyond") else "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain(number: float, decimals: int) -> str:
    """Write a number with a true minus sign, and zero without one."""
    return f"{round(number, decimals) + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _signed(number: float, decimals: int) -> str:
    return f"{round(number, decimals) + 0.0:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")
