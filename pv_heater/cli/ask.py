"""The commands that speak with a running controller."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pv_heater.cli.options import ConfigOption, JsonOption, say_result, settings_of
from pv_heater.cli.status_text import status_lines
from pv_heater.cli.text import instant, next_moment, repeat, say_lines, seconds, why_lines
from pv_heater.config.load import Config
from pv_heater.errors import Refused
from pv_heater.run.identity import who_line
from pv_heater.run.journal import KEPT_ENTRIES


def status(
    ctx: typer.Context,
    config: ConfigOption = None,
    why: Annotated[bool, typer.Option("--why", help="Also show what each decision rests on.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Again every 2 s, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the running controller is doing."""
    settings = settings_of(ctx, config)
    zone = ZoneInfo(settings.site.timezone)

    def show() -> None:
        answer = _ask(settings, {"command": "status"})
        answer["dry_run"] = answer.get("who", {}).get("dry")
        say_result(answer, as_json, [*_head(answer), *status_lines(answer, why, zone)])

    repeat(show, clear=not as_json) if follow else show()


def why(
    ctx: typer.Context,
    load: Annotated[str | None, typer.Argument(help="Only this load and the whole home.", metavar="[LOAD]")] = None,
    config: ConfigOption = None,
    last: Annotated[int, typer.Option(min=1, max=KEPT_ENTRIES, metavar="N", help="How many decisions.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show why it decided as it did.

    The last decisions that changed something: the reason, the measured values, and what would
    have changed the outcome.
    """
    settings = settings_of(ctx, config)
    answer = _ask(settings, {"command": "why", "load": load, "last": last})
    say_result(answer, as_json, [*_head(answer), *why_lines(answer, ZoneInfo(settings.site.timezone))])


def force(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    mode: Annotated[str, typer.Argument(help="on, off or auto.", metavar="MODE")],
    config: ConfigOption = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long: 90s, 30m, 1h30m; at most 7 days. Else 2h.")
    ] = None,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Until you say auto, for a load with `forced_without_end: true`.")
    ] = False,
    power: Annotated[float | None, typer.Option(metavar="WATTS", help="Else full power.")] = None,
) -> None:
    """Force a load on or off for a while.

    `auto` gives it back. Safety guards still win.
    """
    mode = mode.lower()
    if mode not in ("on", "off", "auto"):
        raise typer.BadParameter(f"the mode must be on, off or auto, not {mode!r}")
    if for_good and (duration is not None or mode == "auto"):
        raise typer.BadParameter("--for-good goes with on or off, and without --for")
    for_s = None if duration is None else seconds(duration)
    request = {"command": "force", "load": load, "mode": mode, "for_s": for_s, "power_w": power}
    _say_done(_ask(settings_of(ctx, config), {**request, "for_good": for_good}))


def boost(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    config: ConfigOption = None,
    duration: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long: 90s, 30m, 1h30m; at most 12 h.")
    ] = "2h",
    to: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Stop at this temperature; else at its target_c.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not now: 16:00, 'sat 16:00' or 2026-12-24T16:00; within a week.")
    ] = None,
) -> None:
    """Heat a load now or at a later moment, sun or not.

    Ends at the temperature, when its thermostat opens, or when the time is up. Safety guards still win.
    """
    settings = settings_of(ctx, config)
    request: dict[str, Any] = {"command": "boost", "load": load, "for_s": seconds(duration), "to_c": to}
    if at is not None:
        zone = ZoneInfo(settings.site.timezone)
        request["at"] = next_moment(at, datetime.now(zone)).isoformat()
    _say_done(_ask(settings, request))


def try_out(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    what: Annotated[str, typer.Argument(help="click, position, blink or end.", metavar="WHAT")],
    percent: Annotated[
        float | None, typer.Argument(help="With position: where the knob goes, 0 to 100.", metavar="[PERCENT]")
    ] = None,
    config: ConfigOption = None,
    duration: Annotated[str | None, typer.Option("--for", metavar="TIME", help="At most 10s; a position 60s.")] = None,
    mains_is_off: Annotated[
        bool, typer.Option("--mains-is-off", help="The heater's circuit is switched off: do not ask.")
    ] = False,
) -> None:
    """Try the wiring of a load, for seconds.

    `click` closes its contact, `position` turns the knob, `blink` switches a device on the network.
    Only while the load is off; what is tried ends by itself.
    """
    what = what.lower()
    if what == "position" and not mains_is_off:
        answer = typer.prompt("Switch the heater's circuit off at its breaker. Then type: mains is off", default="")
        if answer.strip().lower().strip(".'\"") != "mains is off":
            raise Refused("nothing was moved: the answer must be `mains is off`, or use --mains-is-off")
        mains_is_off = True
    for_s = None if duration is None else seconds(duration)
    request = {"command": "try", "load": load, "what": what, "percent": percent, "for_s": for_s}
    _say_done(_ask(settings_of(ctx, config), request | {"mains_is_off": mains_is_off, "who": "the command line"}))


def clear(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    config: ConfigOption = None,
) -> None:
    """End the latched fault of a load.

    After you have fixed its cause; also needed after `off`.
    """
    _say_done(_ask(settings_of(ctx, config), {"command": "clear", "load": load}))


def vacation(
    ctx: typer.Context,
    config: ConfigOption = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When somebody is home: 2026-12-24 or 2026-12-24T18:00.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Somebody is home now.")] = False,
) -> None:
    """Heat nothing by itself until you are back.

    Forced modes and boosts still work, and guards still win.
    """
    if (until is None) is not end:
        raise typer.BadParameter("say --until with a day or a time, or --end")
    settings = settings_of(ctx, config)
    until_at = None if until is None else instant(until, ZoneInfo(settings.site.timezone)).isoformat()
    _say_done(_ask(settings, {"command": "vacation", "until_at": until_at}))


def _ask(config: Config, request: dict[str, Any]) -> Any:
    """The running controller's answer; raises Refused with its message when it does not do it."""
    from pv_heater.commands.running import ask_running
    from pv_heater.run.state_dir import state_dir

    answer = ask_running(config.path, state_dir(config), request)
    if not answer.get("ok"):
        say_lines(_head(answer), err=True)
        raise Refused(str(answer.get("message")), answer.get("exit_code", 1))
    return answer


def _head(answer: Any) -> list[str]:
    """Whom the controller speaks for, as the first line of what is printed."""
    line = who_line(answer)
    return [] if line is None else [line]


def _say_done(answer: Any) -> None:
    say_lines([*_head(answer), str(answer["message"])])
