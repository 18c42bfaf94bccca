"""The seal: the team's command gets files and no network, no credentials and no way into the runner.

`policy` builds the system-call filter, `kernel` applies it and takes privileges away, `view` gives the command
a file system of its own outside a container, `launch` is the small process that does all of it and becomes the
command, and `child` is the runner's end.
"""
