"""Serving one version of a model over HTTP, inside. The init step of its pod (`pull`) lays the version out; this serves it.

This process holds no right to any data: files lie in its work directory, and the model's own command, sealed as a job's
is, answers what it is asked through pipes. Imports: runner.image, and uvicorn for HTTP.
"""
