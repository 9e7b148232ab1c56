"""The command line: words typed come in, lines and exit codes go out.

Each command is a few lines that read its arguments, call the function in `commands` or `run` that does the work, and
put the answer into words (`text`, `status_text`). Nothing here switches anything. `bench` is the only file of the
package that knows the benches, and it imports them when they are called.
"""
