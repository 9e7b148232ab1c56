"""Parsers of what services on the internet answer: VRM, forecast.solar, Open-Meteo."""

from __future__ import annotations

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.bench import fuzz_seeds as seeds
from pv_heater.bench.fuzz_parser import Parser, always, decoded, unheard
from pv_heater.core.settings import PvPlane
from pv_heater.errors import BadReply
from pv_heater.forecasts import open_meteo_answer, vrm_answer
from pv_heater.forecasts.forecast_solar import spans_of_answer
from pv_heater.forecasts.watt_hours import forecast_from_spans
from pv_heater.io.http import HttpReply, http_date, retry_after_s
from pv_heater.meters.vrm_records import reading_from_bodies

_ZONE = ZoneInfo("Europe/Vienna")
_PLANE = PvPlane(kwp=4.4, tilt_deg=37, azimuth_deg=20)


def _vrm(payload: bytes, part: str) -> object:
    """A reading, with one of the answers that it is made of damaged."""
    body = decoded(payload)
    if not isinstance(body, dict):
        raise BadReply("VRM answered no object")  # as io.vrm_api does
    bodies: dict[str, Any] = {"diagnostics": [decoded(seeds.VRM_DIAGNOSTICS[0])]} if part == "system_overview" else {}
    return reading_from_bodies({**bodies, part: [body] if part == "diagnostics" else body}, complain=unheard)


def _wait_s(payload: bytes) -> float | None:
    """What the headers Retry-After and Date, a line each, ask for."""
    wish, _, date = payload.decode("latin-1").partition("\n")  # as requests decodes headers
    reply = HttpReply(
        status=429, body=None, text="", headers={"Retry-After": wish}, server_time_at=http_date(date.strip())
    )
    return retry_after_s(reply)


def _vrm_sun(payload: bytes) -> object:
    return vrm_answer.forecast_of(decoded(payload), now=seeds.NOON, complain=unheard)


def _open_meteo(payload: bytes) -> object:
    weather = open_meteo_answer.weather_of(decoded(payload), unheard)
    return open_meteo_answer.forecast_of([(_PLANE, weather), (_PLANE, weather)], now=seeds.NOON)


def _forecast_solar(payload: bytes) -> object:
    spans = spans_of_answer(decoded(payload), _ZONE)
    return forecast_from_spans([spans, spans], issued_at=seeds.NOON, source="forecast.solar", zone=_ZONE)


SERVICE_PARSERS = {
    "http.retry_after": Parser(examples=seeds.HEADERS, new=always(_wait_s), within=(0.0, float("inf"))),
    "vrm.diagnostics": Parser(
        examples=seeds.VRM_DIAGNOSTICS, new=always(partial(_vrm, part="diagnostics")), rows=("meters/vrm",)
    ),
    "vrm.extended": Parser(
        examples=seeds.VRM_EXTENDED, new=always(partial(_vrm, part="extended")), rows=("meters/vrm",)
    ),
    "vrm.system_overview": Parser(
        examples=seeds.VRM_OVERVIEW, new=always(partial(_vrm, part="system_overview")), rows=("meters/vrm",)
    ),
    "vrm.sun_forecast": Parser(examples=seeds.VRM_SUN, new=always(_vrm_sun), rows=("forecasts/vrm",)),
    "open_meteo.answer": Parser(examples=seeds.OPEN_METEO, new=always(_open_meteo), rows=("forecasts/open_meteo",)),
    "forecast_solar.answer": Parser(
        examples=seeds.FORECAST_SOLAR, new=always(_forecast_solar), rows=("forecasts/forecast_solar",)
    ),
}
