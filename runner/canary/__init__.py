"""The canary: every hour it tries the ways out that the proof calls closed, with marked harmless bytes.

A CronJob of the platform (stacks/guardrails/canary.py) starts two pods of it in the namespace `cloister-canary`: one
stands for another team's pod and listens, the other tries. What is tried is held, or it escapes, which alerts people, or
it could not be tried, which is said as a warning and never counts as held. One line each, and a last one that counts.

It has no right that lets it out, to Google and to Kubernetes alike, so anything that succeeds is a hole. Where it may
send is in its settings and nowhere else: nothing here names a place. Like the watch it is part of the runner's image and
needs the standard library only. `probe` (what a try is and what became of it) and `settings` know of nothing else; each
way out has a module: `internet`, `tunnel`, `metadata`, `buckets`, `api_server`, `node`, `peer`, `seal` (with `inside`,
the program that runs sealed); `__main__` ties them together.
"""
