"""Which machines carry which GPU, and where Google offers it.

Machine series: "Run GPUs in GKE Standard node pools" and "GPU machine types" of Google Cloud's documentation.
Regions: skypilot-org/skypilot-catalog, catalogs/v8/gcp/vms.csv (Apache-2.0), which asks Google's API, 2026; those of
nvidia-rtx-pro-6000: cloud.google.com/compute/docs/gpus/gpu-regions-zones, 2026-02-05.
A type or a region that is new at Google's is refused until it stands here. nvidia-gb200 and nvidia-gb300 do not: their nodes
are Arm machines, and the runner's image is not for those.
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
}

# Every type of SERIES.
REGIONS = {
    type_: regions.split()
    for type_, regions in {
        "nvidia-tesla-p4": """
            asia-southeast1 australia-southeast1 europe-west4 northamerica-northeast1
            us-central1 us-east4 us-west2
        """,
        "nvidia-tesla-p100": """
            asia-east1 australia-southeast1 europe-west1 europe-west4 us-central1 us-east1
            us-west1
        """,
        "nvidia-tesla-t4": """
            asia-east1 asia-east2 asia-northeast1 asia-northeast3 asia-south1 asia-southeast1
            asia-southeast2 australia-southeast1 europe-central2 europe-west1 europe-west2
            europe-west3 europe-west4 me-west1 northamerica-northeast1 southamerica-east1
            us-central1 us-east1 us-east4 us-west1 us-west2 us-west3 us-west4
        """,
        "nvidia-tesla-v100": "asia-east1 europe-west4 us-central1 us-east1 us-west1",
        "nvidia-l4": """
            asia-east1 asia-northeast1 asia-northeast3 asia-south1 asia-southeast1 europe-west1
            europe-west2 europe-west3 europe-west4 europe-west6 me-central2
            northamerica-northeast1 northamerica-northeast2 us-central1 us-east1 us-east4
            us-west1 us-west4
        """,
        "nvidia-rtx-pro-6000": """
            asia-southeast1 asia-southeast2 europe-north1 europe-west1 europe-west2 europe-west4
            europe-west8 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west3
            us-west4
        """,
        "nvidia-tesla-a100": """
            asia-northeast1 asia-northeast3 asia-southeast1 europe-west4 me-west1 us-central1
            us-east1 us-west1 us-west3 us-west4
        """,
        "nvidia-a100-80gb": "asia-southeast1 europe-west4 us-central1 us-east4 us-east5",
        "nvidia-h100-80gb": """
            asia-east1 asia-northeast1 asia-northeast3 asia-south1 asia-south2 asia-southeast1
            australia-southeast1 europe-north1 europe-west1 europe-west2 europe-west3
            europe-west4 europe-west8 europe-west9 northamerica-northeast2 us-central1 us-east4
            us-east5 us-west1 us-west4
        """,
        "nvidia-h100-mega-80gb": """
            asia-east1 asia-northeast1 asia-southeast1 australia-southeast1 europe-north1
            europe-west1 europe-west3 europe-west4 us-central1 us-east4 us-east5 us-west1
            us-west4
        """,
        "nvidia-h200-141gb": """
            asia-south1 asia-south2 europe-west1 europe-west4 us-central1 us-east4 us-east5
            us-south1 us-west1
        """,
        "nvidia-b200": """
            asia-northeast1 asia-southeast1 europe-north1 europe-west4 us-central1 us-east1
            us-east4 us-south1 us-west2 us-west3
        """,
    }.items()
}
