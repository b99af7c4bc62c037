"""Hypothesis strategies: pods that are right, and values that are right or wrong of their kind."""

import string
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

# How long an example takes is a matter of the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

Tree = dict[str, Any]

_EDGES = string.ascii_lowercase + string.digits
_KEY_EDGES = string.ascii_letters + string.digits

dns_labels = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
label_keys = st.one_of(
    st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?", fullmatch=True),
    st.builds("{}.example.com/{}".format, dns_labels, dns_labels),
)
label_values = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?", fullmatch=True))
labels = st.dictionaries(label_keys, label_values, max_size=3)
images = st.sampled_from(
    [
        "nginx",
        "busybox:1.28",
        "localhost/app",
        "localhost:5000/a/b:v1.2",
        "registry.example.com/team/app:2026-08-01_rc.1",
        "app@sha256:" + "0123456789abcdef" * 4,
        "registry.example.com:443/team/app:1@sha256:" + "a" * 64,
    ]
)
ports = st.integers(1, 65535)
user_ids = st.integers(0, 2**31 - 1)
environment_names = st.text([chr(code) for code in range(32, 127) if chr(code) != "="], min_size=1, max_size=12)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["app", "80", "1e999999Ki"]),
)
"""Leaves as YAML can have them, infinity and NaN among them."""
keys = st.one_of(st.text(max_size=4), st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False))
"""Keys as YAML can have them."""
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=5,
)


paths = st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3).map(tuple)


def near(alphabet: str, *, size: int) -> st.SearchStrategy[str]:
    """Return texts that are right, almost right, or wrong at the edges, of a kind with that alphabet and length."""
    return st.one_of(
        st.text(alphabet, max_size=12),
        st.text(alphabet, min_size=size - 1, max_size=size + 1),
        st.text(max_size=6),
        st.builds(
            "{}{}".format, st.text(alphabet, min_size=1, max_size=6), st.sampled_from(["\n", " ", "é", "A", "."])
        ),
    )


near_dns_labels = near(_EDGES + "-", size=63)
near_dns_subdomains = near(_EDGES + "-.", size=253)
near_label_values = near(_KEY_EDGES + "-_.", size=63)
near_label_keys = st.one_of(
    near_label_values, st.builds("{}/{}".format, near_dns_subdomains, near_label_values), st.just("a/b/c")
)
near_port_names = near(_EDGES + "-", size=15)
near_quantities = st.one_of(
    st.from_regex(r"\+?[0-9]{1,4}(\.[0-9]{0,4})?([eE][-+]?[0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?", fullmatch=True),
    st.text("0123456789.+-eEinumkKMGTP", max_size=6),
    st.text(max_size=4),
)


@st.composite
def containers(draw: st.DrawFn, name: str, volumes: list[str], *, probes: bool = True) -> Tree:
    """Return a container, as a mapping of its fields, that may mount the volumes."""
    container: Tree = {"name": name, "image": draw(images)}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "command": st.lists(st.text(string.printable.strip(), min_size=1, max_size=6), min_size=1, max_size=2),
        "env": st.lists(
            st.fixed_dictionaries({"name": environment_names, "value": st.text(string.ascii_letters, max_size=8)}),
            max_size=3,
            unique_by=lambda var: var["name"],
        ),
        "env_from": st.lists(
            st.fixed_dictionaries({"secret_ref": st.fixed_dictionaries({"name": dns_labels})}), max_size=2
        ),
        "resources": resources(),
        "security_context": security_contexts(),
        "stdin": st.booleans(),
        "working_dir": st.just("/srv"),
    }
    if probes:
        optional["readiness_probe"] = st.fixed_dictionaries(
            {"http_get": st.fixed_dictionaries({"port": ports, "path": st.just("/healthz")})}
        )
        optional["lifecycle"] = st.just({"pre_stop": {"exec": {"command": ["true"]}}})
    for field in draw(st.lists(st.sampled_from(sorted(optional)), unique=True)):
        container[field] = draw(optional[field])
    mounted = draw(st.lists(st.sampled_from(volumes), unique=True)) if volumes else []
    if mounted:
        container["volume_mounts"] = [{"name": volume, "mount_path": f"/mnt/{volume}"} for volume in mounted]
    return container


