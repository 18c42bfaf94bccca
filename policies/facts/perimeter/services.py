"""Google services that hold or move data, and which of them VPC Service Controls can restrict.

Catalogue API-07.
"""

from __future__ import annotations

from cloister.declarations.perimeter_services import SUPPORTED

# What carries no data of its own: control planes that only configure the project, and key checks.
_NO_DATA = (
    "accessapproval accesscontextintelligence autoscaling binaryauthorization certificatemanager cloudquotas cloudresourcemanager "
    "dns essentialcontacts iam iamcredentials iap licensemanager managedidentities meshca meshconfig networkconnectivity "
    "networkmanagement networksecurity networkservices orgpolicy oslogin policysimulator policytroubleshooter "
    "privilegedaccessmanager publicca recaptchaenterprise recommender servicecontrol servicehealth servicenetworking serviceusage "
    "sts trafficdirector webrisk"
)
DATA_BEARING = SUPPORTED - frozenset(f"{name}.googleapis.com" for name in _NO_DATA.split())

# Services that hold or move data and that VPC Service Controls cannot restrict.
UNSUPPORTED = frozenset(
    {
        "appengine.googleapis.com", "cloudidentity.googleapis.com", "drive.googleapis.com", "sheets.googleapis.com",
        "gmail.googleapis.com", "firebase.googleapis.com", "firebasestorage.googleapis.com", "fcm.googleapis.com",
        "sourcerepo.googleapis.com", "deploymentmanager.googleapis.com", "cloudshell.googleapis.com",
        "people.googleapis.com", "calendar-json.googleapis.com", "youtube.googleapis.com",
    }
)  # fmt: skip

# What API-01 is about: the services by which bytes are handed to somebody else's project.
MOVERS = frozenset(
    f"{name}.googleapis.com" for name in ("storage", "artifactregistry", "pubsub", "bigquery", "logging")
)
