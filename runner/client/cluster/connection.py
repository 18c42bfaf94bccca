"""The Kubernetes API of one namespace: objects as the API writes them, refusals in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from runner.client.cluster.place import Place

TIMEOUT = (5, 30)  # seconds to connect, and for an answer
FOLLOWING = (5, 150)  # for the next line: the runner says something every minute
FIELD_MANAGER = "cloister"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

WORKFLOWS = ("argoproj.io", "v1alpha1")  # Argo Workflows' group and version

Json = dict[str, Any]


class Refused(Exception):
    """Why the cluster did not do it, in one line."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class Cluster:
    """A team's namespace. Every method raises Refused."""

    def __init__(self, place: Place, context: str | None = None, kubeconfig: str | None = None) -> None:
        self._namespace = place.namespace
        self._connect = place.how_to_connect
        try:
            configured = config.new_client_from_config(kubeconfig, context)
        except (ConfigException, TypeError, OSError) as error:
            reason = " ".join(str(error).split())
            raise Refused(f"no cluster is configured here ({reason}); run: {self._connect}") from None
        self._batch = client.BatchV1Api(configured)
        self._core = client.CoreV1Api(configured)
        self._authentication = client.AuthenticationV1Api(configured)
        self._custom = client.CustomObjectsApi(configured)

    def of(self, place: Place) -> Cluster:
        """Another team's namespace over the same connection."""
        other = copy(self)
        other._namespace, other._connect = place.namespace, place.how_to_connect
        return other

    def who(self) -> str:
        """The name by which the cluster knows the caller."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self._call(lambda **how: self._authentication.create_self_subject_review(review, **how))
        return str(answer["status"]["userInfo"]["username"])

    def jobs(self) -> list[Json]:
        """Every Job of the namespace."""
        return self._list(self._batch.list_namespaced_job)

    def job(self, name: str) -> Json | None:
        return self._one(self._batch.read_namespaced_job, name)

    def create_job(self, manifest: Json, *, dry_run: bool = False) -> Json:
        """Create a Job; with `dry_run` the server only says whether it would."""
        options = {"dry_run": "All"} if dry_run else {}
        return self._call(
            lambda **how: self._batch.create_namespaced_job(self._namespace, manifest, **options, **how)
        )

    def change_job(self, name: str, change: Json) -> Json:
        """Merge `change` into a Job."""
        return self._call(
            lambda **how: self._batch.patch_namespaced_job(
                name, self._namespace, change, _content_type=MERGE, **how
            )
        )

    def cron_jobs(self) -> list[Json]:
        """Every CronJob of the namespace."""
        return self._list(self._batch.list_namespaced_cron_job)

    def apply_cron_job(self, manifest: Json, *, dry_run: bool = False) -> Json:
        """Create a CronJob or bring it to `manifest`; what the manifest does not say stays as it is."""
        options = {"dry_run": "All"} if dry_run else {}
        return self._call(
            lambda **how: self._batch.patch_namespaced_cron_job(
                manifest["metadata"]["name"],
                self._namespace,
                manifest,
                field_manager=FIELD_MANAGER,
                force=True,
                _content_type=APPLY,
                **options,
                **how,
            )
        )

    def change_cron_job(self, name: str, change: Json) -> Json:
        """Merge `change` into a CronJob."""
        return self._call(
            lambda **how: self._batch.patch_namespaced_cron_job(
                name, self._namespace, change, _content_type=MERGE, **how
            )
        )

    def delete_cron_job(self, name: str) -> None:
        """Delete a CronJob; its runs that go on do so."""
        self._call(
            lambda **how: self._batch.delete_namespaced_cron_job(
                name, self._namespace, propagation_policy="Orphan", **how
            )
        )

    def workflow_object(self, plural: str, name: str) -> Json | None:
        """One object of Argo Workflows' kinds."""
        return self._one(
            lambda name, namespace, **how: self._custom.get_namespaced_custom_object(
                *WORKFLOWS, namespace, plural, name, **how
            ),
            name,
        )

    def apply_workflow_object(self, plural: str, manifest: Json, *, dry_run: bool = False) -> Json:
        """Create an object of Argo Workflows' kinds or bring it to `manifest`, wholly."""
        options = {"dry_run": "All"} if dry_run else {}
        return self._call(
            lambda **how: self._custom.patch_namespaced_custom_object(
                *WORKFLOWS,
                self._namespace,
                plural,
                manifest["metadata"]["name"],
                manifest,
                field_manager=FIELD_MANAGER,
                force=True,
                _content_type=APPLY,
                **options,
                **how,
            )
        )

    def delete_workflow_object(self, plural: str, name: str) -> None:
        self._call(
            lambda **how: self._custom.delete_namespaced_custom_object(
                *WORKFLOWS, self._namespace, plural, name, **how
            )
        )

    def resource_quotas(self) -> list[Json]:
        """The namespace's quotas, with what is used of them."""
        return self._list(self._core.list_namespaced_resource_quota)

    def pods(self, selector: str = "") -> list[Json]:
        """Pods by label selector."""
        return self._list(self._core.list_namespaced_pod, label_selector=selector)

    def events(self, kind: str, name: str) -> list[Json]:
        """What Kubernetes says of one object, oldest first."""
        found = self._list(
            self._core.list_namespaced_event,
            field_selector=f"involvedObject.kind={kind},involvedObject.name={name}",
        )
        return sorted(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime")))

    def log(self, pod: str, **options: Any) -> Iterator[bytes]:
        """Lines of a pod's log, with the time of each before it. `options`: tail_lines, follow."""
        timeout = FOLLOWING if options.get("follow") else TIMEOUT
        with self._translated():
            response = self._core.read_namespaced_pod_log(
                pod,
                self._namespace,
                timestamps=True,
                _preload_content=False,
                _request_timeout=timeout,
                **options,
            )
            pending = b""
            try:
                for piece in response.stream(amt=None):
                    *lines, pending = (pending + piece).split(b"\n")
                    yield from lines
                if pending:
                    yield pending
            finally:
                response.release_conn()

    def _list(self, method: Callable[..., Any], **options: Any) -> list[Json]:
        items: list[Json] = self._call(lambda **how: method(self._namespace, **options, **how))["items"]
        return items

    def _one(self, method: Callable[..., Any], name: str) -> Json | None:
        try:
            return self._call(lambda **how: method(name, self._namespace, **how))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def _call(self, method: Callable[..., Any]) -> Json:
        with self._translated():
            response = method(_preload_content=False, _request_timeout=TIMEOUT)
            answer: Json = json.loads(response.data)
            return answer

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise Refused(_said(error, self._connect), int(error.status or 0)) from None
        except HTTPError as error:
            reason = " ".join(str(getattr(error, "reason", None) or error).split())
            raise Refused(
                f"the cluster does not answer ({reason}); is it the right one? {self._connect}"
            ) from None


def _said(error: ApiException, connect: str) -> str:
    """The cluster's own words, without those around them."""
    if error.status == 401:
        return f"the cluster does not know you; run: {connect}"
    try:
        message = str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        message = f"{error.status} {error.reason}"
    denied = re.search(
        r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.*)", message, re.S
    )
    if denied:
        return f"the platform refuses it: {' '.join(denied[2].split())} ({denied[1]})"
    if error.status == 403 and "exceeded quota" not in message:
        return f"you may not do this in the team's namespace: {' '.join(message.split())}"
    return " ".join(message.split())
