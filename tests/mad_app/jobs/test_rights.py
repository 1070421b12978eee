"""Visitors change only what they made; whoever started the server changes all."""

import pytest

from mad_app.jobs.rights import KEY, OPEN, describe_rights, is_key, is_own_machine, rights_environment


@pytest.mark.parametrize(
    ("address", "headers", "own"),
    [
        (None, {"Host": "localhost:8501"}, True),
        (None, {"Host": "127.0.0.1"}, True),
        (None, {"Host": "[::1]:8501"}, True),
        (None, {}, True),
        (None, {"Host": "lecture.example:8501"}, False),
        (None, {"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.7"}, False),
        ("10.0.0.7", {"Host": "localhost:8501"}, False),
    ],
)
def test_a_loopback_address_is_the_own_machine(address: str | None, headers: dict[str, str], own: bool) -> None:
    assert is_own_machine(address, headers) is own


def test_the_key_is_printed_and_no_other_text_is_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    assert not is_key("")
    environment = rights_environment(open_to_all=False)
    assert environment[KEY] in describe_rights(environment)
    assert OPEN not in environment
    monkeypatch.setenv(KEY, environment[KEY])
    assert is_key(environment[KEY])
    assert not is_key(environment[KEY][:-1] + "\udcff")
    assert "Every visitor" in describe_rights(rights_environment(open_to_all=True))
