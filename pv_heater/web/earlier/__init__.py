"""Clients of earlier systems, which know neither this API nor a login: the same status and commands in their words.

What comes in is a request as they have always sent it; what goes out is the answer they expect, to the letter. The one
idea: a table of routes for each system, all with a `Door`, over one `EarlierHome`. Nothing is here unless the settings
name it; what only reads needs the scope `read`, what changes something a login of the page or a token.
"""
