"""The page beside the loop: where nobody asks for one, where its library is missing, where strangers could reach it."""

import logging
import sys
import time
from pathlib import Path

import pytest

from pv_heater.config.load import load_config
from pv_heater.run.home.page import NoPage, page_of
from pv_heater.status.newest import NewestDocument
from tests.builders import config
from tests.web.rig import WebHome


def test_without_a_section_there_is_no_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    home = WebHome().home
    page = page_of(load_config(config()), home, NewestDocument(home, time.monotonic), tmp_path)
    assert isinstance(page, NoPage)
    page.start()
    page.stop()
    assert caplog.messages == []


@pytest.mark.parametrize("library", ["bottle", "waitress"])
def test_a_missing_library_is_one_sentence(
    library: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = WebHome().home
    for name in ("pv_heater.web.application", "pv_heater.io.net.web_server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    page = page_of(load_config(config(web={})), home, NewestDocument(home, time.monotonic), tmp_path)
    assert isinstance(page, NoPage)
    assert caplog.messages == [f"there is no page, as {library} is not installed; `. ./env.sh` installs it"]
