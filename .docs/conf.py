"""What Sphinx needs to know; ``build.py`` gathers the pages and calls it."""

from __future__ import annotations

import kling_nb

CELLS = {
    "mystnb-source-border-color": "var(--color-background-border)",
    "mystnb-source-margin-color": "var(--color-brand-primary)",
    "mystnb-source-bg-color": "var(--color-code-background)",
}
"""Notebook cells in the theme's colours, light and dark."""

project = "kling_nb"
author = "the kling_nb authors"
project_copyright = author
version = release = kling_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "kling_nb"
html_static_path: list[str] = []
html_copy_source = html_show_sourcelink = False
highlight_language = "ipython"  # a block without a language is a cell
pygments_style, pygments_dark_style = "friendly", "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b7285", "color-brand-content": "#0b7285"} | CELLS,
    "dark_css_variables": {"color-brand-primary": "#5cc8d7", "color-brand-content": "#5cc8d7"} | CELLS,
    "top_of_page_buttons": [],
}

nb_execution_mode = "off"  # the tests run them
nb_ipywidgets_js: dict[str, object] = {}  # else pages with a widget would load its script from a foreign host
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # else the default of Lab(env=os.environ) would print whatever is set here, keys too
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # a list of attributes, not an entry of three lines for each
