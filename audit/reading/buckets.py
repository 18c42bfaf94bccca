"""The project's buckets as Cloud Storage tells them: settings and, where the caller may, who is granted what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from requests.exceptions import RequestException

from audit.model import Json, Reading
from policies.snapshot.model import Input, InputError


def read_buckets(project: str) -> Reading:
    """Every bucket of the project, with its IAM policy under ``iamPolicy``. Raises ``InputError`` where there is no answer.

    A bucket whose policy cannot be read narrows the reading by name.
    """
    when = datetime.now(UTC).isoformat(timespec="seconds")
    items: list[Json] = []
    unread: list[str] = []
    try:
        client = storage.Client(project=project)
        for bucket in client.list_buckets(projection="full"):
            item: Json = dict(bucket._properties)
            try:
                policy = bucket.get_iam_policy(requested_policy_version=3)
                item["iamPolicy"] = {
                    "bindings": [
                        {**binding, "members": sorted(binding["members"])} for binding in policy.bindings
                    ]
                }
            except GoogleAPIError:
                unread.append(bucket.name)
            items.append(item)
    except GoogleAuthError as error:
        raise InputError(
            f"Cloud Storage: no credentials ({' '.join(str(error).split())[:200]}); run: gcloud auth application-default login"
        ) from None
    except (GoogleAPIError, RequestException, OSError) as error:
        raise InputError(f"Cloud Storage: {' '.join(str(error).split())[:200]}") from None
    digest = sha256(json.dumps(items, sort_keys=True, default=str).encode()).hexdigest()
    narrowed = f"the IAM policies of {', '.join(sorted(unread))} could not be read" if unread else ""
    return Reading(
        "buckets", Input(f"gs:// of {project}", digest), tuple(items), when, f"projects/{project}", narrowed
    )
