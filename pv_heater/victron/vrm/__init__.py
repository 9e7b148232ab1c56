"""The VRM portal: its REST answers come in, `Reading`s and forecasts go out.

Readings of the portal are minutes old by nature; what has stood still under new stamps is not believed (`meter`).
Requests are few, with the budget of `io.net.request_budget`.
"""
