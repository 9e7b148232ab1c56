"""`check` asks those who are told, and tells them nothing."""

from pv_heater import load_config
from pv_heater.commands.check import check_all
from tests.builders import config
from tests.http_server import ScriptedServer


def test_each_who_is_told_has_a_line() -> None:
    with ScriptedServer() as server:
        server.answers["list.json"] = []
        rows = [
            {"type": "emoncms", "url": server.url, "apikey": "key"},
            {"type": "emoncms", "url": "http://127.0.0.1:9", "apikey": "key"},
        ]
        report = check_all(load_config(config(publish=rows)))
    told = {finding.what: (finding.says, finding.exit_code) for finding in report.findings}
    assert told["publish emoncms"] == ("answers, and knows 0 inputs", 0)
    assert told["publish emoncms_2"] == ("Emoncms cannot be reached at 127.0.0.1:9: Connection refused", 5)
    assert server.requests == ["GET /input/list.json"]
