"""A scenario in five plain sentences, made from its numbers: assumed, plausible, happens, drives, uncertain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jpsim.reporting.figures import figure, largest_changes
from jpsim.reporting.labels import Label, Language, label_of
from jpsim.reporting.reasons import driver_text, series_contributions
from jpsim.reporting.statements import named
from jpsim.reporting.story import vocabulary
from jpsim.reporting.verdicts import plausibility_share, share_key, verdict_of
from jpsim.runs import Run

__all__ = ["Sentence", "brief_sentences"]

_LEAD = ("portfolio", "topix", "tse_all")
"""What the sentences speak of: the first of these that the run has."""

_MOST = 4
_VERDICTS = {
    "ordinary": ("ordinary", "通常の範囲"),
    "unusual": ("unusual", "やや異例"),
    "rare": ("rare", "まれ"),
    "implausible": ("implausible", "蓋然性が低い"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """An answer.

    Parameters
    ----------
    question
        ``assumed``, ``plausible``, ``happens``, ``drives`` or ``uncertain``.
    text
        The answer by language.
    """

    question: str
    text: Mapping[str, str]


def brief_sentences(run: Run, scenario: int) -> tuple[Sentence, ...]:
    """Answer the questions of a committee for one scenario; a question without an answer is left out."""
    lead = next((name for name in _LEAD if name in run.outputs), run.outputs[-1])
    label = label_of(lead, run.kinds[run.outputs.index(lead)])
    return tuple(
        Sentence(question, {"en": " ".join(en), "ja": "".join(ja)})
        for question, (en, ja) in {
            "assumed": _columns(_assumed(run, scenario)),
            "plausible": _columns(_plausible(run, scenario)),
            "happens": _columns(_happens(run, scenario, label)),
            "drives": _columns(_drives(run, scenario, label)),
            "uncertain": _columns(_uncertain(run, scenario, label)),
        }.items()
        if en
    )


def _columns(pairs: Iterator[tuple[str, str]]) -> tuple[list[str], list[str]]:
    found = list(pairs)
    return [en for en, _ in found], [ja for _, ja in found]


def _assumed(run: Run, scenario: int) -> Iterator[tuple[str, str]]:
    told = run.diagnostics[run.scenarios[scenario]]
    if members := told.get("members"):
        names = ", ".join(f"{member['scenario']} ({member['weight']:.0%})" for member in members)
        yield f"Competing stories: {names}.", f"競合するストーリー：{names}。"
        return
    rows = [row for row in told.get("assumptions", ()) if isinstance(row, Mapping) and row.get("series")]
    spoken = list(dict.fromkeys(str(row["series"]) for row in rows))
    if not spoken:
        yield "Nothing beyond the model's own law.", "モデル自身の分布以外の前提はない。"
        return
    shown, rest = spoken[:_MOST], len(spoken) - _MOST
    labels = [named(name) for name in shown]
    more = (f" and {rest} more", f"ほか{rest}件") if rest > 0 else ("", "")
    english = f"{len(rows)} statements" if len(rows) > 1 else "One statement"
    yield (
        f"{english} on {', '.join(label.name('en') for label in labels)}{more[0]}.",
        f"{'、'.join(label.name('ja') for label in labels)}{more[1]}について{len(rows)}件の前提。",
    )


_FAR = {
    "plausible_share": ("lie at least this far from its expectation", "期待値から同程度以上に離れる"),
    "plausible_within": ("stay within the stated ranges", "指定した範囲に収まる"),
    "plausible_both": (
        "lie at least as far out as the stated values, and within the stated ranges",
        "期待値から同程度以上に離れ、かつ指定した範囲に収まる",
    ),
}


def _plausible(run: Run, scenario: int) -> Iterator[tuple[str, str]]:
    told = run.diagnostics[run.scenarios[scenario]]
    share = plausibility_share(told.get("plausibility", {}))
    if share is None:
        yield (
            "It conditions no factor: this is the model's own law.",
            "ファクターへの条件はなく、モデル自身の分布である。",
        )
        return
    much = f"{100 * share:.0f}" if share >= 0.01 else f"{100 * share:.1g}"
    english, japanese = _VERDICTS[verdict_of(share)]
    of = (" (likeliest story)", "（最も重いストーリー）") if "members" in told else ("", "")
    far, far_japanese = _FAR[share_key(told["plausibility"])]
    yield (
        f"{much}% of the model's own paths {far}: {english}{of[0]}.",
        f"モデル自身のパスの{much}%が{far_japanese}：{japanese}{of[1]}。",
    )


def _happens(run: Run, scenario: int, label: Label) -> Iterator[tuple[str, str]]:
    last = run.horizon
    cell = {name: figure(run, scenario, label, name, last).text for name in ("mean", "p_loss", "es95")}
    yield (
        f"{label.name('en')} returns {cell['mean']}% on average over {last} {_units(run, 'en')} and loses in "
        f"{cell['p_loss']}% of the paths; in the worst twentieth it returns {_signed_loss(cell['es95'])}% on average.",
        f"{label.name('ja')}の{last}{_units(run, 'ja')}後の平均リターンは{cell['mean']}%、損失確率は{cell['p_loss']}%、"
        f"下位5%のパスの平均は{_signed_loss(cell['es95'])}%。",
    )
    if scenario:
        change = figure(run, scenario, label, "change", last).text
        yield f"Against the reference the mean moves by {change} pp.", f"基準シナリオとの平均の差は{change}pp。"
        yield from _extremes(run, scenario)


def _units(run: Run, language: Language) -> str:
    return vocabulary(run.step)["months"][language]


def _signed_loss(text: str) -> str:
    """Expected shortfall as a return: the sign is turned."""
    minus = "\N{MINUS SIGN}"
    return text.replace(minus, "+") if text.startswith(minus) else f"{minus}{text}"


def _extremes(run: Run, scenario: int) -> Iterator[tuple[str, str]]:
    gains, losses = largest_changes(run, scenario, run.horizon, 1)
    parts = [
        (f"{row.label.name('en')} {word[0]} most ({row.cells[0][0].text} pp)",
         f"{word[1]}は{row.label.name('ja')}（{row.cells[0][0].text}pp）")
        for rows, word in ((gains, ("gains", "最も上昇するの")), (losses, ("loses", "最も下落するの")))
        for row in rows[-1:]
    ]  # fmt: skip
    if parts:
        yield f"{'; '.join(en for en, _ in parts)}.", f"{'、'.join(ja for _, ja in parts)}。"


def _drives(run: Run, scenario: int, label: Label) -> Iterator[tuple[str, str]]:
    series = label.output if label.output != "portfolio" else "topix"
    parts = series_contributions(run, run.scenarios[scenario], run.horizon).get(series, {})
    known = {driver: value for driver, value in parts.items() if driver != "monte_carlo" and abs(value) >= 5e-4}
    if not known:
        return
    largest = sorted(known, key=lambda driver: -abs(known[driver]))[:3]
    told = [(driver_text(driver), label.style.change(known[driver])) for driver in largest]
    name = label_of(series, "index")
    english = ", ".join(f"{text['en']} ({size} pp)" for text, size in told)
    japanese = "、".join(f"{text['ja']}（{size}pp）" for text, size in told)
    yield f"The difference of {name.name('en')} comes from {english}.", f"{name.name('ja')}の差の主因は{japanese}。"


def _uncertain(run: Run, scenario: int, label: Label) -> Iterator[tuple[str, str]]:
    told = run.diagnostics[run.scenarios[scenario]]
    low, high = (f"{figure(run, scenario, label, end, run.horizon).text}%" for end in ("q05", "q95"))
    error = figure(run, scenario, label, "mean", run.horizon).error
    worth, paths = f"{float(told['effective_sample']):,.0f}", f"{run.manifest['paths']:,}"
    yield (
        f"Nine paths in ten end between {low} and {high}; the simulation leaves ±{error} on the mean "
        f"({worth} effective of {paths} paths).",
        f"パスの9割は{low}から{high}に収まる。平均のシミュレーション誤差は±{error}（{paths}パス、有効標本{worth}）。",
    )
    if warnings := told.get("warnings"):
        yield f"Warnings: {len(warnings)}, see plausibility.", f"注意事項{len(warnings)}件（蓋然性の節を参照）。"
