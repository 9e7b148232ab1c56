"""The one software home and its simulated clock: demo, recordings, tests and benches all use it.

In: sun and house use, made up (`weather`) or recorded (`recording_file`), and what the loads are set to. Out: readings
as a meter would give them, straight (`home`) or as late and as wrong as a real chain of devices gives them
(`real_home`), and what became of the energy (`Ledger`). No I/O but recordings; nothing waits for real time but `clock`,
where a speed is asked for.
"""
