"""Where alerts reach people."""

from __future__ import annotations

from typing import Any

from stacks import cdk
from stacks.base import Stack


def notification_channels(stack: Stack) -> list[Any]:
    """The names of the stack's channels to the people whom `trusted.channels` lists.

    Google chooses a channel's name, so each stack that alerts has channels of its own.
    """
    return [
        # Alerts reach the addresses that security has declared, and no other.
        cdk.google.MonitoringNotificationChannel(
            stack.scope,
            f"channel_{index}",
            project=stack.project,
            display_name=channel.why,
            type="email",
            labels={"email_address": channel.email},
        ).name
        for index, channel in enumerate(stack.boundary.trusted.channels)
    ]
