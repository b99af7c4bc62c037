"""Rules about containers."""

from tests.rules.parts import CLAIM, GET, Rule, adding, app, args, debug, mount, port, root, volume

RULES = {
    "container names in one list": Rule(
        args(app("a"), app("a")), {"containers[1].name": "'a' is used twice"}, args(app("a"), app("b")), api=True
    ),
    "container names across the lists": Rule(
        args(app("a"), sidecars=[app("b"), app("a")], init_containers=[app("b")]),
        {"sidecars[1].name": "'a' is used twice", "init_containers[0].name": "'b' is used twice"},
        args(app("a"), sidecars=[app("b"), app("c")], init_containers=[app("d")]),
        api=True,
    ),
    "container name of the debug sidecar": Rule(
        args(app("shell"), debug={}),
        {"debug.name": "'shell' is used twice"},
        args(app("shell"), **debug(name="s")),
        None,
    ),
    "volume names": Rule(
        args(volumes=[volume(), volume()]),
        {"volumes[1].name": "'data' is used twice"},
        args(volumes=[volume(), volume("b")]),
        api=True,
    ),
    "variables": Rule(
        args(app(env=[{"name": "A"}, {"name": "A"}])),
        {"containers[0].env[1].name": "'A' is used twice"},
        args(app(env=[{"name": "A"}]), app("b", env=[{"name": "A"}])),
        api=False,  # it takes the last one
    ),
    "port names in a container": Rule(
        args(app(ports=[port(80, name="web"), port(81, name="web")])),
        {"containers[0].ports[1].name": "'web' is used twice"},
        args(app(ports=[port(80, name="web"), port(81, name="web2")])),
        api=True,
    ),
    "port names in the pod": Rule(
        args(app(ports=[port(80, name="web")]), app("b", ports=[port(81, name="web")])),
        {"containers[1].ports[0].name": "'web' is used twice"},
        args(app(ports=[port(80, name="web")]), app("b", ports=[port(81, name="web2")])),
        api=False,  # a NetworkPolicy or Service that names the port could mean either
    ),
    "ports of the pod": Rule(
        args(app(ports=[port(80)]), app("b", ports=[port(80)])),
        {"containers[1].ports[0].container_port": "used twice"},
        args(app(ports=[port(80)]), app("b", ports=[port(80, protocol="UDP")])),
        api=False,  # but the second program could not listen: the pod has one network namespace
    ),
    "ports of the node": Rule(
        args(app(ports=[port(80, host_port=9), port(81, host_port=9)])),
        {"containers[0].ports[1].host_port": "used twice"},
        args(app(ports=[port(80, host_port=9), port(81, host_port=9, protocol="UDP")])),
        api=True,
    ),
    "ports of one address of the node": Rule(
        args(app(ports=[port(80, host_port=9, host_ip="10.0.0.1"), port(81, host_port=9, host_ip="10.0.0.1")])),
        {"containers[0].ports[1].host_port": "used twice"},
        args(app(ports=[port(80, host_port=9, host_ip="10.0.0.1"), port(81, host_port=9, host_ip="10.0.0.2")])),
        api=True,
    ),
    "a mount without its volume": Rule(
        args(app(volume_mounts=[mount("date")]), volumes=[volume()]),
        {"containers[0].volume_mounts[0].name": "no volume is named 'date'; .*data"},
        args(app(volume_mounts=[mount("data")]), volumes=[volume()]),
        api=True,
    ),
    "a mount of a sidecar without its volume": Rule(
        args(sidecars=[app("b", volume_mounts=[mount("data")])]),
        {"sidecars[0].volume_mounts[0].name": "no volume is named 'data'; .*none"},
        args(sidecars=[app("b", volume_mounts=[mount("data")])], volumes=[volume()]),
        api=True,
    ),
    "a mount of a volume that only the overrides have": Rule(
        args(app(volume_mounts=[mount("data")]), spec_overrides={"volumes": [{"name": "other", "emptyDir": {}}]}),
        {"containers[0].volume_mounts[0].name": "no volume is named 'data'; .*other"},
        args(app(volume_mounts=[mount("data")]), spec_overrides={"volumes": [{"name": "data", "emptyDir": {}}]}),
        api=True,
    ),
    "two mounts in one place": Rule(
        args(app(volume_mounts=[mount("data"), mount("b")]), volumes=[volume(), volume("b")]),
        {"containers[0].volume_mounts[1].mount_path": "used twice"},
        args(app(volume_mounts=[mount("data"), mount("b", "/b")]), volumes=[volume(), volume("b")]),
        api=True,
    ),
    "a device without its volume": Rule(
        args(app(volume_devices=[{"name": "disk", "device_path": "/dev/xvda"}]), volumes=[CLAIM | {"name": "b"}]),
        {"containers[0].volume_devices[0].name": "no volume is named 'disk'; .*b"},
        args(app(volume_devices=[{"name": "disk", "device_path": "/dev/xvda"}]), volumes=[CLAIM]),
        api=True,
    ),
    "two devices in one place": Rule(
        args(
            app(volume_devices=[{"name": name, "device_path": "/dev/xvda"} for name in ("disk", "b")]),
            volumes=[CLAIM, CLAIM | {"name": "b"}],
        ),
        {"containers[0].volume_devices[1].device_path": "used twice"},
        args(
            app(volume_devices=[{"name": name, "device_path": f"/dev/{name}"} for name in ("disk", "b")]),
            volumes=[CLAIM, CLAIM | {"name": "b"}],
        ),
        api=True,
    ),
    "a volume with two sources": Rule(
        args(volumes=[{**volume(), "secret": {"secret_name": "keys"}}]),
        {"volumes[0]": "has empty_dir and secret; write exactly one"},
        args(volumes=[volume()]),
        api=True,
    ),
    "a volume without source": Rule(
        # The API server makes it an emptyDir, which nobody asked for.
        args(volumes=[{"name": "data"}]),
        {"volumes[0]": "write exactly one"},
        args(volumes=[volume()]),
        api=False,
    ),
    "a projected source of nothing": Rule(
        args(volumes=[{"name": "data", "projected": {"sources": [{}]}}]),
        {"volumes[0].projected.sources[0]": "write exactly one"},
        args(volumes=[{"name": "data", "projected": {"sources": [{"secret": {"name": "keys"}}]}}]),
        api=False,  # it mounts an empty folder
    ),
    "a variable with value and source": Rule(
        args(app(env=[{"name": "A", "value": "x", "value_from": {"field_ref": {"field_path": "metadata.name"}}}])),
        {"containers[0].env[0]": "value and value_from; write only one"},
        args(app(env=[{"name": "A", "value_from": {"field_ref": {"field_path": "metadata.name"}}}])),
        api=True,
    ),
    "a variable from nowhere": Rule(
        args(app(env=[{"name": "A", "value_from": {}}])),
        {"containers[0].env[0].value_from": "write exactly one"},
        args(app(env=[{"name": "A", "value_from": {"secret_key_ref": {"name": "keys", "key": "a"}}}])),
        api=True,
    ),
    "variables from two sources": Rule(
        args(app(env_from=[{"secret_ref": {"name": "a"}, "config_map_ref": {"name": "b"}}])),
        {"containers[0].env_from[0]": "has secret_ref and config_map_ref; write exactly one"},
        args(app(env_from=[{"secret_ref": {"name": "a"}}, {"config_map_ref": {"name": "b"}}])),
        api=True,
    ),
    "a probe that does nothing": Rule(
        args(app(liveness_probe={"period_seconds": 5})),
        {"containers[0].liveness_probe": "write exactly one of exec, http_get"},
        args(app(liveness_probe={**GET, "period_seconds": 5})),
        api=True,
    ),
    "a startup probe that does nothing": Rule(
        args(app(startup_probe={})),
        {"containers[0].startup_probe": "write exactly one"},
        args(app(startup_probe=GET)),
        api=True,
    ),
    "a hook at the start that does two things": Rule(
        args(app(lifecycle={"post_start": {"sleep": {"seconds": 1}, "exec": {"command": ["true"]}}})),
        {"containers[0].lifecycle.post_start": "write exactly one"},
        args(app(lifecycle={"post_start": {"exec": {"command": ["true"]}}})),
        api=True,
    ),
    "a probe that does two things": Rule(
        args(app(readiness_probe={**GET, "exec": {"command": ["true"]}})),
        {"containers[0].readiness_probe": "write exactly one"},
        args(app(readiness_probe={"exec": {"command": ["true"]}})),
        api=True,
    ),
    "a hook that does nothing": Rule(
        args(app(lifecycle={"pre_stop": {}})),
        {"containers[0].lifecycle.pre_stop": "write exactly one"},
        args(app(lifecycle={"pre_stop": {"sleep": {"seconds": 1}}})),
        api=True,
    ),
    "a probe of an init container": Rule(
        args(init_containers=[app("i", readiness_probe=GET, lifecycle={"pre_stop": {"sleep": {"seconds": 1}}})]),
        {
            "init_containers[0].readiness_probe": "runs to its end.*move the container to sidecars",
            "init_containers[0].lifecycle": "runs to its end",
        },
        args(sidecars=[app("i", readiness_probe=GET, lifecycle={"pre_stop": {"sleep": {"seconds": 1}}})]),
        api=True,
    ),
    "a liveness probe that wants two successes": Rule(
        args(app(liveness_probe={**GET, "success_threshold": 2})),
        {"containers[0].liveness_probe.success_threshold": "must be 1"},
        args(app(readiness_probe={**GET, "success_threshold": 2})),
        api=True,
    ),
    "a probe of a port without that name": Rule(
        args(app(ports=[port(80, name="web")], liveness_probe={"tcp_socket": {"port": "http"}})),
        {"containers[0].liveness_probe.tcp_socket.port": "no port .*; write the number"},
        args(app(ports=[port(80, name="http")], liveness_probe={"tcp_socket": {"port": "http"}})),
        api=False,  # the kubelet finds out, and the container is restarted for ever
    ),
    "a request above its limit": Rule(
        args(
            app(resources={"requests": {"cpu": "1.5", "memory": "1Gi"}, "limits": {"cpu": "1400m", "memory": "1100M"}})
        ),
        {"containers[0].resources.requests.cpu": "more than the limit"},
        args(
            app(resources={"requests": {"cpu": "1.4", "memory": "1Gi"}, "limits": {"cpu": "1400m", "memory": "1100M"}})
        ),
        api=True,
    ),
    "a request of the debug sidecar above its limit": Rule(
        args(**debug(resources={"requests": {"memory": "65Mi"}, "limits": {"memory": "64Mi"}})),
        {"debug.resources.requests.memory": "more than the limit"},
        args(**debug(resources={"requests": {"memory": "64Mi"}, "limits": {"memory": "65Mi"}})),
        api=None,
    ),
    "an inert capability": Rule(
        args(adding("SYS_PTRACE", run_as_user=1000)),
        {"containers[0].security_context.capabilities.add": "does nothing.*; "},
        args(adding("SYS_PTRACE", run_as_user=0)),
        api=False,
    ),
    "an inert capability by the pod's user": Rule(
        args(adding("SYS_PTRACE"), security_context={"run_as_user": 1000}),
        {"containers[0].security_context.capabilities.add": "does nothing"},
        args(adding("SYS_PTRACE", run_as_user=0), security_context={"run_as_user": 1000}),
        api=False,
    ),
    "an inert capability of a container that is not root, whoever it is": Rule(
        args(adding("SYS_PTRACE", run_as_non_root=True)),
        {"containers[0].security_context.capabilities.add": "does nothing"},
        args(adding("SYS_PTRACE")),
        api=False,
    ),
    "an inert capability of a sidecar": Rule(
        args(sidecars=[{**adding("KILL", run_as_user=1), "name": "b"}]),
        {"sidecars[0].security_context.capabilities.add": "does nothing"},
        # Every capability, whoever it is.
        args(sidecars=[{**adding("KILL", run_as_user=1, privileged=True), "name": "b"}]),
        api=False,
    ),
    "an inert capability of the debug sidecar": Rule(
        args(**debug(profile="custom", security_context={"run_as_user": 1, "capabilities": {"add": ["SYS_PTRACE"]}})),
        {"debug.security_context.capabilities.add": "does nothing"},
        args(**debug(profile="custom", security_context={"run_as_user": 1, "capabilities": {"drop": ["ALL"]}})),
        api=None,
    ),
    "root that must not be": Rule(
        args(root(run_as_user=0, run_as_non_root=True)),
        {"containers[0].security_context": "run_as_non_root"},
        args(root(run_as_user=1, run_as_non_root=True)),
        api=False,  # the kubelet finds out
    ),
    "root that must not be, by the pod": Rule(
        args(security_context={"run_as_user": 0, "run_as_non_root": True}),
        {"security_context": "run_as_non_root"},
        args(root(run_as_user=1), security_context={"run_as_user": 0, "run_as_non_root": True}),
        api=False,
    ),
    "privileged without escalation": Rule(
        args(root(privileged=True, allow_privilege_escalation=False)),
        {"containers[0].security_context.allow_privilege_escalation": "cannot be false"},
        args(root(privileged=True, allow_privilege_escalation=True)),
        api=True,
    ),
    "a startup probe that wants two successes": Rule(
        args(app(startup_probe={**GET, "success_threshold": 2})),
        {"containers[0].startup_probe.success_threshold": "must be 1"},
        args(app(startup_probe={**GET, "success_threshold": 1})),
        api=True,
    ),
    "every probe of an init container": Rule(
        args(init_containers=[app("i", liveness_probe=GET, startup_probe=GET)]),
        {
            "init_containers[0].liveness_probe": "runs to its end",
            "init_containers[0].startup_probe": "runs to its end",
        },
        args(init_containers=[app("i")]),
        api=True,
    ),
    "root that must not be, against the pod": Rule(
        args(root(run_as_user=0), security_context={"run_as_non_root": True}),
        {"containers[0].security_context": "run_as_non_root"},
        args(root(run_as_user=0, run_as_non_root=False), security_context={"run_as_non_root": True}),
        api=False,
    ),
    "root of the pod that must not be here": Rule(
        args(root(run_as_non_root=True), security_context={"run_as_user": 0}),
        {"containers[0].security_context": "run_as_non_root"},
        args(root(run_as_non_root=True, run_as_user=1), security_context={"run_as_user": 0}),
        api=False,
    ),
    "SYS_ADMIN without escalation": Rule(
        args(adding("SYS_ADMIN", allow_privilege_escalation=False)),
        {"containers[0].security_context.allow_privilege_escalation": "cannot be false"},
        args(adding("SYS_PTRACE", allow_privilege_escalation=False)),
        api=False,  # it looks for the name with CAP_, which no runtime takes
    ),
    "names that are no capabilities": Rule(
        args(root(capabilities={"add": ["CAP_KILL", "CAP_ALL", "kill"], "drop": ["NONE"]})),
        {
            "containers[0].security_context.capabilities.add[0]": "write KILL$",
            "containers[0].security_context.capabilities.add[1]": "write ALL$",
            "containers[0].security_context.capabilities.add[2]": "write KILL$",
            "containers[0].security_context.capabilities.drop[0]": "write a name of capabilities",
        },
        args(root(capabilities={"add": ["KILL"], "drop": ["ALL"]})),
        api=False,  # the runtime finds out
    ),
}
