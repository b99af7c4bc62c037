"""The shop: a web server, and a helper beside it that signals it when its configuration changes."""

import sys
from pathlib import Path

import pulumi

# The company's own package lies in this repository, and is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from company import container, debug_shell, service

from pidshare_components import ConfigMapVolumeSource, Volume

config = pulumi.Config()
debug = config.get_object("debug")

shop = service(
    "shop",
    [
        container("web", config.require("image"), port=8080, memory="512Mi", mounts={"settings": "/etc/shop"}),
        container("reloader", config.require("reloader"), memory="32Mi", mounts={"settings": "/etc/shop"}),
    ],
    team="shop",
    replicas=config.get_int("replicas") or 1,
    volumes=[Volume(name="settings", config_map=ConfigMapVolumeSource(name="shop-settings"))],
    debug=debug_shell(**debug) if debug else None,
)

pulumi.export("deployment", shop.deployment_name)
pulumi.export("findings", shop.findings)
