"""Credential shapes do not reach a log; ordinary text stays as it is."""

from __future__ import annotations

import pytest

from runner.image.redact import REPLACEMENT, Redactor

# Made up in the shape of each issuer's credentials; none was ever valid. Split so that scanners do not stumble.
SECRETS = [
    "ya29." + "a0AfB_byC-" * 5,
    "1//0" + "gAbCdEfGhIj-" * 4,
    "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "GOCSPX-" + "AbCdEfGhIjKlMnOpQrSt_uVw",
    "GOOG" + "1EABCDEFGHIJKLMNOP",
    "eyJ" + "hbGciOiJSUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "AKIA" + "IOSFODNN7EXAMPL2",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "A1b2C3d4E5f6G7h8I9j0K1",
    "glpat-" + "AbCdEfGhIjKlMnOpQrSt",
    "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "sk-" + "proj-AbCdEfGhIjKlMnOpQrStUvWx",
    "xoxb-" + "123456789012-AbCdEf",
]
NAMED = [
    ("Authorization: Bearer abcdef123456", "abcdef123456"),
    ('{"authorization": "Basic dXNlcjpwYXNz"}', "dXNlcjpwYXNz"),
    ('"private_key": "abcd1234efgh"', "abcd1234efgh"),
    ("password=hunter22", "hunter22"),
    ("api_key: 'k3y-k3y-k3y'", "k3y-k3y-k3y"),
    ("https://user:s3cr3t@host.example/path", "s3cr3t"),
]
ORDINARY = [
    "epoch 3 loss 0.123 accuracy 0.987",
    "the password was changed yesterday",
    "reading gs://acme-ml-prod-fakespot-data/reviews/a.jsonl#1795571385459688",
    "https://example.com:8080/path?x=1",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "tokenizer: bert-base-uncased, secret_santa",
    "-----BEGIN CERTIFICATE-----",
    "skip-connection sk-learn task-1",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "token={} next", "('{}',)", "x {}\tafter"])
def test_shapes(secret: str, frame: str) -> None:
    redactor = Redactor()
    line = redactor.line(frame.format(secret))
    assert secret not in line and secret[8:] not in line
    assert REPLACEMENT in line
    assert redactor.count >= 1


@pytest.mark.parametrize(("text", "secret"), NAMED)
def test_named(text: str, secret: str) -> None:
    line = Redactor().line(text)
    assert secret not in line and REPLACEMENT in line


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    redactor = Redactor()
    assert redactor.line(text) == text
    assert redactor.count == 0


def test_a_key_over_several_lines() -> None:
    redactor = Redactor()
    key = [
        "before -----BEGIN RSA PRIVATE KEY-----",
        "MIIEvQIBADANBg",
        "kqhkiG9w0B",
        "-----END RSA PRIVATE KEY----- after",
        "next",
    ]
    lines = [redactor.line(line) for line in key]
    text = "\n".join(lines)
    assert "MIIE" not in text and "kqhk" not in text
    assert lines[0].startswith("before ") and lines[3].endswith(" after") and lines[4] == "next"
    assert redactor.count == 1
    one = Redactor()
    assert (
        one.line(
            "-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----x -----BEGIN PRIVATE KEY-----"
        ).count("abc")
        == 0
    )
    assert one.line("still inside") == REPLACEMENT


def test_a_key_in_one_json_line() -> None:
    redactor = Redactor()
    assert "MIIE" not in redactor.line(
        r'{"k": "-----BEGIN PRIVATE KEY-----\nMIIEabc\n-----END PRIVATE KEY-----\n"}'
    )
    assert redactor.line("ordinary") == "ordinary"
