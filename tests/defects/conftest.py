"""Fixtures of the HTTP dimmer, for every test that talks to one."""

from tests.loads.dimmer import clock, running, server

__all__ = ["clock", "running", "server"]
