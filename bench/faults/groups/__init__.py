"""The faults, one module a group; `acts` has what several of them do."""
