"""Sections of the report: a module each, with one function from the page to HTML; `jpsim.reporting.html` orders them."""
