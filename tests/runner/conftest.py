"""A project of one tiny chapter, to test the runner without the book's long work."""

import textwrap

import pytest

CHAPTER = """
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A tiny chapter
#
# The sum is {glue}`ch1_sum`.

# %% tags=["parameters"]
first: int = 2  # 0..100; one number
second: float = 0.5  # 0..1; another
mode: str = "good"  # good | fail | refuse; what the chapter does

# %%
import pandas as pd
from msstgcn import report
from msstgcn.errors import InputError

# %%
if mode == "fail":
    raise RuntimeError("the sky fell")
if mode == "refuse":
    raise InputError("two faces", where="video a, frame 12")
report.glue("ch1_sum", first + second, ".1f")
report.table(pd.DataFrame({"sum": [first + second]}), name="sums", caption="The sum.")
"""

CONFIG = """
title: Tiny
only_build_toc_files: true
execute: {execute_notebooks: "off"}
sphinx: {config: {nb_merge_streams: true}}
"""


@pytest.fixture
def bare_project(tmp_path, monkeypatch):
    """Folder of a project without anything in it."""
    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("MSSTGCN_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Folder of a project with one chapter; the runner works in it."""
    files = {
        "notebooks/01_tiny.py": CHAPTER.lstrip(),
        "book/_toc.yml": "format: jb-book\nroot: index\nchapters:\n- file: chapters/01_tiny\n",
        "book/index.md": "# Tiny\n\nA book.\n",
        "_config.yml": CONFIG,
        "requirements.lock": "a==1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.setenv("MSSTGCN_ROOT", str(tmp_path))
    monkeypatch.delenv("MSSTGCN_DATA", raising=False)
    monkeypatch.delenv("MSSTGCN_TABLES", raising=False)
    return tmp_path
