import pytest

from tests.config.files import COMPLETE, loaded, problems

VRM = "loads: [{name: boiler, type: dry_run, max_power_w: 1000}]\nmeter: {type: vrm, installation_id: 7, "


def test_a_text_may_come_from_the_environment_whole_or_in_part(tmp_path):
    config = loaded(
        tmp_path,
        VRM + "token: '${TOKEN}', base_url: 'http://${HOST}:80/${EMPTY}v2'}\n",
        {"TOKEN": "abc", "HOST": "127.0.0.1", "EMPTY": ""},
    )
    assert config.meter[0].settings.token.reveal() == "abc"
    assert config.meter[0].settings.base_url == "http://127.0.0.1:80/v2"


def test_an_unset_variable_is_named(tmp_path):
    found = problems(tmp_path, VRM + "token: 'x${TOKEN}y'}\n", {"OTHER": "abc"})
    assert found == ("line 2: meter.token: names the environment variable TOKEN, which is not set",)


def test_a_text_may_be_the_first_line_of_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "token").write_text("hunter2 \nsecond line\n", encoding="utf-8")
    assert loaded(tmp_path, VRM + "password: file:token}\n").meter[0].settings.password.reveal() == "hunter2"
    absolute = VRM + f"password: 'file: {tmp_path / 'token'}'}}\n"
    assert loaded(tmp_path, absolute).meter[0].settings.password.reveal() == "hunter2"


@pytest.mark.parametrize(
    "copied",
    ["\ufeffpäss\u200bwörd\n", "päss\u2060wörd\u200e\r\n", "\u00a0päss\u00adwörd\u00a0\n"],
    ids=["byte-order mark and zero-width space", "word joiner and direction mark", "no-break spaces and soft hyphen"],
)
def test_what_cannot_be_seen_is_no_part_of_a_secret(tmp_path, copied):
    (tmp_path / "token").write_text(copied, encoding="utf-8")
    for value, environ in (("file:token", {}), ("'${TOKEN}'", {"TOKEN": copied.strip("\ufeff\u00a0\r\n")})):
        config = loaded(tmp_path, VRM + f"password: {value}}}\n", environ)
        assert config.meter[0].settings.password.reveal() == "pässwörd"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bell").write_bytes(b"hunter\x072\n")
    (tmp_path / "folder").mkdir()
    for name, sentence in (
        ("none", "which does not exist; write the secret into it"),
        ("empty", "whose first line is empty"),
        ("bytes", "not UTF-8"),
        ("folder", "Is a directory"),
        ("bell", "holds control characters"),
        ("~nobody-of-that-name/x", "but:"),
        ('"file:a\\0b"', "but:"),
    ):
        value = name if name.startswith('"') else f"file:{name}"
        found = problems(tmp_path, VRM + f"password: {value}}}\n")
        assert "meter.password: is to be read from" in found[0]
        assert sentence in found[0]


def test_a_secret_shows_neither_in_repr_nor_in_text_nor_in_a_message(tmp_path):
    config = loaded(tmp_path, VRM + "token: hunter2, password: '${P}'}\n", {"P": "correct-horse"})
    for shown in (
        repr(config),
        str(config),
        f"{config.meter[0].settings.token}",
        str(config.meter[0].settings.password),
    ):
        assert "hunter2" not in shown
        assert "correct-horse" not in shown
    assert "(secret)" in repr(config)


def test_a_wrong_secret_shows_as_secret(tmp_path):
    for token, environ in (("hunter2 two", {}), ("${T}", {"T": "hunter2 two"})):
        found = problems(tmp_path, VRM + f"token: '{token}'}}\n", environ)
        assert found == ("line 2: meter.token: must be one word, not (secret)",)
    assert problems(tmp_path, VRM + "token: [hunter2]}\n") == ("line 2: meter.token: must be a text, not (secret)",)


def test_what_came_from_the_environment_shows_in_no_message(tmp_path):
    for setting in ("web: {listen: '${HOST}'}", "gpio: {factory: '${HOST}'}", "site: {timezone: '${HOST}'}"):
        found = problems(tmp_path, COMPLETE + setting + "\n", {"HOST": "inner.example"})
        assert "(secret)" in found[0]
        assert "inner.example" not in found[0]


def test_a_misspelt_secret_key_does_not_show_its_value(tmp_path):
    found = problems(tmp_path, VRM + "tokken: hunter2}\n")
    assert found == ("line 2: meter.tokken: is not a setting; did you mean token?",)


def test_a_token_in_the_wrong_place_is_not_repeated(tmp_path):
    token = "7f8e9d0c1b2a3948" * 4
    for text in (
        VRM.replace("installation_id: 7, ", f"installation_id: {token}}}\n"),
        COMPLETE + f"strategy: {{type: {token}}}\n",
        COMPLETE + f"tick_s: {token}\n",
    ):
        found = problems(tmp_path, text)
        assert token[:8] not in "".join(found)
        assert "a word of 64 letters and digits" in found[0]


@pytest.mark.parametrize("url", ["http://me:hunter2@portal.example/v2", "me:hunter2@portal.example"])
def test_an_address_with_a_login_is_refused_without_repeating_it(tmp_path, url):
    found = problems(tmp_path, VRM + f"base_url: '{url}'}}\n")
    assert found == (
        "line 2: meter.base_url: must not hold a login: an address shows in messages; there are other settings for it",
    )


@pytest.mark.parametrize("url", ["ftp://portal.example", "portal.example", "http://", "http://x:0/", "http://[::1"])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    found = problems(tmp_path, VRM + f"base_url: '{url}'}}\n")
    assert found == (f"line 2: meter.base_url: must be an address such as https://example.org/v2, not '{url}'",)
