"""The VRM portal: its REST answers come in, `Reading`s and forecasts go out.

A reading is as old as the site's logging interval, and is dated by when the site logged it. A value much older than the
newest belongs to a device that no longer reports, and is left out (`records`). Requests are few, within the budget of
`io.net.request_budget`.
"""
