"""How long `pidshare check` takes as a process of its own, from its start to its end, and how much memory.

The manifests are Deployments of 2 to 4 containers, every fourth with literal secrets, beside Roles for attaching and
ConfigMaps: a file each in a folder, and all of them in one stream. Where Checkov is installed it is given the same.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_FILES = 100
_STREAMS = (1_000, 10_000)
_IMAGES = ("nginx:1.29", "redis:8", "registry.example.com/team/app:1", "busybox:1.37")
_POD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{index}
  namespace: team-{team}
  labels: {{app: app-{index}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{index}}}
  template:
    metadata:
      labels: {{app: app-{index}}}
    spec:
      shareProcessNamespace: true
      automountServiceAccountToken: false
      securityContext:
        fsGroup: 1000
      containers:
"""
_CONTAINER = """\
      - name: container-{number}
        image: {image}
        ports:
        - containerPort: {port}
        env:
        - name: {variable}
          value: {value}
        - name: KEY
          valueFrom:
            secretKeyRef: {{name: keys, key: a}}
        securityContext:
          runAsUser: {user}
          readOnlyRootFilesystem: true
          capabilities:
            drop: ["ALL"]
        resources:
          requests: {{cpu: 10m, memory: 16Mi}}
          limits: {{memory: 64Mi}}
"""
_ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: attach-{index}
  namespace: team-{team}
rules:
- apiGroups: [""]
  resources: [pods/attach]
  verbs: [get, create]
"""
_CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{index}
  namespace: team-{team}
data:
  app.conf: |
    listen 80;
    workers {index};
"""


def documents(count: int) -> Iterator[str]:
    """Yield that many documents."""
    for index in range(count):
        turn, place = divmod(index, 5)
        if place == 0:
            yield _ROLE.format(index=turn, team=turn % 20)
        elif place == 1:
            yield _CONFIG_MAP.format(index=turn, team=turn % 20)
        else:
            yield _pod(index)


def _pod(index: int) -> str:
    is_secret = index % 4 == 0
    containers = (
        _CONTAINER.format(
            number=number,
            image=_IMAGES[(index + number) % len(_IMAGES)],
            port=8080 + number,
            user=1000 + (index + number) % 3,
            variable="DB_PASSWORD" if is_secret else "MODE",
            value="hunter2-canary" if is_secret else "fast",
        )
        for number in range(2 + index % 3)
    )
    return _POD.format(index=index, team=index % 20) + "".join(containers)


def run(command: list[str], rounds: int) -> str:
    """Return what a row says of the runs of a command: seconds and megabytes."""
    walls, cpus, most = [], [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)
        walls.append(time.perf_counter() - start)
        cpus.append(used.ru_utime + used.ru_stime)
        most = max(most, used.ru_maxrss)
    shown = "".join(f"{min(each):8.2f}{statistics.median(each):8.2f}{max(each):8.2f} " for each in (walls, cpus))
    return f"{shown}{most // 1024:7}"


def main() -> None:
    """Print a row for each program and input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs a row")
    parser.add_argument("--checkov", default=shutil.which("checkov"), help="the program (default: the one on PATH)")
    options = parser.parse_args()
    check = [str(Path(sys.executable).parent / "pidshare"), "check"]
    print(f"{'':28}{'seconds: min':>14}{'median':>8}{'max':>6}{'CPU: min':>11}{'median':>8}{'max':>6}{'MB':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "folder")
        folder.mkdir()
        for number, text in enumerate(documents(_FILES)):
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
        print(f"{f'pidshare, {_FILES} files':28}", run([*check, str(folder)], options.rounds))
        if options.checkov:
            checkov = [options.checkov, "-d", str(folder), "--framework", "kubernetes", "--compact", "--quiet"]
            print(f"{f'Checkov, {_FILES} files':28}", run(checkov, options.rounds))
        else:
            print("Checkov is not installed")
        for count in _STREAMS:
            stream = Path(name, f"{count}.yaml")
            stream.write_text("---\n".join(documents(count)), encoding="utf-8")
            print(f"{f'pidshare, {count} documents':28}", run([*check, str(stream)], options.rounds))


if __name__ == "__main__":
    main()
