"""One load's course from off to heating and back, and how the surplus is shared among all.

`machine.TRANSITIONS` is the whole truth about phases. In: a budget of watts, blocks of the guards, duties, the
owner's wishes. Out: a setpoint for each load with the reason that decided it. `allocator` shares by priority,
`target_power` says what one load should have, `explain` words it, `saved` carries it over a restart.
"""
