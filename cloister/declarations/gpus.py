"""Which machines carry which GPU, and where Google offers it.

Machine series: "Run GPUs in GKE Standard node pools" and "GPU machine types" of Google Cloud's documentation.
A pool's GPU is one of these; a new one of Google's is added here.
Regions: skypilot-org/skypilot-catalog, catalogs/v8/gcp/vms.csv (Apache-2.0), 2026. A GPU whose regions are not in
that table is not checked against it.
"""

from __future__ import annotations

SERIES = {
    "nvidia-tesla-p4": "n1",
    "nvidia-tesla-p100": "n1",
    "nvidia-tesla-t4": "n1",
    "nvidia-tesla-v100": "n1",
    "nvidia-l4": "g2",
    "nvidia-rtx-pro-6000": "g4",
    "nvidia-tesla-a100": "a2",
    "nvidia-a100-80gb": "a2",
    "nvidia-h100-80gb": "a3",
    "nvidia-h100-mega-80gb": "a3",
    "nvidia-h200-141gb": "a3",
    "nvidia-b200": "a4",
    "nvidia-gb200": "a4x",
    "nvidia-gb300": "a4x",
}

REGIONS = {
    "nvidia-l4": [
        "asia-east1",
        "asia-northeast1",
        "asia-northeast3",
        "asia-south1",
        "asia-southeast1",
        "europe-west1",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west6",
        "me-central2",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-west1",
        "us-west4",
    ],
    "nvidia-tesla-a100": [
        "asia-northeast1",
        "asia-northeast3",
        "asia-southeast1",
        "europe-west4",
        "me-west1",
        "us-central1",
        "us-east1",
        "us-west1",
        "us-west3",
        "us-west4",
    ],
    "nvidia-a100-80gb": ["asia-southeast1", "europe-west4", "us-central1", "us-east4", "us-east5"],
    "nvidia-tesla-p100": [
        "asia-east1",
        "australia-southeast1",
        "europe-west1",
        "europe-west4",
        "us-central1",
        "us-east1",
        "us-west1",
    ],
    "nvidia-tesla-p4": [
        "asia-southeast1",
        "australia-southeast1",
        "europe-west4",
        "northamerica-northeast1",
        "us-central1",
        "us-east4",
        "us-west2",
    ],
}
