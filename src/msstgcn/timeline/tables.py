"""Annotation and prediction tables as CSV files: read strictly, written whole."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.timeline.expressions import CLASSES

#: The columns that every table of events must have; further columns are kept but not needed.
EVENT_COLUMNS: tuple[str, ...] = ("video", "class", "onset", "offset")
#: What tells two events of one class and interval apart, where a file has it.
_ALSO = ("apex", "action_units")

#: Ways in which people write the two classes, without letter case, spaces, hyphens and underscores.
_CLASS_NAMES: dict[str, str] = {
    **dict.fromkeys(("me", "mes", "micro", "microexpression", "microexpressions"), "me"),
    **dict.fromkeys(("mae", "maes", "macro", "macroexpression", "macroexpressions"), "mae"),
}
_SEPARATORS: dict[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs"}
#: How a whole frame number is written, also by programs that know only floats (``5.0``).
FRAME = r"[+-]?[0-9]+(\.0*)?"
#: Largest frame number that is read: a year at 30 frames a second; more is a mistake.
LAST_FRAME = 10**9


def _text(path: Path, expected: str, notes: list[str]) -> str:
    """Text of a file in UTF-8, UTF-16 (with its mark) or else Windows-1252, as spreadsheets write them."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", where=path, do="check the path") from None
    except IsADirectoryError:
        raise InputError("is a folder", where=path, expected="a CSV file") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if any(unicodedata.category(one) == "Cc" and one not in "\t\r\n" for one in set(text)):
                break
            if encoding != "utf-8-sig":
                notes.append(f"read as {'UTF-16' if encoding == 'utf-16' else 'Windows-1252'}")
            return unicodedata.normalize("NFC", text)
    raise InputError("not a CSV file in UTF-8, UTF-16 or Windows-1252", where=path, expected=expected)


def _header(cells: list[str]) -> list[str]:
    return [name.strip().lower() for name in cells]


def read_csv(
    path: Path, columns: tuple[str, ...], notes: list[str] | None = None, skip: Collection[int] = ()
) -> pd.DataFrame:
    """Read a CSV file as text; a row with too many or too few fields is refused, not mended. Blank lines hold nothing.

    Parameters
    ----------
    path : Path
        File; encodings, separators and spaces as in `read_events`.
    columns : tuple of str
        Columns that must be there.
    notes : list of str, optional
        Gets a line for whatever had to be interpreted.
    skip : collection of int, optional
        Rows to leave out, as in `read_events`.

    Returns
    -------
    DataFrame
        All columns, as str, by their names in small letters. A row's index, and 2, is its row in the file.

    Raises
    ------
    InputError
        Missing or empty file, no CSV, a column that is missing or stands twice, a row of another number of fields
        than the header; with file and row.
    """
    notes = [] if notes is None else notes
    wanted = "a header line with the columns " + ",".join(columns)
    text = _text(path, wanted, notes)
    if not text.strip():
        raise InputError("the file is empty", where=path, expected=wanted)
    first = text.lstrip().splitlines()[0]
    separator = max(_SEPARATORS, key=lambda sign: len(set(columns) & set(_header(first.split(sign)))))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = {number: [field.strip() for field in row] for number, row in enumerate(reader)}
    except csv.Error as error:
        raise InputError(f"not a CSV file ({error})", where=path, expected=wanted) from None
    top, *numbers = [number for number, row in rows.items() if row not in ([], [""])]
    header = _header(rows[top])
    missing = [name for name in columns if name not in header]
    if missing:
        raise InputError(
            f"missing column {', '.join(missing)}",
            where=path,
            expected=wanted,
            do=f"found {','.join(header)}",
        )
    for name in header:
        if name and header.count(name) > 1:
            raise InputError(f"column {name} stands twice", where=path, do="remove one of the two")
    if separator != ",":
        notes.append(f"fields separated by {_SEPARATORS[separator]}")
    kept = [number - 1 for number in numbers if number + 1 not in skip]
    for index in kept:
        if len(rows[index + 1]) != len(header):
            raise InputError(
                f"{len(rows[index + 1])} fields",
                where=_row(path, index),
                expected=f"{len(header)}, as in the header",
            )
    return pd.DataFrame([rows[index + 1] for index in kept], index=kept, columns=header, dtype=str)


def _read_named(
    path: Path, columns: tuple[str, ...], notes: list[str] | None, skip: Collection[int]
) -> pd.DataFrame:
    """A table in which every row names its video."""
    table = read_csv(path, columns, notes, skip)
    _refuse(table["video"] == "", path, lambda index: "empty video name")
    if "subject" in table:
        _refuse(table["subject"] == "", path, lambda index: "empty subject")
    return table


def _row(path: Path, index: int) -> str:
    return f"{path}, row {index + 2}"  # the header is row 1


def _refuse(
    bad: pd.Series, path: Path, what: Callable[[int], str], *, expected: str = "", do: str = ""
) -> None:
    """Raise an error for the first row that is bad, if one is."""
    if bad.any():
        index = int(bad.to_numpy().argmax())
        raise InputError(what(index), where=_row(path, int(bad.index[index])), expected=expected, do=do)


