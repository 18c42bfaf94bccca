"""What runs in the container: stages inputs, runs the team's command sealed, publishes outputs.

Imports the standard library and google-cloud-storage (with the libraries it is made of) and nothing else, so
that the image stays small enough to read. Started as `python -I -m runner.image`.
"""
