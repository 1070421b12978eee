"""Settings, declared once.

A setting is a field of a frozen dataclass, made by `setting(...)`, which gives its range, unit and help, its label and
its phrase in a sentence. Options of the command line, parameters of an address, widgets, the record, captions and
sentences are made from `settings_of(the dataclass)`, so that a setting is added in one place.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from mad_app.errors import ArgumentError

Group = Literal["picture", "metrics", "start", "length", "constraints", "levels", "measurement", "figure"]
"""What belongs together on a page and in the help of a command."""

Value = str | int | float | bool | None

LONGEST_NUMBER = 40
"""Digits of the longest whole number that is quoted in a message."""

_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting.

    Attributes:
        name: of the field, and in a record and an address.
        kind: bool, int, float or str.
        optional: whether it may be None.
        default: its value unless another is given.
        label: above a control.
        help: one or two sentences for a tip and for the help of a command.
        group: what it belongs to.
        unit: of the number.
        minimum: the least number allowed.
        above: the number must be greater than this.
        maximum: the greatest number allowed.
        none: what None means, in a few words, such as "any".
        phrase: of a value other than the default, as a format string that may use `value` and the names of other
            settings; empty where no sentence mentions it.
        option: name of the command's option, without dashes.
        aliases: earlier names of it, in options, addresses and records.
        file: whether it names a file.
        in_address: whether an address carries it.
        inferred: whether it follows from other settings where it is left out, so that the dataclass has to know that.
        hidden: whether neither a page nor a help offers it, as one that earlier versions had.
    """

    name: str
    kind: type
    optional: bool
    default: Value
    label: str
    help: str
    group: Group
    unit: str = ""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    none: str = ""
    phrase: str = ""
    option: str = ""
    aliases: tuple[str, ...] = ()
    file: bool = False
    in_address: bool = True
    inferred: bool = False
    hidden: bool = False

    def check(self, value: object) -> None:
        """Refuse what this setting cannot be.

        Raises:
            ArgumentError: of another type, not finite, or out of range; the message gives the range and the value.
        """
        if not self.is_of_kind(value):
            none = " or None" if self.optional else ""
            raise ArgumentError(self.name, f"must be {_WORDS[self.kind]}{none}, got {value!r:.60}")
        if isinstance(value, int | float | np.number) and not isinstance(value, bool) and not self._is_in_range(value):
            raise ArgumentError(self.name, f"must {self._range(value)}, got {_shown(value)}")

    def parse(self, text: str) -> Value:
        """The value that a text gives, as in an address; the inverse of `text`.

        Raises:
            ArgumentError: it gives no value that this setting can have.

        Example:
            >>> size = Setting(name="size", kind=int, optional=False, default=1, label="", help="", group="picture")
            >>> size.parse("24"), size.text(24)
            (24, '24')
        """
        value: Value = text
        try:
            if self.kind is bool:
                value = {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
            elif self.kind in (int, float):
                value = self.kind(text)
        except (KeyError, ValueError):
            raise ArgumentError(self.name, f"must be {_WORDS[self.kind]}, got {text!r:.60}") from None
        self.check(value)
        return value

    def text(self, value: Value) -> str:
        """A value as short text from which `parse` makes the same value."""
        return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)

    def describe(self, value: Value, others: Mapping[str, Any]) -> str:
        """The phrase of a value in a sentence; empty where it is the default or no sentence mentions it.

        Args:
            value: of this setting.
            others: what the phrase may name, such as {"first": "LASI"}.
        """
        is_mentioned = self.phrase and value != self.default and value is not False
        return self.phrase.format(value=value, **others) if is_mentioned else ""

    def is_of_kind(self, value: object) -> bool:
        """Whether a value has the type of this setting, whatever its range."""
        if value is None:
            return self.optional
        if self.kind is float:
            return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if self.kind is int:
            return isinstance(value, int | np.integer) and not isinstance(value, bool)
        return isinstance(value, self.kind)

    def _is_in_range(self, value: float | np.number[Any]) -> bool:
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond every float
            return False
        return (
            math.isfinite(number)
            and (self.minimum is None or number >= self.minimum)
            and (self.above is None or number > self.above)
            and (self.maximum is None or number <= self.maximum)
        )

    def _range(self, value: float | np.number[Any]) -> str:
        low = f"at least {_plain(self.minimum)}" if self.minimum is not None else ""
        low = f"above {_plain(self.above)}" if self.above is not None else low
        high = f"at most {_plain(self.maximum)}" if self.maximum is not None else ""
        finite = "finite" if self.maximum is None and value == math.inf else ""
        return f"be {' and '.join(filter(None, (finite, low, high))) or 'finite'}"


def setting(
    default: Any,
    *,
    label: str,
    help: str,
    group: Group,
    **more: Any,
) -> Any:
    """A field of a frozen dataclass of settings; arguments as the attributes of `Setting`.

    One that is `inferred` is None until the dataclass, in its `__post_init__`, puts a value into its place.
    """
    known = {"default": default, "label": label, "help": help, "group": group, **more}
    return dataclasses.field(default=None if more.get("inferred") else default, metadata=known)


@cache
def settings_of(kind: Any) -> Mapping[str, Setting]:
    """The settings of a dataclass by name, in the order of its fields; fields that are no settings are left out."""
    hints = typing.get_type_hints(kind)
    found = {}
    for item in dataclasses.fields(kind):
        if "label" not in item.metadata:
            continue
        parts = typing.get_args(hints[item.name]) if _is_union(hints[item.name]) else (hints[item.name],)
        (plain,) = (part for part in parts if part is not type(None))
        known = {"option": item.name.replace("_", "-"), **item.metadata}
        optional = type(None) in parts
        found[item.name] = Setting(name=item.name, kind=plain, optional=optional, **known)
    return types.MappingProxyType(found)


def check_settings(values: Any) -> None:
    """Check every setting of an instance of a dataclass of settings.

    Raises:
        ArgumentError: as `Setting.check`.
    """
    kind: Any = type(values)
    for name, declared in settings_of(kind).items():
        declared.check(getattr(values, name))


def _shown(number: float | np.number[Any]) -> str:
    """A number as it was given; a whole number of very many digits by their count alone."""
    if isinstance(number, int) and abs(number) >= 10**LONGEST_NUMBER:
        return f"a number of more than {LONGEST_NUMBER} digits"
    return str(number)


def _plain(number: float) -> str:
    return f"{number:.0f}" if number == round(number) else f"{number:.4g}"


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union)
