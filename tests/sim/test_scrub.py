"""Nothing personal survives in a recording of raw answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pv_heater.sim.recording_writer import GONE, scrub
from pv_heater.victron.vrm.records import reading_from_bodies
from tests.vrm_server import charger_record, record

AT_S = 1_780_000_000
PERSONAL = (
    "Casa Marta",
    "marta@example.org",
    "HQ2034ABCDE",
    "d41243aabb66",
    "151734",
    "4417",
    "44.7155",
    "15.4412",
    "10.230.13.130",
    "+43 664 1234567",
    "Marta's boiler",
    "Holiday house",
    "1010 Wien",
)


def bodies() -> dict[str, Any]:
    """One poll of a home whose owner has left traces everywhere."""
    values = {"bs": 81.5, "bp": 520, "bv": "52.1", "g1": -100.5, "a1": "900", "Pdc": 1520, "bst": 1}
    records = [record(code, value, timestamp=AT_S) for code, value in values.items()]
    records += [
        record("lt", 44.7155, timestamp=None, path="/Position/Latitude", formatted="44.7155 LAT"),
        record("lg", 15.4412, timestamp=None, path="/Position/Longitude", formatted="15.4412 LNG"),
        record("sn", "HQ2034ABCDE", timestamp=AT_S, path="/Serial"),
        record("cn", "Marta's boiler", timestamp=AT_S, path="/CustomName"),
        record("xx", "1010 Wien", timestamp=AT_S, path="/Settings/Other"),
        charger_record("ScS", 3, instance=289, timestamp=AT_S, path="/State"),
    ]
    for item in records:
        item["idSite"] = 151734
    return {
        "diagnostics": [{"success": True, "records": records, "num_records": len(records)}],
        "system_overview": {
            "records": {
                "devices": [
                    {
                        "name": "Gateway",
                        "customName": "Holiday house",
                        "idSite": 151734,
                        "productName": "Cerbo GX",
                        "machineSerialNumber": "HQ2034ABCDE",
                        "identifier": "d41243aabb66",
                        "remoteOnLan": "10.230.13.130",
                        "loggingInterval": 60,
                    }
                ]
            }
        },
        "extended": None,
        "user": {
            "id": 4417,
            "name": "Casa Marta",
            "email": "marta@example.org",
            "phonenumber": "+43 664 1234567",
            "latitude": 44.7155,
            "longitude": 15.4412,
            "geofence": {"lat": 44.7155, "lng": 15.4412, "radius": 10},
            "notes": "key of d41243aabb66 is under the mat",
        },
        "installations/151734/alarms": {"owner": {"marta@example.org": True}},
    }


def test_nothing_personal_survives() -> None:
    text = json.dumps(scrub(bodies()))
    assert [item for item in PERSONAL if item in text] == []


def test_the_reading_is_the_same_before_and_after() -> None:
    before, after = reading_from_bodies(bodies()), reading_from_bodies(scrub(bodies()))
    assert after == before
    assert before.battery_soc_percent == 81.5
    assert before.taken_at == datetime.fromtimestamp(AT_S, UTC)


def test_numbers_codes_units_and_timestamps_stay() -> None:
    first = scrub(bodies())["diagnostics"][0]["records"][0]
    assert first["code"] == "bs"
    assert first["rawValue"] == 81.5
    assert first["timestamp"] == AT_S
    assert first["formatWithUnit"] == "%.1F %%"
    assert first["dbusPath"] == "/Dc/Battery/Soc"
    assert first["instance"] == 0


def test_a_measured_text_stays_and_a_typed_one_goes() -> None:
    scrubbed = scrub({"a": {"formattedValue": "-249 W"}, "b": {"rawValue": "12.5"}, "c": {"rawValue": "Hauptstr. 5"}})
    assert scrubbed == {"a": {"formattedValue": "-249 W"}, "b": {"rawValue": "12.5"}, "c": {"rawValue": GONE}}


def test_a_word_of_an_enumeration_stays_where_its_list_stands_beside_it() -> None:
    item = {"code": "ScS", "rawValue": "Bulk", "dataAttributeEnumValues": [{"nameEnum": "Bulk", "valueEnum": 3}]}
    assert scrub(item) == item


def test_the_original_is_left_alone() -> None:
    original = bodies()
    scrub(original)
    assert original == bodies()
