"""The real loop on simulated time: recordings and simulated days, with a summary at the end."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve

from pv_heater.config import Config, TypedSettings
from pv_heater.controller import Controller
from pv_heater.core.settings import LoadPolicy
from pv_heater.core.types import Forecast
from pv_heater.errors import ConfigError
from pv_heater.forecasts.clear_sky import ClearSky
from pv_heater.io.clock import SystemClock
from pv_heater.live import StopSignals, policies
from pv_heater.loop import Loop
from pv_heater.outputs import Outputs
from pv_heater.ports import Feed, Tools
from pv_heater.report import TransitionLog
