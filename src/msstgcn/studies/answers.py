"""A study's answer in a few sentences, made from its table and from nothing else.

A difference is claimed only if its p value, after Holm's correction, is below .05, and if enough trainings stand behind
it. Where nothing can be claimed, the text says so, and what the run could have found. Whether that agrees with
the paper is a sentence of its own, by a rule as well, and so is what became of what was expected (`expectation`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from msstgcn.errors import lookup
from msstgcn.spotting import Estimate
from msstgcn.studies.paired import FEWEST_TRAININGS
from msstgcn.studies.study import Study
from msstgcn.studies.wording import (
    LEVEL,
    are,
    capital,
    joined,
    names_of,
    points,
    points_told,
    quoted,
)

#: Rows of a study's table that an answer can be about, and what their F1 is called.
METRICS: dict[str, str] = {
    "overall": "overall F1",
    "ME": "F1 of micro-expressions",
    "MaE": "F1 of macro-expressions",
}
#: What `resolved` gives where none can be told apart, and where F1 differs for nobody.
NOTHING_RESOLVED, NOTHING_DIFFERS = "none", "–"
#: Epochs of the paper's own training (its section on implementation).
PAPER_EPOCHS = 100


def told_apart(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether each row of a study's table differs from the base.

    Its p is below .05; and if networks are compared, each was trained often enough to tell by how much another training
    would move its F1: at least `paired.FEWEST_TRAININGS` times.

    Parameters
    ----------
    table : DataFrame
        As `study_table` gives it.
    """
    return (table["p"] < LEVEL) & ~table["few trainings"]


def answer(study: Study, table: pd.DataFrame, metric: str = "overall") -> str:
    """Say in two sentences what a study has shown.

    Parameters
    ----------
    study : Study
        Whether it is a sweep, and where its variants lie.
    table : DataFrame
        As `study_table` gives it; the base comes first.
    metric : str
        A name in `METRICS`.

    Returns
    -------
    str
        For a comparison: which variants are better or worse than the base, by how many points of F1 (hundredths);
        then what this run could have found. For a sweep: F1 at its base and its ends, where, going away from the base,
        differences are seen, and where it breaks, see `broken`; then the same. What there is to say besides, `remarks`
        has.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    what = lookup(METRICS, metric, "metric")
    base, placed, beside = _parted(study, table, metric)
    others = pd.concat([placed, beside])
    if others.empty:
        return f"There is nothing to compare: only {_named(base)} was run. Its {what} is {_f1(base)}."
    if base["F1"] == 0 and (others["F1"] == 0).all():
        return f"{capital(what)} is 0 throughout: no variant spotted anything rightly, so nothing can be compared."
    short = metric != "overall"  # what a class could have shown besides, the answer about all has said
    if placed.empty:
        said = [_found(base, beside, what), "" if short and _all_few(beside) else _not_found(beside, short)]
    else:
        said = [_swept(_ends(study, base, placed, what), base, placed, study.places, short)]
    if not short and (told_apart(others) & (others["seeds"] < FEWEST_TRAININGS)).any():
        said.append("That holds for these networks; what others would gain or lose, more seeds would show.")
    return " ".join(filter(None, said))


def remarks(study: Study, table: pd.DataFrame) -> str:
    """Say what a study has shown besides its answer about overall F1; empty if that is nothing.

    Parameters
    ----------
    study, table
        As `answer` takes them.

    Returns
    -------
    str
        Of a sweep, what is seen of variants beside it; then which differences are seen in a class alone.
    """
    said = []
    base, placed, beside = _parted(study, table, "overall")
    if len(placed) and len(beside):
        found = _found(base, beside, METRICS["overall"])
        said.append(f"Beside the sweep, {found[0].lower()}{found[1:]}")
        if not (_all_few(placed) and _all_few(beside)):  # else that has been said
            said.append(_not_found(beside))
    hidden = in_a_class(table)
    if len(hidden):
        said.append(f"Seen in a class and not, in that direction, overall: {_in_classes(hidden)}.")
    return " ".join(said)


def agreement(study: Study, table: pd.DataFrame, *, epochs: int) -> str:
    """Say whether what a study saw agrees with what the paper holds; empty where the paper says nothing.

    Parameters
    ----------
    study : Study
        What the paper holds, and which variants the base should beat if that is so.
    table : DataFrame
        As `study_table` gives it.
    epochs : int
        That the networks were trained for.
    """
    rows = table[(table["class"] == "overall") & table["variant"].isin(study.beaten)]
    if rows.empty:
        return ""
    apart = rows[told_apart(rows)]
    against, along = apart[apart["difference"] > 0], apart[apart["difference"] < 0]
    unseen = rows.drop(apart.index)
    missing = [name for name in study.beaten if name not in set(rows["variant"])]
    if rows["few trainings"].all():
        said = f"{_few_trainings(rows)} of each cannot say"
    else:
        parts = []
        if len(against):
            better = f"{names_of(against)} {are(against)} better than {quoted(study.base)}"
            worse = f", though {names_of(along)} {are(along)} worse" if len(along) else ""
            parts.append(f"the study contradicts it: {better}{worse}")
        elif len(along):
            whom = f" for {names_of(along)}" if len(unseen) or missing else ""
            parts.append(f"the study agrees with it{whom}")
        if len(unseen):
            parts.append(_no_advantage(study, table, unseen))
        said = "; ".join(parts)
    not_run = [f"Not run: {joined([quoted(name) for name in missing])}."] if missing else []
    after = f"After {epochs} epochs, where the paper trains for {PAPER_EPOCHS}, "
    return " ".join(
        [
            f"The paper holds that {study.paper}. {after}{said}.",
            *_agreement_in_classes(study, table),
            *not_run,
        ]
    )


def pairs_told(pairs: pd.DataFrame, of: Mapping[str, tuple[str, str]]) -> str:
    """Say of pairs of variants which is better: a sentence of those that are told apart, and one of the others.

    Parameters
    ----------
    pairs : DataFrame
        As `StudyResult.pairs` gives it.
    of : mapping of str to (str, str)
        The two variants of each pair.

    Returns
    -------
    str
        About overall F1; empty if there is no pair.
    """
    rows = pairs[pairs["class"] == "overall"]
    apart = told_apart(rows)
    said = []
    for _, row in rows[apart].iterrows():
        one, other = of[row["pair"]]
        said.append(
            f"{quoted(one)} is {compared(row['difference'], True)} {quoted(other)} ({points_told(row)})"
        )
    told = [f"{capital('; '.join(said))}."] if said else []
    unseen = rows[~apart].assign(variant=["” and “".join(of[name]) for name in rows["pair"][~apart]])
    if len(unseen):
        listed = [_with_difference(row) for _, row in unseen.iterrows()]
        start = (
            f"With so few trainings nothing can be told apart: {joined(listed)}"
            if _all_few(unseen)
            else f"No difference was seen between {', or between '.join(listed)}"
        )
        told.append(f"{start}; {_could(unseen)}.")
    return " ".join(told)


def broken(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether the method breaks at each row of a study's table.

    It does where a variant is told apart from the base and its interval lies wholly below that of the base.

    Parameters
    ----------
    table : DataFrame
        As `study_table` gives it; the base comes first.
    """
    base = table.drop_duplicates("class").set_index("class")["low"]
    return _below(table, table["class"].map(base))


