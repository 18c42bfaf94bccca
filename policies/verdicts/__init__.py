"""Evidence to verdicts: one status per channel, findings with identifiers, exceptions and attestations applied."""
