"""Fonts for the PDF: a Latin one, and for Japanese one that has its signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jpsim.errors import ResourceError
from jpsim.reporting.labels import Language

__all__ = ["choose_fonts"]

_LATIN = ("Noto Sans", "Source Sans 3", "Liberation Sans", "Arial", "Helvetica", "DejaVu Sans")
_JAPANESE = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Source Han Sans", "BIZ UDPGothic", "BIZ UDGothic",
    "IPAexGothic", "IPAPGothic", "IPAGothic", "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic", "Meiryo",
    "MS PGothic", "TakaoPGothic", "VL PGothic", "Noto Serif CJK JP", "Noto Serif JP", "IPAexMincho",
)  # fmt: skip


def choose_fonts(installed: Iterable[str], languages: Sequence[Language]) -> tuple[str, ...]:
    """Choose families, the one to be tried first in front.

    Parameters
    ----------
    installed
        Families that the typesetter finds.
    languages
        Languages of the document.

    Raises
    ------
    ResourceError
        If Japanese is wanted and no Japanese font is installed.
    """
    known = set(installed)
    latin = [family for family in _LATIN if family in known][:1]
    japanese = [family for family in _JAPANESE if family in known][:1]
    if "ja" in languages and not japanese:
        raise ResourceError(
            "the PDF in Japanese needs a Japanese font and none is installed: install one, such as the package "
            "fonts-noto-cjk or fonts-ipafont (apt-get install fonts-noto-cjk), or ask for English alone (--lang en)"
        )
    return (*japanese, *latin) if languages[0] == "ja" else (*latin, *japanese)
