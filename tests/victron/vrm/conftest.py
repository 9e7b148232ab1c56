"""The scripted service that forecasts are fetched from plays VRM's portal as well."""

from tests.forecasts.conftest import running_service, service

__all__ = ["running_service", "service"]
