"""What the registry's log entries and steps are called: the client reads them by these words, without the registry."""

ROW, RECORD = "model-row", "model-record"  # events
PROMOTE, ROLLBACK = "promote", "rollback"  # actions of a step
