"""The command that starts the page: its configuration, and where runs live."""

from pathlib import Path

import pytest

from mad_app.cli.app import APP, configuration_options
from mad_app.jobs.paths import runs_root


def test_the_configuration_becomes_options(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\naddress = "localhost"\nmaxUploadSize = 20\n[theme.dark]\nlinkUnderline = true\n')
    assert configuration_options(file) == [
        "--server.address=localhost",
        "--server.maxUploadSize=20",
        "--theme.dark.linkUnderline=true",
    ]
    file.write_text("[theme]\nheadingFontSizes = [1, 2]\n")
    with pytest.raises(ValueError, match=r"theme\.headingFontSizes"):
        configuration_options(file)


def test_the_project_listens_to_this_machine_only_and_reports_to_nobody() -> None:
    options = configuration_options()
    assert "--server.address=localhost" in options
    assert "--browser.gatherUsageStats=false" in options
    assert APP.is_file()


def test_runs_live_where_the_variable_says_else_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path / "mine"))
    assert runs_root() == tmp_path / "mine"
    monkeypatch.delenv("MAD_APP_RUNS")
    monkeypatch.chdir(tmp_path)
    assert runs_root() == tmp_path / "runs"
