"""The running home towards the outside: what others may see of it and ask of it, and the page that does so."""
