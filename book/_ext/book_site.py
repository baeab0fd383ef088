"""What this site needs beyond Jupyter Book: links that fit the repository.

A page of a chapter is built from ``book/chapters/NN_name.ipynb``, which a run writes and Git ignores. Its buttons
must lead to what the repository holds: the notebook beside its source, ``notebooks/NN_name.ipynb`` and ``.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

#: The folder of executed chapters, as the theme writes it into an address, and the folder that Git tracks.
EXECUTED, TRACKED = "book/chapters/", "notebooks/"
#: What a page writes for the address of the repository.
PLACEHOLDER = "{{ repository }}"


def fill_repository(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the repository's address in place of ``{{ repository }}``, in code blocks too."""
    if PLACEHOLDER in source[0]:
        source[0] = source[0].replace(PLACEHOLDER, app.config.html_theme_options["repository_url"])


def _links(buttons: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for button in buttons:
        if button["type"] == "group":
            yield from _links(button["buttons"])
        elif button["type"] == "link":
            yield button


def lead_to_tracked_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Make a chapter's buttons lead to ``notebooks/``: launch buttons to the notebook, source to the ``.py``."""
    for button in _links(context.get("header_buttons", [])):
        button["url"] = button["url"].replace(EXECUTED, TRACKED)
        if button.get("label") == "source-file-button" and TRACKED in button["url"]:
            button["url"] = button["url"].replace(".ipynb?plain=1", ".py")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx; the theme adds its buttons at priority 501."""
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book always sets it; no comments are loaded
    app.connect("source-read", fill_repository)
    app.connect("html-page-context", lead_to_tracked_files, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