def _frames(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    text = table[column]
    bad = ~text.str.fullmatch(FRAME)
    _refuse(bad, path, lambda index: f"{column} is {text.iloc[index]!r}", expected="a whole frame number")
    value = text.astype(float)
    _refuse(value < 0, path, lambda i: f"negative {column} {value.iloc[i]:.0f}", expected="0-based frames")
    _refuse(
        value > LAST_FRAME, path, lambda i: f"{column} is {text.iloc[i]!r}", expected=f"up to {LAST_FRAME}"
    )
    return value.astype("int64")


def _classes(table: pd.DataFrame, path: Path, notes: list[str]) -> pd.Series:
    text = table["class"]
    plain = text.str.lower().str.replace(r"[\s_-]+", "", regex=True)
    label = plain.map(_CLASS_NAMES)
    _refuse(
        label.isna(), path, lambda index: f"unknown class {text.iloc[index]!r}",
        expected=f"one of {', '.join(CLASSES)} (or micro, macro)",
    )  # fmt: skip
    for one in CLASSES:
        others = sorted(set(text[(label == one) & (plain != one)]))
        if others:
            notes.append(f"class {', '.join(others)} read as {one}")
    return label


def _scores(table: pd.DataFrame, path: Path) -> pd.Series:
    text = table["score"]
    bad = ~pd.to_numeric(text, errors="coerce").map(np.isfinite)
    _refuse(bad, path, lambda index: f"score is {text.iloc[index]!r}", expected="a number, or no such column")
    return text.map(float)


def read_events(path: str | Path, notes: list[str] | None = None, skip: Collection[int] = ()) -> pd.DataFrame:
    """Read a table of expressions or predictions, as spreadsheets and programs write them.

    UTF-8 with or without a mark at its start, UTF-16 and Windows-1252 are read; commas, semicolons or tabs; any
    line ends; spaces around fields; column names in any letter case. The classes may be written ``me``, ``micro``
    or ``micro-expression`` and so on, in any case. Anything that could mean two things is refused.

    Parameters
    ----------
    path : path
        CSV with a header and the columns ``video,class,onset,offset``; more columns are kept as text. A column
        ``score`` must hold numbers; a column ``subject`` one name for each video.
    notes : list of str, optional
        Gets a line for whatever had to be interpreted.
    skip : collection of int, optional
        Rows to leave out, as the file counts them; the header is row 1.

    Returns
    -------
    DataFrame
        Columns ``video`` (str), ``class`` (``me`` or ``mae``), ``onset`` and ``offset`` (int64, 0-based,
        both inclusive), then any others; in the order of the file. A row's index, and 2, is its row in the file.

    Raises
    ------
    InputError
        Missing file or column, a frame that is no whole number or is negative, onset after offset, an unknown
        class, an empty name, a score that is no number, a video of two subjects, or an event that stands twice, with
        the same apex and action units where the file has them; with file and row.
    """
    path, notes = Path(path), [] if notes is None else notes
    table = _read_named(path, EVENT_COLUMNS, notes, skip)
    table["class"] = _classes(table, path, notes)
    for column in ("onset", "offset"):
        table[column] = _frames(table, column, path)
    onset, offset = table["onset"], table["offset"]
    _refuse(
        onset > offset, path, lambda i: f"onset {onset.iloc[i]} after offset {offset.iloc[i]}",
        expected="onset <= offset",
    )  # fmt: skip
    told = [column for column in table if column in (*EVENT_COLUMNS, *_ALSO)]
    _refuse(
        table.duplicated(told), path, lambda index: "the same event stands twice",
        do="remove one of the rows",
    )  # fmt: skip
    if "score" in table:
        table["score"] = _scores(table, path)
    if "subject" in table:
        first = table.drop_duplicates("video").set_index("video")["subject"]
        owner = table["video"].map(first)
        _refuse(
            owner != table["subject"],
            path,
            lambda i: (
                f"video {table['video'].iloc[i]!r} has two subjects, "
                f"{owner.iloc[i]!r} and {table['subject'].iloc[i]!r}"
            ),
        )
    return table


def read_videos(path: str | Path, notes: list[str] | None = None, skip: Collection[int] = ()) -> pd.DataFrame:
    """Read a list of videos: a CSV file with the column ``video``, each name once, and perhaps ``subject``.

    Parameters
    ----------
    path : path
        File; what is accepted is as in `read_events`.
    notes : list of str, optional
        Gets a line for whatever had to be interpreted.
    skip : collection of int, optional
        Rows to leave out, as in `read_events`.

    Returns
    -------
    DataFrame
        All columns as text, in the order of the file.
    """
    path = Path(path)
    table = _read_named(path, ("video",), notes, skip)
    names = table["video"]
    _refuse(names.duplicated(), path, lambda index: f"video {names.iloc[index]!r} stands twice")
    return table


def write_csv(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table to `path`, whole or not at all; floats as Python prints them."""
    path = Path(path)
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return path
