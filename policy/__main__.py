"""The policy pack: every rule of the library as a policy. `pulumi preview --policy-pack policy` asks them all."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# `pulumi install` reads requirements.txt alone, so the library of this checkout need not be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pidshare_components.policy import policies

# What is known of images that the library knows nothing of: `image-facts.yaml` beside this file, if there is one.
facts = Path(__file__).with_name("image-facts.yaml")
PolicyPack("pidshare", policies(image_facts=facts if facts.is_file() else None))
