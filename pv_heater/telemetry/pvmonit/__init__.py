"""PvMonit's files of modes and states, by which scripts of its owner see and switch its relays."""
