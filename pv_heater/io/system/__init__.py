"""This machine: clocks, log, state file, worker threads, the control socket, the watchdog.

What belongs to the running controller lies in files and sockets that nobody else can have put there (`own_files`,
`peer`). What may be slow, a disk or a terminal, has a thread of its own.
"""
