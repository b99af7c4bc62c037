"""What is taken for a literal secret, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.literals import (
    secret_by_last_word,
    secret_by_name,
    secret_by_shape,
    secrets_in_words,
)
from pidshare_components.analysis.tree import SecretText


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "DB_PASSWORD", "dbPassword", "PGPASSWORD", "MYSQL_ROOT_PASSWORD", "DB_PASS", "api_key", "apiKey"),
        *("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "clientSecret", "PRIVATE_KEY", "requirepass", "SSH_PASSPHRASE"),
        *("masterauth", "SECRET_KEY_BASE", "PASSWORD_2", "TOKEN_OF_CI"),
    ],
)
def test_names_that_promise_a_secret(name: str) -> None:
    assert secret_by_name(name, "hunter2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "hunter2") for name in ("MODE", "COMPASS", "BYPASS_CACHE", "MONKEY", "KEYBOARD", "PUBLIC_KEY", "")),
        *((name, "x") for name in ("PASSWORD_FILE", "TOKEN_PATH", "CSRF_TOKEN_HEADER", "PASSWORD_HASH_ALGORITHM")),
        *((name, "x") for name in ("SECRET_STORE", "PASSWORD_RESET", "TOKEN_COOKIE_DOMAIN", "PASSWORD_ENCRYPTION")),
        *((name, "regcred") for name in ("TLS_SECRET", "IMAGE_PULL_SECRET", "existingSecret")),
        *((name, "100000") for name in ("OPENAI_MAX_TOKEN", "TOKEN_TTL", "TOKEN_LIMIT", "TOKEN", "PASSWORD_TIME")),
        *(
            ("TOKEN", value)
            for value in ("", " ", "$(OTHER)", "${OTHER}", "$OTHER", "{{ .Values.token }}", "/run/token")
        ),
        *(("TOKEN", value) for value in ("./token", "<token>", "[secret]", "true", "none", "42", "15m")),
        *(("TOKEN", value) for value in ("1200000", "-1", "86400000ms", "12345678", "header", "bearer", "include")),
        *(
            ("TOKEN", value)
            for value in ("***", "xxx", "...", "YOUR_PASSWORD", "your-token-here", "REPLACE_ME", "TODO")
        ),
        *(("TOKEN", value) for value in ("%PASSWORD%", "@password@", "env:DB_PASSWORD", "ENC(G6N7)", "{cipher}3a")),
        *(("TOKEN", value) for value in ("a$(OTHER)", "a${OTHER}b", "{{ .Values.x }}-suffix", "#{ENV}", "a%TOKEN%b")),
        *(("TOKEN", value) for value in ("$oidc.auth0.secret", "$my-secret:key", "$__file{/run/token}")),
        *(("TOKEN", value) for value in ("vault:secret/data/x#y", "ref+awsssm://x", "https://login.example.com/t")),
    ],
)
def test_names_and_values_that_promise_none(name: str, value: str) -> None:
    assert not secret_by_name(name, value)


@pytest.mark.parametrize("value", ["123456", "p%40ss%21", "p@ss@w", "pa$$word", "change-me-1", "correct horse battery"])
def test_values_that_may_be_a_password(value: str) -> None:
    assert secret_by_name("DB_PASSWORD", value)


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "DB_PASSWORD_2", "clientSecret", "api.key", "SECRET_KEY_BASE", "token"]
)
def test_names_that_end_with_the_word(name: str) -> None:
    assert secret_by_last_word(name, "hunter2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "hunter2") for name in ("", "1", "MODE", "TOKEN_OF_CI", "password_hint", "client.secret.created")),
        *((name, "hunter2") for name in ("token-store", "passwordKey", "TLS_SECRET", "max_token")),
        *(("password", value) for value in ("Enter your password", "Mot de passe", "Passwort, bitte!", "${PASSWORD}")),
    ],
)
def test_names_and_values_that_tell_of_something_else(name: str, value: str) -> None:
    assert not secret_by_last_word(name, value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key"),
        ("-----BEGIN PRIVATE KEY-----\\nMII", "a private key"),
        ("AKIA" + "A" * 16, "an AWS access key"),
        ("ghp_" + "a" * 36, "a GitHub token"),
        ("glpat-" + "a" * 20, "a GitLab token"),
        ("xoxb-" + "1" * 12, "a Slack token"),
        ("eyJhbGciOiJub25l.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "a JSON Web Token"),
        ("postgres://admin:hunter2@db/app", "a password in a URL"),
        ("HTTPS://admin:hun:ter2@db/app", "a password in a URL"),
        ("redis://:12345@cache", "a password in a URL"),
        ("http://a:80/ postgres://user:password@a postgres://app:%68unter2@db", "a password in a URL"),
        (SecretText(), "a secret value"),
    ],
)
def test_shapes_of_secrets(value: str, kind: str) -> None:
    assert secret_by_shape(value) == kind


@pytest.mark.parametrize(
    "value",
    [
        *("", "hunter2", "https://example.com/a", "a:b@c", "://:@"),
        *(f"postgres://u:{password}@h" for password in ("$(PW)", "<password>", "a${PW}", "{pw}", "%s", "***", "xxx")),
        *(f"postgres://{both}@h" for both in ("user:password", "DB_USER:DB_PASS", "USERNAME:password", "${U}:${PW}")),
        *("https://cdn.example.com:443/npm/vue@3/dist", "https://kubernetes.io:443/foo@bar", "http://a:80?b@c"),
        *("AKIAIOSFODNN7EXAMPLE", "grep -e '-----BEGIN PRIVATE KEY-----' a", "-----BEGIN PRIVATE KEY-----\n...\n"),
        *("http://a:80#b@c", "http://a:80,b@c", "'http://a:80','b@c'", "http://a:80;user=b@c", "<http://a:80>b@c"),
    ],
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
        (["app", "--pass-env=x", "--pass-through", "headers", "--image-pull-secret=regcred", "--token-ttl", "1h"], []),
        (["app", object(), "--password=hunter2"], [2]),
    ],
)
def test_secrets_of_a_command_line(words: list[object], places: list[int]) -> None:
    assert [index for index, _ in secrets_in_words(words)] == places


@pytest.mark.parametrize(
    "part",
    ["a-", "://a:", "://a:b", "eyJ-", "eyJaaaaaaaa.", "-----BEGIN A ", "-----BEGIN " + "A ", "gh", "word ", "$(", "0."],
)
def test_a_value_as_long_as_a_config_map_is_read_once(part: str) -> None:
    long = part * (500_000 // len(part))
    for value in (long, f"-----BEGIN {long}", f"://{long}"):
        secret_by_shape(value)
        secret_by_name("PASSWORD", value)
        secret_by_last_word("PASSWORD", value)
    secret_by_name(long, "hunter2")
    secret_by_last_word(long, "hunter2")


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_words_are_read_and_none_twice(words: list[str]) -> None:
    found = [index for index, _ in secrets_in_words([*words])]
    assert found == sorted(set(found))
