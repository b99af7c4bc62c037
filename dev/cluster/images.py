"""The images of the one-node cluster, made of Debian packages and pause: no image registry is needed.

They behave like the public images whose names they have, in everything that this project deploys and tests.
"""

from __future__ import annotations

import re
from pathlib import Path

from dev.cluster import debian
from dev.cluster.errors import ClusterError, output_of
from dev.cluster.oci import Directory, File, Image, Link, Tree, write_archive

PAUSE = "localhost/pause:1"
"""The image of the sandbox: its one process is PID 1 of a shared process namespace."""

_NGINX = "docker.io/library/nginx:latest"
_NGINX_UNPRIVILEGED = "docker.io/nginxinc/nginx-unprivileged:stable"
_BUSYBOX = "docker.io/library/busybox:1.28"

_CONFIGURATION = Path(__file__).parent / "nginx"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NGINX_UID = 101
_ROOT_PASSWD = "root:x:0:0:root:/root:/bin/sh\n"  # noqa: S105 - a line of /etc/passwd
_ROOT_GROUP = "root:x:0:\n"
_LIBRARY = re.compile(r"(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


def write(path: Path, packages: Path, pause: Path) -> None:
    """Write an archive with all images. That takes less than a second, so there is no cache to go stale.

    Args:
        path: of the archive.
        packages: root directory of the unpacked Debian packages.
        pause: the program of the sandbox.

    Raises:
        ClusterError: a package lacks what an image is made of.
    """
    busybox = _busybox_tree(packages)
    nginx = {**busybox, **_nginx_tree(packages)}
    images = [
        Image(PAUSE, {"pause": File(pause.read_bytes(), 0o755)}, {"Entrypoint": ["/pause"]}),
        Image(_BUSYBOX, busybox, {"Cmd": ["sh"], "Env": [_PATH]}),
        _nginx_image(_NGINX, nginx, "nginx.conf", port=80, user=""),
        _nginx_image(_NGINX_UNPRIVILEGED, nginx, "nginx-unprivileged.conf", port=8080, user=str(_NGINX_UID)),
    ]
    write_archive(images, path)


def _busybox_tree(packages: Path) -> Tree:
    # Not busybox-static: its shell runs applets inside itself, and `ps` would show `{ps} sh` for `ps`.
    program = debian.executable(packages, "busybox")
    applets = output_of([program, "--list"]).split()
    return {
        **{f"bin/{applet}": Link("busybox") for applet in applets},
        "bin/busybox": File(program.read_bytes(), 0o755),
        **_libraries(program),
        "etc/passwd": File(_ROOT_PASSWD.encode()),
        "etc/group": File(_ROOT_GROUP.encode()),
        "home": Directory(),
        "root": Directory(0o700),
        "tmp": Directory(0o1777),
        "usr/bin/env": Link("/bin/env"),
        "var": Directory(),
    }


def _nginx_tree(packages: Path) -> Tree:
    program = debian.executable(packages, "nginx")
    mime_types = packages / "etc/nginx/mime.types"
    return {
        "usr/sbin/nginx": File(program.read_bytes(), 0o755),
        **_libraries(program),
        "etc/passwd": File(f"{_ROOT_PASSWD}nginx:x:{_NGINX_UID}:{_NGINX_UID}::/nonexistent:/bin/false\n".encode()),
        "etc/group": File(f"{_ROOT_GROUP}nginx:x:{_NGINX_UID}:\n".encode()),
        "etc/nginx/mime.types": File(mime_types.read_bytes()),
        "usr/share/nginx/html/index.html": File(b"<!DOCTYPE html>\n<title>nginx</title>\n<h1>nginx works</h1>\n"),
        "run": Directory(),
        "var/run": Link("/run"),
        "var/lib/nginx": Directory(),
        "var/log/nginx/access.log": Link("/dev/stdout"),
        "var/log/nginx/error.log": Link("/dev/stderr"),
    }


def _libraries(program: Path) -> Tree:
    """Return the shared libraries of a program: those of this machine, whose release the packages are of."""
    linked = output_of(["ldd", program])
    if "not found" in linked:
        raise ClusterError(f"{program.name} needs a library that is not installed here:\n{linked.rstrip()}")
    return {path.lstrip("/"): File(Path(path).read_bytes(), 0o755) for path in _LIBRARY.findall(linked)}


def _nginx_image(reference: str, tree: Tree, configuration: str, *, port: int, user: str) -> Image:
    server = (_CONFIGURATION / "default.conf").read_text().replace("80;", f"{port};")
    files = {
        "etc/nginx/nginx.conf": File((_CONFIGURATION / configuration).read_bytes()),
        "etc/nginx/conf.d/default.conf": File(server.encode()),
    }
    return Image(
        reference,
        {**tree, **files},
        {
            "Cmd": ["nginx", "-g", "daemon off;"],
            "Env": [_PATH],
            "ExposedPorts": {f"{port}/tcp": {}},
            "StopSignal": "SIGQUIT",
            "User": user,
        },
    )
