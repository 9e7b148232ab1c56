"""The page and the JSON API: what the running home looks like from a browser, and how it is asked for something.

Handlers are given a `Call` and give an `Answer` (`web.calls`); which path and which scope belong to whom stands in
tables of `Route`. Nothing here opens a socket, waits for the loop, or is called by it: see `status.home.Home`.
"""
