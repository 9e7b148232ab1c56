"""Who may do what by way of the page: a password, sessions of browsers, tokens of programs, and the gate itself.

What comes in is a `Call` and the `Scope` that its route declares; what goes out is a refusal or nothing. The one idea:
whatever is missing, damaged or unknown means no access. Nothing here can be turned back into a password or a token: the
state folder holds scrypt and SHA-256 of them.
"""