def _below(rows: pd.DataFrame, low: float | pd.Series[float]) -> pd.Series[bool]:
    """Whether rows are told apart from a base, and lie wholly below where its interval begins."""
    return told_apart(rows) & (rows["difference"] < 0) & (rows["high"] < low)


def compared(difference: float, apart: bool) -> str:
    """How the first of two stands to the second, by its F1 minus that of the other and whether they are told apart."""
    better = "better than" if difference > 0 else "worse than"
    return better if apart else "not told apart from"


def _no_advantage(study: Study, table: pd.DataFrame, unseen: pd.DataFrame) -> str:
    """That the base is not seen to be better than some variants, and by how much it still could be."""
    of_me = table[(table["class"] == "ME") & table["variant"].isin(unseen["variant"])]
    of_me = of_me[~told_apart(of_me)]
    said = f"no advantage of {quoted(study.base)} over {names_of(unseen)} was seen in overall F1"
    whose = "the 95 % intervals leave" if len(unseen) > 1 else "the 95 % interval leaves"
    said = f"{said}, where {whose} room for one of {_room(unseen)} points"
    if of_me.empty:
        return said
    over = "" if len(of_me) == len(unseen) else f", where none was seen over {names_of(of_me)},"
    return f"{said}, and in micro-expressions alone{over} for one of {_room(of_me)}"


def _room(rows: pd.DataFrame) -> str:
    """By how many points the base could still be better than the variants of some rows, as their intervals have it."""
    return points(min(1.0, max(0.0, -rows["diff low"].min()))).lstrip("+")


