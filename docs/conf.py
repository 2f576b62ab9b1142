"""Configuration of the documentation: Markdown pages, and the public facade by autodoc."""

from __future__ import annotations

from jpsim import __version__

project = "jpsim"
author = "the jpsim contributors"
release = version = __version__
copyright = f"2026, {author}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# Markdown cannot write a heading twice in one page otherwise: the model card repeats its title in Japanese.
suppress_warnings = ["myst.header"]

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_title = f"jpsim {release}"
html_theme_options = {"navbar_center": [], "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"**": ["globaltoc"]}
html_show_sourcelink = False
