"""The running home as one JSON document: what page, API, metrics and every message to other systems are made from.

`home` is what they may see and ask of it, `document` has all of the first screen, `plan` what is expected until
tomorrow's sunset, `alarms` what somebody should look at; `newest` makes the document of the newest tick, and only if
somebody asks. Nothing here sends anything.
"""
