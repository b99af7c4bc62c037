"""Manifests to check: Deployments of 2 to 4 containers, every fourth with literal secrets, Roles and ConfigMaps."""

from collections.abc import Iterator

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
