"""Credential shapes are taken out of whatever the team's command prints, before it reaches a log."""

from __future__ import annotations

import re

REPLACEMENT = "[redacted]"

# What a credential looks like, by issuer. Each is a prefix or a frame no ordinary text has.
_SHAPES = re.compile(
    "|".join(
        f"(?:{shape})"
        for shape in (
            r"ya29\.[\w.-]{20,}",  # Google OAuth access token
            r"\b1//0[\w-]{30,}",  # Google OAuth refresh token
            r"\bAIza[\w-]{35}",  # Google API key
            r"\bGOCSPX-[\w-]{20,}",  # Google OAuth client secret
            r"\bGOOG[\w]{10,}",  # Cloud Storage HMAC key id
            r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",  # JSON Web Token
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS access key id
            r"\bgh[opsur]_[A-Za-z0-9]{36,}",  # GitHub token
            r"\bgithub_pat_\w{22,}",  # GitHub fine-grained token
            r"\bglpat-[\w-]{20,}",  # GitLab token
            r"\bhf_[A-Za-z0-9]{30,}",  # Hugging Face token
            r"\bsk-[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic and Stripe style secret key
            r"\bxox[abeoprs]-[\w-]{10,}",  # Slack token
            r"\bpypi-[\w-]{50,}",  # PyPI token
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
        )
    )
)
# What names a credential: the name stays, the value goes.
_NAMED = re.compile(
    r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)\s+"
    r"|\"private_key(?:_id)?\"\s*:\s*\""
    r"|\b(?:password|passwd|secret|api_?key|access_?token|client_secret)[\"']?\s*[:=]\s*[\"']?)"
    r"[^\s\"',;]{4,}"
    r"|(://[^\s/:@]*:)[^\s/@]+(?=@)"
)
_BEGIN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


class Redactor:
    """Redacts one stream line by line; a private key printed over several lines is one secret."""

    def __init__(self) -> None:
        self._inside_key = False
        self.count = 0  # secrets taken out so far

    def line(self, text: str) -> str:
        """The line as it may be logged."""
        if self._inside_key:
            end = _END.search(text)
            if end is None:
                return REPLACEMENT
            self._inside_key = False
            text = REPLACEMENT + text[end.end() :]
        begins = [match.end() for match in _BEGIN.finditer(text)]
        if begins and _END.search(text, begins[-1]) is None:
            self._inside_key = True
        text, shapes = _SHAPES.subn(REPLACEMENT, text)
        text, named = _NAMED.subn(lambda match: (match[1] or match[2]) + REPLACEMENT, text)
        self.count += shapes + named
        return text
