"""Sections of the report: a module each, from the page to HTML; `jpsim.reporting.html` orders them."""
