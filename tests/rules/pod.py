"""Rules about the pod, its debug sidecar and the access to it."""

from tests.rules.parts import Rule, app, args, debug, ingress, root

# Where labels, annotations and selectors are.
LABELS = (
    "labels",
    "annotations",
    "node_selector",
    "topology_spread_constraints[0].label_selector.match_labels",
    "network.ingress[0].peers[0].pods",
    "network.egress[0].peers[0].namespaces",
)
RULES = {
    "a debug sidecar that targets no container": Rule(
        args(app("a"), sidecars=[app("b")], init_containers=[app("c")], **debug(target="c")),
        {"debug.target": "named 'c'; write one of a, b"},
        args(app("a"), sidecars=[app("b")], init_containers=[app("c")], **debug(target="b")),
        api=None,
    ),
    "a debug sidecar of its own making without saying how": Rule(
        args(**debug(profile="custom")),
        {"debug.security_context": "custom"},
        args(**debug(profile="custom", security_context={})),
        api=None,
    ),
    "a debug sidecar of a profile and of its own making": Rule(
        args(**debug(profile="general", security_context={})),
        {"debug.security_context": "custom"},
        args(**debug(profile="general")),
        api=None,
    ),
    "a debug sidecar as a user nobody named": Rule(
        args(root(run_as_group=1), **debug(profile="same-uid")),
        {"containers[0].security_context.run_as_user": "same-uid takes it over"},
        args(root(run_as_group=1), security_context={"run_as_user": 1}, **debug(profile="same-uid")),
        api=None,
    ),
    "a restricted debug sidecar as root": Rule(
        args(root(run_as_user=0, run_as_group=0), **debug(profile="restricted")),
        {"debug.profile": "forbids root"},
        args(root(run_as_user=0, run_as_group=0), **debug(profile="same-uid")),
        api=None,
    ),
    "a debug sidecar that hangs on attach": Rule(
        args(**debug(command=["/bin/sleep", "infinity"])),
        {"debug.command": "attach would hang; write a shell"},
        args(**debug(command=["/bin/sh", "-c", "sleep 1; exec sh"])),
        api=None,
    ),
    "a peer that is pods and a network": Rule(
        args(**ingress({"pods": {}, "cidr": "10.0.0.0/8"})),
        {"network.ingress[0].peers[0]": "write cidr, or pods"},
        args(**ingress({"pods": {}}, {"cidr": "10.0.0.0/8"})),
        api=None,
    ),
    "a peer that is nobody": Rule(
        args(**ingress({})), {"network.ingress[0].peers[0]": "write cidr, or pods"}, args(**ingress({"pods": {}})), None
    ),
    "a rule for a list of nobody": Rule(
        # To Kubernetes an empty list is everybody.
        args(network={"ingress": [{"peers": []}], "egress": [{"ports": []}]}),
        {"network.ingress[0].peers": "everybody|anybody", "network.egress[0].ports": "every port"},
        args(network={"ingress": [{}], "egress": []}),
        api=None,
    ),
    "an exception of no network": Rule(
        args(**ingress({"pods": {}, "except_cidrs": ["10.1.0.0/16"]})),
        {"network.ingress[0].peers[0].except_cidrs": "write cidr"},
        args(**ingress({"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16"]})),
        api=None,
    ),
    "an exception outside of the network": Rule(
        args(**ingress({"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16", "11.0.0.0/16"]})),
        {"network.ingress[0].peers[0].except_cidrs[1]": "; "},
        args(**ingress({"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16"]})),
        api=None,
    ),
    "a range that ends before it begins": Rule(
        args(**ingress(ports=[{"port": 90, "end_port": 80}])),
        {"network.ingress[0].ports[0].end_port": "ends no range"},
        args(**ingress(ports=[{"port": 80, "end_port": 90}])),
        api=None,
    ),
    "a range that begins at a name": Rule(
        args(**ingress(ports=[{"port": "web", "end_port": 80}])),
        {"network.ingress[0].ports[0].end_port": "ends no range"},
        args(**ingress(ports=[{"port": 80, "end_port": 80}])),
        api=None,
    ),
    "a user with a namespace": Rule(
        args(attach={"subjects": [{"kind": "User", "name": "ann", "namespace": "team"}]}),
        {"attach.subjects[0].namespace": "leave it out"},
        args(attach={"subjects": [{"kind": "ServiceAccount", "name": "ann", "namespace": "team"}]}),
        api=None,
    ),
    "the label of the NetworkPolicy": Rule(
        args(labels={"pidshare-components/pod": "mine"}),
        {'labels["pidshare-components/pod"]': "write another key"},
        args(labels={"pidshare-components/other": "mine"}),
        api=None,
    ),
    "the node's process namespace": Rule(
        args(spec_overrides={"hostPID": True}),
        {"spec_overrides.hostPID": "shareProcessNamespace; leave it out"},
        args(spec_overrides={"hostIPC": True}),
        api=True,
    ),
    "no shared process namespace": Rule(
        args(spec_overrides={"shareProcessNamespace": False}),
        {"spec_overrides.shareProcessNamespace": "use a plain Pod"},
        args(spec_overrides={"shareProcessNamespace": True}),
        api=None,
    ),
    "a debug sidecar as the user of a sidecar that nobody named": Rule(
        args(sidecars=[{**root(run_as_user=1), "name": "b"}], **debug(profile="same-uid", target="b")),
        {"sidecars[0].security_context.run_as_group": "same-uid takes it over"},
        args(sidecars=[{**root(run_as_user=1, run_as_group=1), "name": "b"}], **debug(profile="same-uid", target="b")),
        api=None,
    ),
    "a peer that is namespaces and a network": Rule(
        args(**ingress({"namespaces": {}, "cidr": "10.0.0.0/8"})),
        {"network.ingress[0].peers[0]": "write cidr, or pods"},
        args(**ingress({"namespaces": {}})),
        api=None,
    ),
    "a group with a namespace": Rule(
        args(attach={"subjects": [{"kind": "Group", "name": "team", "namespace": "team"}]}),
        {"attach.subjects[0].namespace": "leave it out"},
        args(attach={"subjects": [{"kind": "Group", "name": "team"}]}),
        api=None,
    ),
    "keys of labels, wherever they are": Rule(
        args(
            labels={"a b": "x"},
            annotations={"a b": "x"},
            node_selector={"a b": "x"},
            topology_spread_constraints=[
                {
                    "max_skew": 1,
                    "topology_key": "zone",
                    "when_unsatisfiable": "DoNotSchedule",
                    "label_selector": {"match_labels": {"a b": "x"}},
                }
            ],
            network={
                "ingress": [{"peers": [{"pods": {"a b": "x"}}]}],
                "egress": [{"peers": [{"namespaces": {"a b": "x"}}]}],
            },
        ),
        dict.fromkeys(LABELS, "'a b' is not a label key; use"),
        args(labels={"a_b": "x"}, annotations={"a_b": "x"}, node_selector={"a_b": "x"}),
        api=None,
    ),
}
