"""Annotation and prediction tables as CSV files: read strictly, written whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.timeline.expressions import CLASSES

#: The columns that every table of events must have; further columns are kept but not needed.
EVENT_COLUMNS: tuple[str, ...] = ("video", "class", "onset", "offset")


def _read_csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV file as text; a row with too many or too few fields is refused, not mended."""
    wanted = "a header line with the columns " + ",".join(columns)
    try:
        text = path.read_text(encoding="utf-8-sig").rstrip()
        rows = [[field.strip() for field in row] for row in csv.reader(text.splitlines(), strict=True)]
    except FileNotFoundError:
        raise InputError("no such file", where=path, do="check the path") from None
    except IsADirectoryError:
        raise InputError("is a folder", where=path, expected="a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not a CSV file in UTF-8 ({error})", where=path, expected=wanted) from None
    if not rows:
        raise InputError("the file is empty", where=path, expected=wanted)
    header = rows[0]
    missing = [name for name in columns if name not in header]
    if missing:
        raise InputError(
            f"missing column {', '.join(missing)}",
            where=path,
            expected=wanted,
            do=f"found {','.join(header)}",
        )
    for index, row in enumerate(rows[1:]):
        if len(row) != len(header):
            raise InputError(
                f"{len(row)} fields", where=_row(path, index), expected=f"{len(header)}, as in the header"
            )
    return pd.DataFrame(rows[1:], columns=header, dtype=str)


def _row(path: Path, index: int) -> str:
    return f"{path}, row {index + 2}"  # the header is row 1


def _frames(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    text = table[column]
    bad = ~text.str.fullmatch(r"[+-]?\d+(\.0*)?")
    if bad.any():
        index = int(bad.to_numpy().argmax())
        raise InputError(
            f"{column} is {text.iloc[index]!r}", where=_row(path, index), expected="a whole frame number"
        )
    frames = text.astype(float).astype("int64")
    if (frames < 0).any():
        index = int((frames < 0).to_numpy().argmax())
        raise InputError(
            f"negative {column} {frames.iloc[index]}", where=_row(path, index), expected="0-based frames"
        )
    return frames


def read_events(path: str | Path) -> pd.DataFrame:
    """Read a table of expressions or predictions.

    Parameters
    ----------
    path : path
        CSV in UTF-8 with a header and the columns ``video,class,onset,offset``; more columns are kept as text.

    Returns
    -------
    DataFrame
        Columns ``video`` (str), ``class`` (``me`` or ``mae``), ``onset`` and ``offset`` (int64, 0-based,
        both inclusive), then any others; in the order of the file.

    Raises
    ------
    InputError
        Missing file or column, a frame that is no whole number or is negative, onset after offset, an unknown
        class, an empty video name, or a row that stands twice; with file and row.
    """
    path = Path(path)
    table = _read_csv(path, EVENT_COLUMNS)
    table["class"] = table["class"].str.lower()
    for index, (video, label) in enumerate(zip(table["video"], table["class"], strict=True)):
        if not video:
            raise InputError("empty video name", where=_row(path, index))
        if label not in CLASSES:
            raise InputError(
                f"unknown class {label!r}", where=_row(path, index), expected="one of " + ", ".join(CLASSES)
            )
    for column in ("onset", "offset"):
        table[column] = _frames(table, column, path)
    wrong = (table["onset"] > table["offset"]).to_numpy()
    if wrong.any():
        index = int(wrong.argmax())
        onset, offset = table["onset"].iloc[index], table["offset"].iloc[index]
        raise InputError(
            f"onset {onset} after offset {offset}", where=_row(path, index), expected="onset <= offset"
        )
    twice = table.duplicated(list(EVENT_COLUMNS)).to_numpy()
    if twice.any():
        index = int(twice.argmax())
        raise InputError("the same event stands twice", where=_row(path, index), do="remove one of the rows")
    return table


def read_videos(path: str | Path) -> list[str]:
    """Read the names in the column ``video`` of a CSV file, each once, in the file's order."""
    path = Path(path)
    names = _read_csv(path, ("video",))["video"]
    twice = names.duplicated().to_numpy()
    if twice.any():
        index = int(twice.argmax())
        raise InputError(f"video {names.iloc[index]!r} stands twice", where=_row(path, index))
    return names.tolist()


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table to `path`, whole or not at all; floats as Python prints them."""
    path = Path(path)
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return path
