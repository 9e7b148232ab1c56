"""The program while it runs: what others bring comes in, setpoints and log lines go out, once a tick.

The one idea: a single thread decides and switches. Readings, forecasts and temperatures are fetched by workers and
left in `Latest`; the loop takes what is there, asks the controller, hands each load its setpoint, and waits until the
next change is due or somebody wakes it. Nobody who is slow or broken outside can hold it up.
"""