@st.composite
def resources(draw: st.DrawFn) -> Tree:
    """Return requests that are not above their limits."""
    low, high = sorted(draw(st.tuples(st.integers(1, 4000), st.integers(1, 4000))))
    return {"requests": {"cpu": f"{low}m", "memory": f"{low}Mi"}, "limits": {"cpu": f"{high}m", "memory": f"{high}Mi"}}


@st.composite
def security_contexts(draw: st.DrawFn) -> Tree:
    """Return a container's security context without contradictions."""
    user = draw(st.one_of(st.none(), user_ids))
    context: Tree = {} if user is None else {"run_as_user": user, "run_as_group": draw(user_ids)}
    context["capabilities"] = {"drop": ["ALL"]}
    if not user:
        context["capabilities"]["add"] = draw(st.lists(st.sampled_from(["SYS_PTRACE", "KILL", "NET_BIND_SERVICE"])))
    context["read_only_root_filesystem"] = draw(st.booleans())
    return context


@st.composite
def pods(draw: st.DrawFn) -> Tree:
    """Return arguments of a pod that are right, as a mapping."""
    names = draw(st.lists(dns_labels.filter(lambda name: name != "shell"), min_size=1, max_size=4, unique=True))
    volumes = draw(st.lists(dns_labels, max_size=3, unique=True))
    sources: list[Tree] = [
        {"empty_dir": {"size_limit": "64Mi"}},
        {"config_map": {"name": "settings", "default_mode": 0o440}},
        {"secret": {"secret_name": "keys", "optional": True}},
        {"projected": {"sources": [{"service_account_token": {"path": "token", "expiration_seconds": 600}}]}},
        {"persistent_volume_claim": {"claim_name": "data"}},
    ]
    whole = [draw(containers(name, volumes)) for name in names]
    # Ports are numbered through: two containers cannot listen on one.
    for index, container in enumerate(whole):
        if draw(st.booleans()):
            container["ports"] = [{"container_port": 8000 + index, "name": f"p{index}"}]
    split = draw(st.integers(1, len(whole)))
    tree: Tree = {"containers": whole[:split]}
    rest = whole[split:]
    if rest:
        tree["sidecars"] = rest
    if volumes:
        tree["volumes"] = [{"name": name, **draw(st.sampled_from(sources))} for name in volumes]
    if draw(st.booleans()):
        tree["init_containers"] = [draw(containers("init-0", volumes, probes=False))]
    optional: dict[str, st.SearchStrategy[Any]] = {
        "labels": labels,
        "annotations": labels,
        "node_selector": labels,
        "security_context": st.fixed_dictionaries(
            {"fs_group": user_ids, "supplemental_groups": st.lists(user_ids, max_size=2)}
        ),
        "termination_grace_period_seconds": st.integers(0, 600),
        "tolerations": st.just([{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]),
        "topology_spread_constraints": st.just(
            [{"max_skew": 1, "topology_key": "zone", "when_unsatisfiable": "ScheduleAnyway"}]
        ),
        "host_aliases": st.just([{"ip": "10.0.0.1", "hostnames": ["db", "db.example.com"]}]),
        "dns_config": st.just({"options": [{"name": "ndots", "value": "2"}]}),
        "image_pull_secrets": st.just([{"name": "registry"}]),
        "enable_service_links": st.booleans(),
        "debug": debug_shells(names[:split]),
    }
    for field in draw(st.lists(st.sampled_from(sorted(optional)), unique=True)):
        tree[field] = draw(optional[field])
    return tree


def debug_shells(targets: list[str]) -> st.SearchStrategy[Tree]:
    """Return debug sidecars by the profiles that need nothing of their target."""
    return st.fixed_dictionaries(
        {"profile": st.sampled_from(["general", "baseline"])},
        optional={"target": st.sampled_from(targets), "image": images, "command": st.just(["sh"])},
    )


def samples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Return different examples, for a judge that takes many at once."""
    found: list[Any] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: Any) -> None:  # noqa: ANN401 - any value
        if value not in found:
            found.append(value)

    collect()
    return found