def _agreement_in_classes(study: Study, table: pd.DataFrame) -> list[str]:
    """Whether differences that are seen in one class and not overall agree with the paper."""
    alone = in_a_class(table)
    alone = alone[alone["variant"].isin(study.beaten)]
    kinds = (
        ("contradicted", alone[alone["difference"] > 0]),
        ("borne out", alone[alone["difference"] < 0]),
    )
    return [f"In one class alone it is {word}, by {_in_classes(rows)}." for word, rows in kinds if len(rows)]


def _all_few(rows: pd.DataFrame) -> bool:
    """Whether no row can be told apart for want of trainings."""
    return bool(rows["few trainings"].all())


def _few_trainings(rows: pd.DataFrame) -> str:
    """How many trainings stand behind rows that are not told apart for want of them."""
    seeds = rows["seeds"].iloc[0]
    return "one training" if seeds == 1 else f"{seeds} trainings"


def resolved(least: pd.Series[float]) -> str:
    """The smallest and the largest of the true differences that comparisons could have resolved, in points.

    Parameters
    ----------
    least : Series of float
        Of a study's table, ``resolvable``.

    Returns
    -------
    str
        As in ``2.6 to 2.9``; ``none`` where none can be told apart, ``2.6 or none`` where that holds for some of them,
        a dash where F1 differs for nobody.
    """
    there = least[(least > 0) & np.isfinite(least)]
    none = bool(np.isinf(least).any())
    if there.empty:
        return NOTHING_RESOLVED if none else NOTHING_DIFFERS
    low, high = f"{100 * there.min():.1f}", f"{100 * there.max():.1f}"
    return (low if low == high else f"{low} to {high}") + (f" or {NOTHING_RESOLVED}" if none else "")


