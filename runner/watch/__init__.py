"""The watch: what became of every schedule, one log line each, so that a start that never came is seen.

A weekly job that does not start leaves nothing behind that an alert could stand on, and Cloud Monitoring sees an absence
for a day at most. So a CronJob of the platform (stacks/guardrails/watch.py) starts this program every ten minutes in the
namespace `cloister-system`. It reads what the teams declare and what Kubernetes says of their CronJobs, and writes a
record for each schedule; metrics and alerts stand on those records (stacks/foundation/metrics.py).

It is part of the runner's image, so that the platform publishes and attests one image, and like the runner it needs
little: the standard library, and the Kubernetes API with the pod's own token. Layers, each ignorant of those after it:
`cron` (when a schedule is due), `judge` (what became of it), `api` (the Kubernetes API), `teams`, `__main__`.
"""
