"""What a played time says of itself, beside the same time without heating."""

from pv_heater.sim.home import Ledger
from pv_heater.sim.summary import summarise


def night(bought_wh: float) -> Ledger:
    return Ledger(
        heat_wh={},
        grid_import_wh=bought_wh,
        grid_export_wh=0.0,
        unused_wh=0.0,
        unserved_wh=0.0,
        battery_start_wh=2400.0,
        battery_end_wh=960.0,
        pv_wh=70.0,
        house_wh=2910.0,
    )


def test_a_night_of_forced_heating_says_what_it_bought() -> None:
    lines = summarise(night(2040.0), {}, name="a night", days=0.2, open_loop=False, without=night(1440.0)).as_lines()
    assert lines[-2:] == [
        "the same without heating: 0.00 kWh of sun unused, 1.44 kWh bought",
        "so heating bought 0.60 kWh more",
    ]
