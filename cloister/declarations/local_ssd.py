"""How many local SSDs a machine takes, where one has to say so.

Source: cloud.google.com/compute/docs/disks/local-ssd, "Choose a valid number of Local SSD disks", 2026-04-14. Machines that
bring their own (c3-standard-8-lssd, a2-ultragpu-1g, a3-highgpu-8g) have them without being asked, and are not here.
"""

from __future__ import annotations

import re
from collections.abc import Container

# By series: up to how many vCPUs, and the counts that such machines take.
_BY_VCPUS: dict[str, list[tuple[int, tuple[int, ...]]]] = {
    "n1": [(96, (1, 2, 3, 4, 5, 6, 7, 8, 16, 24))],
    "n2": [(10, (1, 2, 4, 8, 16, 24)), (20, (2, 4, 8, 16, 24)), (40, (4, 8, 16, 24)), (80, (8, 16, 24)), (128, (16, 24))],
    "n2d": [(16, (1, 2, 4, 8, 16, 24)), (48, (2, 4, 8, 16, 24)), (80, (4, 8, 16, 24)), (224, (8, 16, 24))],
    "c2": [(8, (1, 2, 4, 8)), (16, (2, 4, 8)), (30, (4, 8)), (60, (8,))],
    "c2d": [(16, (1, 2, 4, 8)), (32, (2, 4, 8)), (56, (4, 8)), (112, (8,))],
    "g2": [(16, (1,)), (24, (2,)), (32, (1,)), (48, (4,)), (96, (8,))],
    "g4": [(6, ()), (12, (1,)), (24, (2,)), (48, (4,)), (96, (8,)), (192, (16,)), (384, (32,))],
}  # fmt: skip
_BY_NAME: dict[str, tuple[int, ...]] = {
    "a2-highgpu-1g": (1, 2, 4, 8),
    "a2-highgpu-2g": (2, 4, 8),
    "a2-highgpu-4g": (4, 8),
    "a2-highgpu-8g": (8,),
    "a2-megagpu-16g": (8,),
}
SERIES = (*_BY_VCPUS, "a2")
_MACHINE = re.compile(r"([a-z0-9]+)-(?:standard|highmem|highcpu|custom)-([0-9]+)(?:-[0-9]+)?(?:-ext)?")


def counts(machine: str, gpus: Container[str] = ()) -> tuple[int, ...]:
    """The numbers of local SSDs that a machine type takes, with those GPUs attached; none where it takes none."""
    if machine in _BY_NAME:
        return _BY_NAME[machine]
    match = _MACHINE.fullmatch(machine)
    if match is None or match[1] not in _BY_VCPUS:
        return ()
    fitting = (taken for most, taken in _BY_VCPUS[match[1]] if int(match[2]) <= most)
    most_with_t4 = 16
    return tuple(n for n in next(fitting, ()) if "nvidia-tesla-t4" not in gpus or n <= most_with_t4)
