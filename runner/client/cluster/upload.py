"""Archives on their way to the team's code bucket, where people may create and neither read nor list."""

from __future__ import annotations

import io

from runner.client.packages import digest
from runner.image.layout import package

TIMEOUT = (10, 120)  # seconds to connect, and for an answer
# What the store says to somebody who may create objects and meets one: overwriting would be deleting it.
_ONLY_OVERWRITING = "storage.objects.delete"


class NotUploaded(Exception):
    """Why an archive could not be uploaded, in one line."""


def upload(bucket: str, project: str, folder: str, archive: bytes) -> tuple[str, bool]:
    """Make sure the bucket has the archive under its digest; the digest, and whether it had to be sent.

    The name is the content's, so one that exists is this one. Raises NotUploaded.
    """
    identity = digest(archive)
    return identity, store(bucket, project, package(folder, identity), archive)


def store(bucket: str, project: str, name: str, content: bytes) -> bool:
    """Create an object whose name is its content's; whether it had to be sent. Raises NotUploaded."""
    from google.api_core.exceptions import Forbidden, GoogleAPICallError, PreconditionFailed, RetryError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import storage
    from requests.exceptions import RequestException

    try:
        blob = storage.Client(project=project).bucket(bucket).blob(name)
        blob.upload_from_file(
            io.BytesIO(content),
            size=len(content),
            content_type="application/gzip",
            checksum="crc32c",
            if_generation_match=0,
            timeout=TIMEOUT,
        )
    except PreconditionFailed:
        return False
    except Forbidden as error:
        if _ONLY_OVERWRITING in str(error):
            return False
        raise NotUploaded(
            f"you may not create objects in gs://{bucket}: are you of the team's members? ({error.message})"
        ) from None
    except GoogleAuthError as error:
        reason = " ".join(str(error).split())
        raise NotUploaded(
            f"no credentials of yours: gcloud auth application-default login ({reason})"
        ) from None
    except (GoogleAPICallError, RetryError, RequestException) as error:
        raise NotUploaded(f"could not write gs://{bucket}/{name}: {' '.join(str(error).split())}") from None
    return True
