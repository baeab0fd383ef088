"""Each chapter's .ipynb says what its .py says."""

import subprocess
import sys

import jupytext
import nbformat
from jupytext.compare import compare_notebooks

from msstgcn.runner import pairs


def test_writing_makes_a_pair_and_a_check_finds_drift(tiny, capsys):
    assert pairs.main(["--check"]) == 1
    assert pairs.main([]) == 0
    assert pairs.main(["--check"]) == 0
    source = tiny / "notebooks" / "01_tiny.py"
    source.write_text(source.read_text() + "\n# %%\n1 + 1\n")
    capsys.readouterr()
    assert pairs.main(["--check"]) == 1
    assert "01_tiny.ipynb" in capsys.readouterr().out


def test_a_notebook_without_a_source_is_drift(tiny):
    pairs.write()
    (tiny / "notebooks" / "99_alone.ipynb").write_text("{}")
    assert [path.name for path in pairs.drifted()] == ["99_alone.ipynb"]


def test_the_pair_holds_no_outputs_and_the_same_cells(tiny):
    pairs.write()
    notebook = nbformat.read(tiny / "notebooks" / "01_tiny.ipynb", as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
    compare_notebooks(notebook, jupytext.read(tiny / "notebooks" / "01_tiny.py"), compare_ids=False)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_an_unchanged_cell_keeps_its_id(tiny):
    pairs.write()
    pair, source = (tiny / "notebooks" / f"01_tiny.{ending}" for ending in ("ipynb", "py"))
    before = {cell.source: cell.id for cell in nbformat.read(pair, as_version=4).cells}
    source.write_text(source.read_text().replace("# %%\nimport", "# %%\nfirst = first\n\n# %%\nimport"))
    assert pairs.write() == [pair]
    after = {cell.source: cell.id for cell in nbformat.read(pair, as_version=4).cells}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()
    assert pairs.write() == []


def test_a_grammar_that_no_notebook_is_checked_by_is_not_loaded():
    """It takes longer to load than all the rest, but who asks for it afterwards gets it."""
    program = "import sys, msstgcn.runner.pairs; print('rfc3987_syntax' in sys.modules, 'jsonschema' in sys.modules)"
    program += "; import rfc3987_syntax"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
