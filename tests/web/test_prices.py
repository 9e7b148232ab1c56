"""What a kWh costs, on the first screen and step by step."""

from tests.web.rig import WebHome

HOURS = [
    {"from": "22:00", "to": "06:00", "import_per_kwh": 0.18, "export_per_kwh": 0.05},
    {"from": "06:00", "to": "20:00", "import_per_kwh": 0.31, "export_per_kwh": 0.07},
]


def test_the_price_of_now_is_in_the_status_and_null_without_a_tariff() -> None:
    house = WebHome(tariff=HOURS)
    house.tick()
    document = house.get("/api/v1/status").json
    assert document["price"] == {"import_per_kwh": 0.31, "export_per_kwh": 0.07}
    plan = document["plan"]
    assert len(plan["import_per_kwh"]) == len(plan["sun_w"])
    assert (plan["import_per_kwh"][0], plan["export_per_kwh"][0]) == (0.31, 0.07)
    assert None in plan["import_per_kwh"]
    plain = WebHome()
    plain.tick()
    document = plain.get("/api/v1/status").json
    assert (document["price"], document["plan"]["import_per_kwh"]) == (None, None)


def test_prices_are_told_step_by_step_as_far_as_they_are_known() -> None:
    house = WebHome(tariff=HOURS)
    assert house.get("/api/v1/prices").json == {"source": None, "licence": None, "prices": []}
    house.tick()
    answer = house.get("/api/v1/prices").json
    assert (answer["source"], answer["licence"]) == ("tariff", None)
    assert [row["from_at"][:16] for row in answer["prices"]][1:3] == ["2026-06-21T06:00", "2026-06-21T22:00"]
    part = house.get("/api/v1/prices?from=2026-06-21T20:30:00Z&to=2026-06-22T02:00:00Z").json["prices"]
    assert [row["import_per_kwh"] for row in part] == [0.18]
    for wrong in ("tomorrow", "2026-06-21T20:30:00", "0001-01-01T00:00:00%2B23:00"):
        assert house.get(f"/api/v1/prices?from={wrong}").status == 422
