"""What is taken for a literal secret, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.literals import secret_by_name, secret_by_shape, secrets_in_words
from pidshare_components.analysis.tree import SecretText


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "DB_PASSWORD", "dbPassword", "PGPASSWORD", "MYSQL_ROOT_PASSWORD", "DB_PASS", "api_key", "apiKey"),
        *("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "clientSecret", "PRIVATE_KEY", "requirepass", "SSH_PASSPHRASE"),
    ],
)
def test_names_that_promise_a_secret(name: str) -> None:
    assert secret_by_name(name, "hunter2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "hunter2") for name in ("MODE", "COMPASS", "BYPASS_CACHE", "MONKEY", "KEYBOARD", "PUBLIC_KEY", "")),
        *((name, "x") for name in ("PASSWORD_FILE", "TOKEN_PATH", "CSRF_TOKEN_HEADER", "PASSWORD_HASH_ALGORITHM")),
        *((name, "100000") for name in ("OPENAI_MAX_TOKEN", "TOKEN_TTL", "TOKEN_LIMIT")),
        *(
            ("TOKEN", value)
            for value in ("", " ", "$(OTHER)", "${OTHER}", "$OTHER", "{{ .Values.token }}", "/run/token")
        ),
        *(("TOKEN", value) for value in ("./token", "<token>", "[secret]", "true", "none", "42", "15m")),
        *(("TOKEN", value) for value in ("vault:secret/data/x#y", "ref+awsssm://x", "https://login.example.com/t")),
    ],
)
def test_names_and_values_that_promise_none(name: str, value: str) -> None:
    assert not secret_by_name(name, value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"),
        ("AKIA" + "A" * 16, "an AWS access key"),
        ("ghp_" + "a" * 36, "a GitHub token"),
        ("glpat-" + "a" * 20, "a GitLab token"),
        ("xoxb-" + "1" * 12, "a Slack token"),
        ("eyJhbGciOiJub25l.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "a JSON Web Token"),
        ("postgres://admin:hunter2@db/app", "a password in a URL"),
        ("HTTPS://admin:hun/ter2@db/app", "a password in a URL"),
        (SecretText(), "a secret value"),
    ],
)
def test_shapes_of_secrets(value: str, kind: str) -> None:
    assert secret_by_shape(value) == kind


@pytest.mark.parametrize(
    "value",
    ["", "hunter2", "https://example.com/a", "postgres://u:$(PW)@h", "postgres://u:<password>@h", "a:b@c", "://:@"],
)
def test_shapes_of_none(value: str) -> None:
    assert secret_by_shape(value) is None


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (["app", "--password=hunter2"], [1]),
        (["app", "--password", "hunter2"], [2]),
        (["app", "--token", "secret-1=2"], [2]),
        (["app", "PASSWORD=hunter2"], [1]),
        (["app", "--password", "--verbose"], []),
        (["app", "--password-file", "/run/p", "--mode", "fast"], []),
        (["app", "--token=file:///run/token"], []),
        (["app", object(), "--password=hunter2"], [2]),
    ],
)
def test_secrets_of_a_command_line(words: list[object], places: list[int]) -> None:
    assert [index for index, _ in secrets_in_words(words)] == places


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_words_are_read_and_none_twice(words: list[str]) -> None:
    found = [index for index, _ in secrets_in_words([*words])]
    assert found == sorted(set(found))
