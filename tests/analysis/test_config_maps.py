"""Secrets in ConfigMaps, and who can read them where they are taken to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.config_maps import Held, secret_in
from pidshare_components.analysis.rule import Severity
from pidshare_components.analysis.tree import UNKNOWN, SecretText, Tree, format_path
from tests.analysis.stack_trees import (
    APP,
    FROM,
    OTHER_USER,
    PASSWORD,
    SECRET,
    TRACER,
    certain,
    config_map,
    env,
    env_from,
    found,
    mounted,
    pod,
    projected,
    volume,
)


def with_env(*more: Tree) -> Tree:
    return {**APP, "env": [*env()["env"], *more]}


def sources(*given: Tree) -> Tree:
    return {**APP, "envFrom": [*given]}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (pod(env(), TRACER), [True]),
        (pod(env(), OTHER_USER), []),
        # Of the main process, if not of the workers.
        (pod(env(), {"name": "root", "image": "busybox:1.37"}), [True]),
        (pod(env("MODE"), TRACER), []),
        (pod(env(UNKNOWN), TRACER), [False]),
        (pod(env(name="other"), TRACER), []),
        (pod(env(name=UNKNOWN), TRACER), [False]),
        (pod(env(), TRACER, namespace="there"), []),
        (pod(env(), TRACER, namespace=""), [False]),
        (pod(env(), TRACER, shareProcessNamespace=UNKNOWN), [False]),
        (pod(env(), {"name": "b", "image": "registry.example.com/b"}), [False]),
        (pod(env_from(), TRACER), [True]),
        # A variable of env wins over one from a ConfigMap.
        (pod({**env_from(), "env": [{"name": "DB_PASSWORD", "value": ""}]}, TRACER), []),
        (pod({**env_from(prefix="A_"), "env": [{"name": "DB_PASSWORD", "value": ""}]}, TRACER), [True]),
        (pod({**env_from(prefix="A_"), "env": [{"name": "A_DB_PASSWORD", "value": ""}]}, TRACER), []),
        (pod({**env_from(prefix=UNKNOWN), "env": [{"name": "A", "value": ""}]}, TRACER), [False]),
        (pod({**env_from(), "env": [{"name": UNKNOWN, "value": ""}]}, TRACER), [False]),
        (pod({**env_from(), "env": UNKNOWN}, TRACER), [False]),
        # Of variables of the same name the last one wins.
        (pod(with_env({"name": "PASSWORD", "value": "x"}), TRACER), []),
        (pod(with_env({"name": "OTHER", "value": "x"}), TRACER), [True]),
        (pod(with_env({"name": UNKNOWN, "value": "x"}), TRACER), [False]),
        (pod({**APP, "env": [{"name": "PASSWORD", "value": "x"}, *env()["env"]]}, TRACER), [True]),
        # A later source may have the same key.
        (pod(sources(FROM, {"secretRef": {"name": "s"}}), TRACER), [False]),
        (pod(sources({"secretRef": {"name": "s"}}, FROM), TRACER), [True]),
        (pod(sources(FROM, {"configMapRef": {"name": "other"}}), TRACER), [False]),
        (pod(sources(FROM, FROM), TRACER), [True]),
        (pod(sources(FROM, {"secretRef": {"name": "s"}, "prefix": "DB_"}), TRACER), [False]),
        (pod(sources(FROM, {"secretRef": {"name": "s"}, "prefix": "S_"}), TRACER), [True]),
        (pod(sources({**FROM, "prefix": "S_"}, {"secretRef": {"name": "s"}}), TRACER), [False]),
        (pod(sources({**FROM, "prefix": "A_"}, {"secretRef": {"name": "s"}, "prefix": "S_"}), TRACER), [True]),
        (pod(sources(FROM, {"secretRef": {"name": "s"}, "prefix": UNKNOWN}), TRACER), [False]),
        # Who has it itself needs no other's.
        (pod(env(), {**TRACER, "envFrom": [FROM]}), []),
        (pod(env(), {**TRACER, "envFrom": [{"configMapRef": {"name": UNKNOWN}}]}), [False]),
        (pod(env_from(), {**TRACER, "env": env("MODE")["env"]}), [True]),
        (pod(mounted(), TRACER, volumes=volume()), [True]),
        (pod(mounted(), OTHER_USER, volumes=volume()), []),
        (pod(mounted(), TRACER, volumes=projected()), [True]),
        (pod(APP, TRACER, volumes=volume()), []),
        (pod(mounted(), TRACER, volumes=volume(items=[{"key": "MODE", "path": "mode"}])), []),
        (pod(mounted(), TRACER, volumes=volume(items=[{"key": "DB_PASSWORD", "path": "a/b"}])), [True]),
        (pod(mounted(subPath="a"), TRACER, volumes=volume(items=[{"key": "DB_PASSWORD", "path": "a/b"}])), [True]),
        (pod(mounted(subPath="b"), TRACER, volumes=volume(items=[{"key": "DB_PASSWORD", "path": "a/b"}])), []),
        (pod(mounted(subPath="DB_PASSWORD"), TRACER, volumes=volume()), [True]),
        (pod(mounted(subPath="MODE"), TRACER, volumes=volume()), []),
        (pod(mounted(subPath=UNKNOWN), TRACER, volumes=volume(items=[{"key": "MODE", "path": "a"}])), [False]),
        (pod(mounted(subPathExpr="$(NAME)"), TRACER, volumes=volume()), [False]),
        (pod(mounted(), TRACER, volumes=volume(items=UNKNOWN)), [False]),
        (pod(mounted(), TRACER, volumes=volume(defaultMode=UNKNOWN)), [False]),
        # The files are root's, and so is the reader.
        (pod(mounted(), TRACER, volumes=volume(defaultMode=0o400)), [True]),
    ],
)
def test_which_secret_of_a_config_map_is_within_reach(tree: Tree, expected: list[bool]) -> None:
    findings = found("secret-in-config-map", tree, SECRET)
    assert [each.certain for each in findings] == expected
    for finding in findings:
        assert format_path(finding.path) == "data.DB_PASSWORD"
        assert finding.severity is (Severity.HIGH if finding.certain else Severity.MEDIUM)
        assert "hunter2" not in f"{finding.message} {finding.fix}"


@pytest.mark.parametrize(
    ("mode", "own_mode", "reads"),
    [(None, None, True), (0o440, None, False), (0o444, None, True), (0o444, 0o400, False), (0o400, 0o444, True)],
)
def test_the_mode_of_the_files_keeps_another_user_out(mode: int | None, own_mode: int | None, reads: bool) -> None:
    items = None if own_mode is None else [{"key": "DB_PASSWORD", "path": "a", "mode": own_mode}]
    own = {"runAsUser": 101, "runAsGroup": 101, "allowPrivilegeEscalation": False}
    app = {**mounted(), "securityContext": own}
    reader = {**OTHER_USER, "securityContext": {**own, "capabilities": {"drop": ["ALL"]}}}
    tree = pod(app, reader, volumes=volume(defaultMode=mode, items=items))
    assert bool(found("secret-in-config-map", tree, SECRET)) is reads


def test_the_message_tells_who_and_how() -> None:
    (finding,) = found("secret-in-config-map", pod(env(), TRACER), pod(env(), TRACER, name="db"), SECRET)
    assert finding.message == (
        "DB_PASSWORD of ConfigMap 'settings' holds a literal secret: 'app' of Pod 'web' has it in its environment, "
        "which 'tracer' can read through /proc/PID/environ, and so on in 1 more place"
    )


def test_a_config_map_of_a_name_that_is_not_known_may_be_any() -> None:
    assert certain("secret-in-config-map", pod(env(), TRACER), config_map(PASSWORD, UNKNOWN)) == [False]
    assert certain("secret-in-config-map", pod(TRACER), config_map(PASSWORD, UNKNOWN)) == []


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("DB_PASSWORD", "hunter2", "a literal secret"),
        ("DB_PASSWORD", "hunter2\n", "a literal secret"),
        ("DB_PASSWORD", "12345678", "a literal secret"),
        ("spring.datasource.password", "changeit", "a literal secret"),
        ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIIE\n", "a private key"),
        ("run.sh", f"export A={'AKIA' + 'A' * 16}\n", "an AWS access key"),
        ("app.conf", "# eyJhbGciOiJub25l.eyJzdWIiOiJhIn0.c2lnbmF0dXJl\n", "a JSON Web Token"),
        ("url", "postgres://app:hunter2@db/app", "a password in a URL"),
        ("app.yaml", "# the database\nurl: postgres://app:hunter2@db/app\n", "a password in a URL"),
        ("URL", SecretText(), "a secret value"),
    ],
)
def test_what_is_a_secret(key: str, value: str, what: str) -> None:
    assert secret_in(key, value) == Held(what, certain=True)


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("app.properties", "spring.datasource.password=changeit\n", "spring.datasource.password"),
        ("app.properties", "db.user=app\ndb.password = P@ssw0rd!\r\n", "db.password"),
        ("app.properties", "stripe.api.key=a$b&c#d;e\n", "stripe.api.key"),
        ("app.yaml", "db:\n  user: app\n  password: 'hunter2'  # change me\n", "password"),
        ("app.yaml", 'oauth:\n  client_secret: "abc123def"\n', "client_secret"),
        ("app.env", "export DB_PASSWORD=hunter2\n", "DB_PASSWORD"),
        ("app.ini", "[db]\napi_key = hunter2;\n", "api_key"),
        ("app.json", '{\n  "apiToken": "hunter2",\n}', "apiToken"),
        ("app.json", '{"user":"a","password":"hunter2"}', "password"),
        ("app.json", '{"users": [{"name": "a", "clientSecret": "hunter 2"}]}', "clientSecret"),
        ("app.json", '{"ConnectionStrings": {"Main": "Server=db;Password=hunter2;"}}', "Password"),
        ("redis.conf", "port 6379\nrequirepass foobared\n", "requirepass"),
        ("redis.conf", "replicaof redis 6379\nmasterauth x\n", "masterauth"),
        ("fluent.conf", "<match **>\n  user fluent\n  password hunter2\n</match>\n", "password"),
        ("fluent-bit.conf", "[OUTPUT]\n    HTTP_Passwd  hunter2\n", "HTTP_Passwd"),
        ("settings.xml", "<server>\n  <password>hunter2</password>\n</server>\n", "password"),
        ("JDBC_URL", "jdbc:mysql://db/app?user=app&password=hunter2", "password"),
        ("app.conf", f"{'a' * 50}_token = hunter2\n", f"{'a' * 40}…"),
    ],
)
def test_what_looks_like_a_secret_in_a_file(key: str, value: str, name: str) -> None:
    assert secret_in(key, value) == Held(f"what may be a secret, the value of {name}", certain=False)


# Lines of files as they are in use; a value may stand alone, too.
ORDINARY = {
    "postgresql.conf": ["password_encryption = scram-sha-256", "password = password"],
    "grafana.ini": ["password_hint = password"],
    "realm.json": ['"actionTokenGeneratedByUserLifespan": 300000', '"client.secret.creation.time": "1650000000"'],
    "app.properties": [
        *("xpack.security.authc.token.timeout: 1200000", "delegation.token.expiry.time.ms=86400000"),
        *("jwt.token-validity=86400000", "logger.token.level=DEBUG", "login.password.label=Passwort"),
        *("password_hashing_module = x", "proxy_pass = backend", "token = 86400000", "db.password="),
    ],
    "app.yaml": [
        *("token_endpoint_auth_method: client_secret_basic", "existingSecret: my-secret", "tokenStore: redis"),
        *("secret_backend: vault", "csrfToken: header", "credentials: include", "pass_through: headers"),
        *("pass-env = x", "imagePullSecret: regcred", "tlsSecret: my-tls", "passwordSecret: db"),
        *("passwordKey: admin-password", "password: |", "tokens: []", "secret:", "password: !vault x"),
        *("password: *anchor", "# password: hunter2", "mode: fast  # password: hunter2"),
        *("# e.g. postgres://app:hunter2@host/db", "mode: fast # postgres://app:hunter2@host/db"),
        *("url: https://cdn.example.com:443/npm/vue@3/dist", "url: https://example.com?password=${PASSWORD}"),
        *('password: "***"', "password: YOUR_PASSWORD", 'password: "%PASSWORD%"', "password: @password@"),
        *("clientSecret: $oidc.auth0.clientSecret", "password: $__file{/run/password}"),
        *("password: env:DB_PASSWORD", 'password: "{{ .Values.x }}-suffix"', "password: {{ .Values.x }}"),
    ],
    "messages": ['"enterPassword": "Enter your password",', "password = Enter your password", "password reset now"],
    # Code that no extension tells of.
    "code": [
        *("password: String", "password: String!", "password: str", "token: string", "password=settings.DB_PASSWORD,"),
        *("password: process.env.DB_PASS,", "password = var.db_password", 'PASSWORD="prefix$(cat /x)"'),
        *("password = read(path)", "token = settings.token", "PASSWORD=${PASSWORD}", "if password == x:", "token==x"),
    ],
    "nginx.conf": ["server {", "  listen 80;", "  proxy_pass backend;", "}"],
    "pam.conf": ["password required pam_unix.so", "password required"],
    "pom.xml": ["<password>${env.PASSWORD}</password>", "<passwordFile>x</passwordFile>", "<password></password>"],
}


@pytest.mark.parametrize(("key", "line"), [(key, line) for key, lines in ORDINARY.items() for line in lines])
def test_ordinary_lines_of_files_are_none(key: str, line: str) -> None:
    assert secret_in(key, line) is None
    assert secret_in(key, f"mode: fast\n{line}\nmore: 1\n") is None


@pytest.mark.parametrize(
    "extension", ["py", "js", "ts", "lua", "sh", "graphql", "html", "ftl", "md", "txt", "tpl", "TXT"]
)
def test_what_a_program_or_a_text_calls_a_password_is_none(extension: str) -> None:
    assert secret_in(f"a.{extension}", 'a = 1\npassword = "hunter2"\n') is None
    assert secret_in(f"a.{extension}", "a = 1\npostgres://app:hunter2@db\n") == Held(
        "a password in a URL", certain=True
    )


def test_a_name_that_may_be_anything_is_not_told() -> None:
    assert secret_in("app.json", json.dumps({"hunter2 is my password": "hunter3", "a\npassword": "hunter2"})) is None


def test_neither_is_what_a_script_does() -> None:
    assert secret_in("run", "#!/bin/sh\nPASSWORD=hunter2\n") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, "hunter2") for key in ("TLS_SECRET", "IMAGE_PULL_SECRET", "SECRET_STORE", "PASSWORD_RESET", "MODE")),
        *((key, "hunter2") for key in ("TOKEN_COOKIE_DOMAIN", "password-file", "DB_PASSWORD_FILE")),
        *((key, "x: 1") for key in ("password-policy.json", "change-password.ftl", "session-token.lua")),
        *(("DB_PASSWORD", value) for value in ("$(OTHER)", "", "***", "/run/secret", "Enter your password")),
        ("get-token.sh", "#!/bin/sh\nexec curl https://example.com\n"),
    ],
)
def test_keys_and_values_that_are_none(key: str, value: str) -> None:
    assert secret_in(key, value) is None


def test_what_only_looks_like_a_secret_is_never_certain() -> None:
    settings = config_map({"DB_PASSWORD": "first: 1\npassword: hunter2\n"})
    (finding,) = found("secret-in-config-map", pod(env(), TRACER), settings)
    assert (finding.certain, finding.severity) == (False, Severity.MEDIUM)
    assert finding.message == (
        "DB_PASSWORD of ConfigMap 'settings' holds what may be a secret, the value of password: 'app' of Pod 'web' has "
        "it in its environment, which 'tracer' can read through /proc/PID/environ"
    )


@pytest.mark.parametrize(
    "part",
    [
        "a-",
        "a: ",
        " ",
        "\t#",
        "- ",
        "a:b ",
        'a:"',
        "<a>",
        "?password",
        "\r",
        "{",
        "[",
        '{"a":',
        "password\t",
        ";;",
        "--",
    ],
)
def test_a_value_as_long_as_a_config_map_is_read_once(part: str) -> None:
    long = part * (500_000 // len(part))
    for value in (long, f"password: {long}x", f"password{long}", f" {long}:", f'a: "b"{long}x', f"password x{long}y z"):
        secret_in("app.conf", value)
        secret_in("app.conf", f"\n{value}\n")


@given(st.sampled_from(["password", "db.token", "apiKey"]), st.text(min_size=1), st.sampled_from("=: \t"))
def test_no_value_is_told(name: str, value: str, sign: str) -> None:
    mark = "Zq7xW9"
    for key in (name, "app.conf"):
        for text in (
            f"{name}{sign}{mark}{value}",
            f"a\n{name}{sign}'{mark}{value}'\n",
            json.dumps({name: mark, value: mark}),
        ):
            held = secret_in(key, text)
            assert held is None or mark not in held.what
