"""Values of a GX device by topic -> Reading. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.io.system.log import Complain
from pv_heater.meters.charger_states import charger_word, hardest
from pv_heater.meters.plausible import MOST_V, plausible_percent
from pv_heater.victron.ac_source import ac_source, has_grid
from pv_heater.victron.mqtt.lost_devices import Doubt, is_inverter
from pv_heater.victron.mqtt.throttling import feed_in, throttled
from pv_heater.victron.mqtt.topics import CHARGERS, HAS_DC_SYSTEM, PHASES, GxValues

HEARTBEAT_S = 3.0
"""A reading is renewed at least this often."""
_STANDBY_W = 100.0
"""PV inverters draw a few watts at night; more than this below zero is a meter that counts the wrong way."""
_SOURCE = "system/0/Ac/ActiveIn/Source"
_DISCHARGING = 2
_BATTERY_WORDS = {0: "idle", 1: "charging"}


def reading_from_values(
    values: GxValues,
    *,
    taken_at: datetime,
    hung: Collection[str] = (),
    doubts: Collection[Doubt] = (),
    complain: Complain,
) -> Reading:
    """The reading that one picture holds, dated `taken_at`.

    `hung` are chargers and inverters whose values are not believed, `doubts` what is left out besides. Raises BadReply
    when there is nothing of the house in it. `complain` gets a sentence for each value left out.
    """
    chargers = [name for name in hung if name.startswith(tuple(f"{service}/" for service in CHARGERS))]
    without_inverter = Doubt.INVERTER in doubts or any(map(is_inverter, hung))
    generator_w = [values.number(f"system/0/Ac/Genset/{phase}/Power") for phase in PHASES]
    source = ac_source(values.number(_SOURCE), generator_w)
    if without_inverter and source in ("grid", "shore"):
        source = None  # its last word; a generator or no grid at all still stand against heating
    connected = _grid_connected(values, source)
    # On the battery the GX device goes on to show the grid meter's last value.
    phases = _grid_phases(values) if connected is not False and Doubt.GRID not in doubts else ()
    grid_w = None if phases is None or not phases else sum(phases)
    reading = Reading(
        taken_at=taken_at,
        source="gx_mqtt",
        pv_w=_pv_w(values, complain) if not chargers else None,
        consumption_w=None if without_inverter or Doubt.CONSUMPTION in doubts else _consumption_w(values, complain),
        grid_w=grid_w,
        grid_phase_w=phases or (),
        battery_w=_battery_w(values, in_doubt=bool(chargers) or without_inverter),
        battery_v=_battery_v(values, complain),
        battery_soc_percent=plausible_percent(
            "GX: the state of charge", values.number("system/0/Dc/Battery/Soc"), complain
        ),
        charger_state=_charger_state(values, chargers),
        pv_throttled=throttled(values, chargers),
        feed_in_allowed=feed_in(values, grid_connected=connected, grid_w=grid_w),
        grid_connected=connected,
        ac_source=source,
        dc_load_w=_dc_load_w(values, in_doubt=bool(chargers) or without_inverter),
        interval_s=HEARTBEAT_S,
    )
    if reading.consumption_w is None and reading.grid_w is None and reading.pv_w is None and reading.battery_w is None:
        raise BadReply(
            "the GX device reports none of grid, consumption, PV and battery power; right after its start that takes "
            "some seconds, later its system service is not well"
        )
    return reading


def _pv_w(values: GxValues, complain: Complain) -> float | None:
    """DC and AC coupled PV together."""
    topics = [
        f"system/0/Ac/{where}/{phase}/Power" for where in ("PvOnGrid", "PvOnOutput", "PvOnGenset") for phase in PHASES
    ]
    return _not_negative("PV power", values.sum_w(["system/0/Dc/Pv/Power", *topics]), complain)


def _consumption_w(values: GxValues, complain: Complain) -> float | None:
    topics = [f"system/0/Ac/Consumption/{phase}/Power" for phase in PHASES]
    return _not_negative("consumption", values.sum_w(topics), complain)


def _grid_phases(values: GxValues) -> tuple[float, ...] | None:
    """The phases that exist; None when one of them cannot be used."""
    told = [topic for phase in PHASES if values.is_told(topic := f"system/0/Ac/Grid/{phase}/Power")]
    found = [power_w for power_w in map(values.power_w, told) if power_w is not None]
    return tuple(found) if len(found) == len(told) else None


def _battery_w(values: GxValues, *, in_doubt: bool) -> float | None:
    """Power into the battery.

    Without battery and inverter the system shows what the chargers give; and unless a monitor of its own measures it,
    the sum holds the last word of a driver that hangs, or lacks the inverter's share.
    """
    if not values.is_told("system/0/Dc/Battery/Soc") and not values.is_told("system/0/SystemType"):
        return None
    if in_doubt and values.battery_monitor is None:
        return None
    return values.power_w("system/0/Dc/Battery/Power")


def _dc_load_w(values: GxValues, *, in_doubt: bool) -> float | None:
    """What DC loads draw, where the device is told that there are any, or measures them.

    Not measured, it is what is left over of chargers, inverter and battery: as good as the worst of them.
    """
    is_measured = any(values.is_told(topic) for _, topic in values.ending(("dcsystem",), ("/Dc/0/Power",)))
    if not is_measured and (in_doubt or values.number(HAS_DC_SYSTEM) == 0):
        return None
    return values.power_w("system/0/Dc/System/Power")


def _battery_v(values: GxValues, complain: Complain) -> float | None:
    voltage_v = values.number("system/0/Dc/Battery/Voltage")
    if voltage_v is None or 0.0 <= voltage_v <= MOST_V:
        return voltage_v
    complain(f"GX: the battery has {voltage_v:.0f} V, which cannot be; it is left out")
    return None


def _charger_state(values: GxValues, hung: Collection[str]) -> str | None:
    battery = values.number("system/0/Dc/Battery/State")
    if battery == _DISCHARGING:
        return "discharging"
    states = (
        values.number(topic)
        for device, topic in values.ending(CHARGERS, ("/State",))
        if device not in hung and topic == f"{device}/State"
    )
    word = hardest(charger_word(state) for state in states if state is not None)
    return word or (None if battery is None else _BATTERY_WORDS.get(int(battery)))


def _grid_connected(values: GxValues, source: str | None) -> bool | None:
    """From the inverter's active input; None without an inverter, which then cannot tell.

    On a generator the grid is gone as well, and so it is when the input says that nothing is connected to it.
    """
    if not has_grid(source):
        return has_grid(source)
    number = values.number(_SOURCE)
    inputs = ["system/0/Ac/In/0", "system/0/Ac/In/1"]
    links = [values.number(f"{name}/Connected") for name in inputs if values.number(f"{name}/Source") == number]
    return not links or any(link != 0 for link in links)


def _not_negative(what: str, power_w: float | None, complain: Complain) -> float | None:
    """The power, a small negative one as 0; None when it is far below, as from a meter mounted the wrong way round."""
    if power_w is None or power_w >= -_STANDBY_W:
        return None if power_w is None else max(0.0, power_w)
    complain(f"GX: {what} is {power_w:.0f} W, which cannot be below zero; is a meter the wrong way round?")
    return None
