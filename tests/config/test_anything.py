"""Whatever stands in a configuration: settings or sentences, never another exception."""

from contextlib import suppress
from datetime import date, time

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.config.legacy_keys import NEEDLESS, RENAMED
from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from tests.config.stand_ins import PLAIN_LOAD, TABLES

SEEN = (
    "site meter forecast strategy limits tariff loads gpio log web mqtt tick_s schema type vrm recording balance relay "
    "name latitude pv battery daylight from to speed max auto path hours servo pin off true 09:00 sunrise+1h 12 -3.5 "
    "0123 1e400 ${HOME} ${NONE} file:none file:/ until_percent power_from diags_url fcast_url sleep_timer"
)
WORDS = st.sampled_from([*SEEN.split(), *RENAMED, *NEEDLESS, "", "~", "\x00", "é"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS | st.sampled_from([time(9), date(2026, 1, 1), b"x", {1, 2}, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_any_mapping_gives_settings_or_sentences(values):
    for source in (values, {"loads": [PLAIN_LOAD], **values}):
        with suppress(ConfigError):
            load_config(source, tables=TABLES, environ={"HOME": "here"})


PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(WORDS, PLAIN, max_size=6), st.integers(0, 400), st.text(max_size=3))
def test_any_file_gives_settings_or_sentences(tmp_path_factory, values, cut, added):
    path = tmp_path_factory.getbasetemp() / "anything.yaml"
    text = yaml.safe_dump({"loads": [PLAIN_LOAD], **values}, allow_unicode=True)
    for content in (text, text[:cut] + added + text[cut:]):
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        with suppress(ConfigError):
            load_config(path, tables=TABLES, environ={"HOME": "here"})
