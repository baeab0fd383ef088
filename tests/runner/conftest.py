"""Projects of one tiny chapter and of one small study, to test the runner without the book's long work."""

import textwrap
from dataclasses import replace

import pytest
from small_studies import SMALL, STUDY, waving

from msstgcn import learning
from msstgcn.runner import feature_stages, stages
from msstgcn.studies import STUDIES

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


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Features are made up, and what is trained is counted: names of folds, one list a training."""
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    monkeypatch.setattr(
        feature_stages,
        "features",
        lambda chosen: [waving(v, chosen.motion.window) for v in stages.dataset(chosen).videos],
    )
    monkeypatch.setattr(feature_stages, "make_features", list)
    trained, train = [], learning.schedule.train_folds

    def counted(material, jobs, *rest, **more):
        trained.extend(job.name for job in jobs)
        return train(material, jobs, *rest, **more)

    monkeypatch.setattr("msstgcn.learning.schedule.train_folds", counted)
    return trained


@pytest.fixture
def project(tmp_path, monkeypatch, quick):
    """A project with a study of its own and nothing recorded."""
    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("MSSTGCN_ROOT", str(tmp_path))
    monkeypatch.setitem(STUDIES, "pair", replace(STUDY, sizes={"cpu": {**SMALL, "folds": 2}}))
    return tmp_path