def in_a_class(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of differences that are seen in a class and not, in that direction, overall.

    Parameters
    ----------
    table : DataFrame
        As `study_table` gives it.
    """
    apart = table[told_apart(table)]
    key = list(zip(apart["variant"], apart["difference"] > 0, strict=True))
    overall = {one for one, name in zip(key, apart["class"], strict=True) if name == "overall"}
    return apart[np.array([one not in overall for one in key], dtype=bool)]


def _in_classes(rows: pd.DataFrame) -> str:
    """Variants, each with the class and the points of its difference."""
    return joined(
        [f"{_named(row)} ({row['class']}, {points(row['difference'])} points)" for _, row in rows.iterrows()]
    )


def _parted(study: Study, table: pd.DataFrame, metric: str) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame]:
    """Rows of a study's table about one metric: the base, variants that lie on the axis of a sweep, and all others."""
    rows = table[table["class"] == metric]
    placed = _placed(study, rows.iloc[0], rows.iloc[1:])
    return rows.iloc[0], placed, rows.iloc[1:].drop(placed.index)


def _placed(study: Study, base: pd.Series, others: pd.DataFrame) -> pd.DataFrame:
    """Variants that lie on the axis of a sweep; none if two of them lie in one place, which are two sweeps in one."""
    placed = others[others["variant"].isin(list(study.places))]
    if not study.sweep or base["variant"] not in study.places:
        return others.iloc[:0]
    places = [study.places[name] for name in (base["variant"], *placed["variant"])]
    return placed if len(set(places)) == len(places) else others.iloc[:0]


def _named(row: pd.Series) -> str:
    return quoted(row["variant"])


def _f1(row: pd.Series) -> str:
    return str(Estimate(row["F1"], row["low"], row["high"], 0.95))


def _with_difference(row: pd.Series) -> str:
    return f"{_named(row)} ({points_told(row)})"


def _listed(rows: pd.DataFrame) -> str:
    """Variants with their differences, the largest first."""
    order = rows["difference"].abs().sort_values(ascending=False, kind="stable").index
    return joined([_with_difference(row) for _, row in rows.loc[order].iterrows()])


def _found(base: pd.Series, others: pd.DataFrame, what: str) -> str:
    apart = others[told_apart(others)]
    if apart.empty:
        start = (
            f"With {_few_trainings(others)} of each nothing can be told apart"
            if _all_few(others)
            else "No difference was seen"
        )
        return f"{start}: {_nearness(base, others, what)}."
    parts, than = [], f" than {_named(base)}"
    for word, rows in (("better", apart[apart["difference"] > 0]), ("worse", apart[apart["difference"] < 0])):
        if len(rows):
            parts.append(f"{_listed(rows)} {are(rows)} {word}{than}")
            than = ""
    return f"In {what}, {'; '.join(parts)}."


def _nearness(base: pd.Series, others: pd.DataFrame, what: str) -> str:
    if len(others) == 1:
        row = others.iloc[0]
        return f"{what} of {_named(row)} minus that of {_named(base)} is {points_told(row)}"
    low, high = points(others["difference"].min()), points(others["difference"].max())
    many = f"{what} of the {len(others)} variants minus that of {_named(base)}"
    near = f"{many} is {low} points" if low == high else f"{many} lies between {low} and {high} points"
    if _all_few(others):
        return near
    return f"{near}, and none of them is told apart from it"


def _not_found(others: pd.DataFrame, short: bool = False) -> str:
    """The second sentence of a comparison: what is not told apart, and what could have been found."""
    rest = others[~told_apart(others)]
    could = _could(others if rest.empty or len(rest) == len(others) else rest, short)
    if rest.empty or len(rest) == len(others):
        return f"{capital(could)}."
    return f"With {names_of(rest)} no difference was seen; {could}."


def _could(rows: pd.DataFrame, short: bool = False) -> str:
    """What comparisons could have found: the end of a sentence; `short` where another has said how sure that is."""
    few = rows[rows["few trainings"]]
    enough = rows.drop(few.index)
    parts = [_could_resolve(enough, short)] if len(enough) else []
    if len(few):
        whose = f"the differences of {names_of(few)}" if len(enough) else "these differences"
        parts.append(f"how far other trainings would move {whose}, only more seeds would show")
    return "; ".join(parts)


def _could_resolve(rows: pd.DataFrame, short: bool) -> str:
    """The same for comparisons with trainings enough."""
    least = rows["resolvable"]
    none, size = rows[np.isinf(least)], resolved(least[np.isfinite(least)])
    chance = "no difference, however large, can be told from chance"
    if len(none) == len(rows):
        return f"with so few people or trainings {chance}"
    if size == NOTHING_DIFFERS:
        said = "F1 differs for nobody, which shows nothing of what could have been found"
    else:
        start = "depending on the variant, " if " to " in size else ""
        sure = "" if short else ", as far as these trainings can tell"
        said = f"{start}a true difference of {size} points or more would have been found four times in five{sure}"
    return f"{said}; with {names_of(none)} {chance}" if len(none) else said


def _ends(study: Study, base: pd.Series, placed: pd.DataFrame, what: str) -> str:
    """The first sentence of a sweep: F1 at its ends and at the base."""
    ordered = pd.concat([base.to_frame().T, placed])
    ordered = ordered.iloc[ordered["variant"].map(study.places).argsort(kind="stable")]
    shown = [ordered.iloc[0], base, ordered.iloc[-1]]
    names: dict[str, str] = {}
    for row in shown:
        note = " (the base)" if row["variant"] == base["variant"] else ""
        names.setdefault(row["variant"], f"{_f1(row)} at {_named(row)}{note}")
    return f"{capital(what)} is {joined(list(names.values()))}"


def _swept(ends: str, base: pd.Series, placed: pd.DataFrame, places: Mapping[str, float], short: bool) -> str:
    """Where a sweep, on either side of its base, changes and where it breaks; then what could not be seen."""
    away = placed["variant"].map(places) - places[base["variant"]]
    parts = []
    for side in (away[away <= 0].sort_values(ascending=False, kind="stable"), away[away > 0].sort_values()):
        parts += _side(base, placed.loc[side.index])
    rest = placed[~told_apart(placed)]
    if not parts and _all_few(rest):
        start = f"With {_few_trainings(rest)} at each place nothing can be told apart"
        return f"{ends}. {start}." if short else f"{ends}. {start}; {_could(rest)}."
    if not parts:
        return f"{ends}. No difference was seen at any place; {_could(rest, short)}."
    seen = f"{ends}; going away from the base, {'; '.join(parts)}."
    if rest.empty:
        return f"{seen} {capital(_could(placed, short))}."
    return f"{seen} At {names_of(rest)} no difference was seen; {_could(rest, short)}."


def _side(base: pd.Series, rows: pd.DataFrame) -> list[str]:
    """What is seen among rows that go away from the base, the nearest first."""
    apart = rows[told_apart(rows)]
    better, worse = apart[apart["difference"] > 0], apart[apart["difference"] < 0]
    parts = [
        f"it is {word} at {joined([_with_difference(row) for _, row in some.iterrows()])}"
        for word, some in (("higher", better), ("lower", worse))
        if len(some)
    ]
    below = rows[_below(rows, base["low"])]
    if len(below):
        parts.append(f"it breaks at {_named(below.iloc[0])}: there its interval lies wholly below the base's")
    return parts
