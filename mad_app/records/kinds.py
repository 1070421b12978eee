"""Kinds of values that a JSON document can hold, each a declaration that checks a value.

    kind.check(value, "run.json: seed")       # a RecordError in one sentence, or nothing

What passes can be shown: text can be encoded and printed, numbers are finite and fit 64 bits, and a date exists in
every time zone.
"""

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mad_app.records.storage import RecordError
from mad_app.records.text import UNPRINTABLE

LARGEST_WHOLE = 2**63 - 1
EARLIEST, LATEST = datetime.datetime(2, 1, 1), datetime.datetime(9998, 12, 31)
"""Dates between these exist in every time zone."""


class Kind(Protocol):
    """What a value must be."""

    def check(self, value: object, where: str) -> None:
        """Refuse another value.

        Args:
            value: as it was read.
            where: file and place, which opens the message.

        Raises:
            RecordError: what is expected, and what was found.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Text:
    """Printable text.

    Attributes:
        longest: how many characters it may have.
        pattern: a regular expression that all of it must match; any text if empty.
        form: what the pattern asks for, in words.
        optional: whether it may be null.
    """

    longest: int
    pattern: str = ""
    form: str = ""
    optional: bool = False

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if value is None and self.optional:
            return
        if not isinstance(value, str):
            raise _unexpected(value, where, "text or null" if self.optional else "text")
        if len(value) > self.longest:
            raise RecordError(f"{where} has {len(value)} characters, expected at most {self.longest}")
        if not value.isprintable() and any(unicodedata.category(one) in UNPRINTABLE for one in value):
            raise _unexpected(value, where, "printable text")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise _unexpected(value, where, self.form)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A finite number; true and false are none.

    Attributes:
        whole: whether it must be a whole number.
        least: the smallest it may be.
        most: the largest it may be.
        optional: whether it may be null.
    """

    whole: bool = False
    least: float = -math.inf
    most: float = math.inf
    optional: bool = False

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if value is None and self.optional:
            return
        kinds = (int, np.integer) if self.whole else (int, float, np.integer, np.floating)
        if not isinstance(value, kinds) or isinstance(value, bool):
            what = "a whole number" if self.whole else "a number"
            raise _unexpected(value, where, f"{what} or null" if self.optional else what)
        if not fits(value):
            raise _unexpected(value, where, "a finite number of at most 64 bits")
        if not self.least <= value <= self.most:
            raise _unexpected(value, where, f"a number from {self.least:g} to {self.most:g}")


@dataclass(frozen=True)
class Time:
    """A date and time in ISO 8601 that can be shown in every time zone."""

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if not isinstance(value, str):
            raise _unexpected(value, where, "a date and time in ISO 8601")
        try:
            when = datetime.datetime.fromisoformat(value)
        except ValueError as error:
            raise _unexpected(value, where, "a date and time in ISO 8601") from error
        if not EARLIEST <= when.replace(tzinfo=None) <= LATEST:
            raise _unexpected(value, where, f"a year from {EARLIEST.year} to {LATEST.year}")


def in_utc(time: str) -> str:
    """A time of the kind `Time` as it is in UTC, so that times sort as text; one without a zone is one in UTC.

    Example:
        >>> in_utc("2026-01-01T12:00:00+05:00"), in_utc("2026-01-01T12:00:00.250Z")
        ('2026-01-01T07:00:00Z', '2026-01-01T12:00:00.250Z')
    """
    when = datetime.datetime.fromisoformat(time)
    return when.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z") if when.utcoffset() else time


@dataclass(frozen=True)
class Choice:
    """One of some texts."""

    texts: frozenset[str]

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if not isinstance(value, str) or value not in self.texts:
            raise _unexpected(value, where, f"one of {', '.join(sorted(self.texts))}")


@dataclass(frozen=True, kw_only=True)
class Flat:
    """A number, printable text, true, false, null, or, where `rows`, a list of numbers."""

    longest: int
    rows: bool = False

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if isinstance(value, str):
            Text(longest=self.longest).check(value, where)
        elif isinstance(value, list | tuple) and self.rows:
            Listing(of=Number(), most=100).check(value, where)
        elif value is not None and not isinstance(value, bool | np.bool_):
            if not isinstance(value, int | float | np.integer | np.floating):
                raise _unexpected(value, where, "a number, text, true, false or null")
            Number().check(value, where)


@dataclass(frozen=True, kw_only=True)
class Table:
    """An object whose keys are alike, and so its values."""

    of: Kind
    keys: Kind
    most: int
    optional: bool = False

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if value is None and self.optional:
            return
        if not isinstance(value, Mapping):
            raise _unexpected(value, where, "an object")
        if len(value) > self.most:
            raise RecordError(f"{where} has {len(value)} entries, expected at most {self.most}")
        for name, item in value.items():
            self.keys.check(name, f"{where}: a name")
            self.of.check(item, f"{where}: {name}")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of equals."""

    of: Kind
    most: int
    least: int = 0

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if not isinstance(value, list | tuple):
            raise _unexpected(value, where, "a list")
        if not self.least <= len(value) <= self.most:
            count = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            raise RecordError(f"{where} has {len(value)} entries, expected {count}")
        for i, item in enumerate(value):
            self.of.check(item, f"{where}[{i}]")


@dataclass(frozen=True, kw_only=True)
class Object:
    """An object with known keys; others are left alone.

    Attributes:
        keys: name of each key that must be there, to its kind.
        later: likewise, of keys that older records do not have.
        optional: whether it may be null.
    """

    keys: Mapping[str, Kind]
    later: Mapping[str, Kind] = field(default_factory=dict)
    optional: bool = False

    def check(self, value: object, where: str) -> None:
        """As `Kind.check`."""
        if value is None and self.optional:
            return
        if not isinstance(value, Mapping):
            raise RecordError(f"{where} is no object")
        for name, kind in self.keys.items():
            if name not in value:
                raise RecordError(f"{where} lacks {name!r}")
            kind.check(value[name], f"{where}: {name}")
        for name, kind in self.later.items():
            if name in value:
                kind.check(value[name], f"{where}: {name}")


def fits(number: Any) -> bool:
    """Whether a number is finite and, if whole, fits 64 bits.

    Example:
        >>> fits(1.5), fits(10**400), fits(float("nan"))
        (True, False, False)
    """
    if isinstance(number, int):
        return -LARGEST_WHOLE <= number <= LARGEST_WHOLE
    return math.isfinite(number)


def _unexpected(value: object, where: str, expected: str) -> RecordError:
    return RecordError(f"{where} is {value!r:.60}, expected {expected}")
