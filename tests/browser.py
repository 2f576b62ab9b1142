"""Opening a document in a real browser, and what it did meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_page(browser: Any, folder: Path, text: str, **options: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Open a report from disk and note every request, console message and error."""
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    page, seen = browser.new_page(**options), []
    page.on("request", lambda request: seen.append(("request", request.url)))
    page.on("console", lambda message: seen.append(("console", message.text)))
    page.on("pageerror", lambda error: seen.append(("error", str(error))))
    page.on("dialog", lambda dialog: seen.append(("dialog", dialog.message)))
    page.goto(path.as_uri())
    return page, [entry for entry in seen if entry != ("request", path.as_uri())]
