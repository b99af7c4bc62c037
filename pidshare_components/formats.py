"""What Kubernetes accepts as a name, a label, an image reference, a quantity, a network or a path.

Each check returns its value or raises ValueError("reason; what to write instead"). None of them quotes the value: it
may be a secret.
"""

import re
from decimal import Context, Decimal
from ipaddress import ip_network
from typing import Optional

from pidshare_components.analysis.days import day_of

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_QUANTITY = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)(?P<suffix>[eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_CRON_FIELDS = (
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    (0, 6, "sun mon tue wed thu fri sat"),
)
_CRON_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_CRON_EVERY = re.compile(r"@every ([0-9]+(\.[0-9]+)?(ms|h|m|s))+")
_PERCENTAGE = re.compile(r"[0-9]{1,3}%")
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
# The grammar of the Distribution project's reference package, which container runtimes use.
_HOST = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_REGISTRY = rf"(localhost|{_HOST}(\.{_HOST})+|{_HOST}(?=:)|\[[0-9a-fA-F:]+\])(:[0-9]+)?/"
_REPOSITORY = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
_TAG = r":[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}"
_DIGEST = r"@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})"
_IMAGE = re.compile(rf"(?P<name>({_REGISTRY})?{_REPOSITORY})({_TAG})?({_DIGEST})?")
_IMAGE_NAME_LIMIT = 255
_DNS_SUBDOMAIN_LIMIT = 253


def dns_label(value: str) -> str:
    """Check a DNS label (RFC 1123): at most 63 lower-case letters, digits and inner hyphens."""
    if not _DNS_LABEL.fullmatch(value):
        raise ValueError(
            "not a DNS label (RFC 1123); use at most 63 lower-case letters, digits and hyphens, with a letter or "
            "digit at both ends"
        )
    return value


def dns_subdomain(value: str) -> str:
    """Check a DNS subdomain (RFC 1123): labels joined by dots, at most 253 characters."""
    if not _is_dns_subdomain(value):
        raise ValueError(
            "not a DNS subdomain (RFC 1123); use at most 253 lower-case letters, digits, hyphens and dots, with a "
            "letter or digit at both ends"
        )
    return value


def _is_dns_subdomain(value: str) -> bool:
    return len(value) <= _DNS_SUBDOMAIN_LIMIT and _DNS_SUBDOMAIN.fullmatch(value) is not None


def day(value: str) -> str:
    """Check a day of the calendar: YYYY-MM-DD (RFC 3339, full-date)."""
    if day_of(value) is None:
        raise ValueError("not a day; write YYYY-MM-DD")
    return value


def schedule(value: str) -> str:
    """Check a schedule in cron's format, as CronJobs read it (github.com/robfig/cron, `ParseStandard`)."""
    if "TZ=" in value:
        raise ValueError("CronJobs take no time zone in the schedule; write it as time_zone")
    fields = value.split()
    good = len(fields) == len(_CRON_FIELDS) and all(map(_is_cron_field, fields, _CRON_FIELDS))
    if not (good or value in _CRON_WORDS or _CRON_EVERY.fullmatch(value)):
        raise ValueError(
            "not a schedule; write minute, hour, day of month, month and day of week, such as '30 4 * * 1-5', or "
            "@hourly, @daily, @weekly, @monthly, @yearly"
        )
    return value


def _is_cron_field(field: str, allowed: "tuple[int, int, str]") -> bool:
    first, last, words = allowed
    numbers = {word: first + at for at, word in enumerate(words.split())}
    for item in field.lower().split(","):
        span, slash, step = item.partition("/")
        if slash and not (step.isdecimal() and int(step) > 0):
            return False
        if span in ("*", "?"):
            continue
        ends = [numbers.get(end, int(end) if end.isascii() and end.isdecimal() else -1) for end in span.split("-", 1)]
        if not (first <= ends[0] <= ends[-1] <= last):
            return False
    return True


def time_zone(value: str) -> str:
    """Check the form of a time zone's name; which ones there are, the cluster's own database says."""
    if not _TIME_ZONE.fullmatch(value) or value.lower() == "local":
        raise ValueError("not a time zone's name; write one of the IANA database, such as Europe/Berlin or Etc/UTC")
    return value


def percentage(value: str) -> str:
    """Check a percentage of pods."""
    if not _PERCENTAGE.fullmatch(value):
        raise ValueError("not a percentage; write one such as 25%, or a number of pods without quotes")
    return value


def port_name(value: str) -> str:
    """Check a port name (IANA_SVC_NAME, RFC 6335): at most 15 lower-case letters, digits and hyphens, one letter."""
    if not _PORT_NAME.fullmatch(value):
        raise ValueError(
            "not a port name (RFC 6335); use at most 15 lower-case letters, digits and single inner hyphens, with "
            "at least one letter"
        )
    return value


def qualified_name(value: str) -> str:
    """Check the key of a label or annotation: an optional DNS subdomain and `/`, then at most 63 characters."""
    prefix, slash, name = value.rpartition("/")
    if (slash and not _is_dns_subdomain(prefix)) or not _QUALIFIED_NAME.fullmatch(name):
        raise ValueError(
            "not a label key; use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, "
            "and before it, if anything, a DNS subdomain and '/'"
        )
    return value


def label_value(value: str) -> str:
    """Check a label's value: empty, or at most 63 letters, digits, `-`, `_` and `.`."""
    if value and not _QUALIFIED_NAME.fullmatch(value):
        raise ValueError(
            "not a label value; use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
        )
    return value


def image_reference(value: str) -> str:
    """Check an image reference: `[registry/]repository[:tag][@digest]`."""
    image = _IMAGE.fullmatch(value)
    if not image or len(image["name"]) > _IMAGE_NAME_LIMIT:
        raise ValueError(
            "not an image reference; write [registry/]repository[:tag][@sha256:digest], the repository in lower case "
            "and the digest with all its 64 digits"
        )
    return value


def quantity(value: str) -> str:
    """Check a Kubernetes quantity that is not negative, such as `100m`, `1.5` or `64Mi`."""
    if not _QUANTITY.fullmatch(value):
        raise ValueError("not a quantity; write a number with an optional suffix, such as 100m, 1.5, 64Mi or 2G")
    return value


_DECIMAL_EXPONENTS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_EXPONENTS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
# Traps nothing: what is too large to hold is infinite, and compares so.
_ARITHMETIC = Context(prec=60, traps=[])


def amount(value: str) -> Optional[Decimal]:
    """Return a quantity as a number; None where it is no quantity."""
    found = _QUANTITY.fullmatch(value)
    if not found:
        return None
    suffix = found["suffix"] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix not in _BINARY_EXPONENTS:
        return _ARITHMETIC.create_decimal(value)
    number = _ARITHMETIC.create_decimal(value.removesuffix(suffix))
    if suffix in _BINARY_EXPONENTS:
        return _ARITHMETIC.multiply(number, Decimal(2 ** _BINARY_EXPONENTS[suffix]))
    return _ARITHMETIC.scaleb(number, Decimal(_DECIMAL_EXPONENTS.get(suffix, 0)))


def cidr(value: str) -> str:
    """Check an IP network in CIDR notation."""
    address, _, prefix = value.partition("/")
    try:
        # Python also reads netmasks and zones, the API server does not.
        ip_network(value if prefix.isascii() and prefix.isdigit() and "%" not in address else "")
    except ValueError:
        raise ValueError("not a network in CIDR notation; write one such as 10.0.0.0/8 or 2001:db8::/32") from None
    return value


def is_part_of(part: str, whole: str) -> bool:
    """Return whether a network is a part of another one, and not all of it. What is no network is passed over."""
    try:
        inner, outer = ip_network(cidr(part)), ip_network(cidr(whole))
    except ValueError:
        return True
    return inner.version == outer.version and inner != outer and inner.subnet_of(outer)  # type: ignore[arg-type]


def absolute_path(value: str) -> str:
    """Check an absolute path on the node or of a device: without `..`."""
    if not value.startswith("/") or ".." in value.split("/"):
        raise ValueError("not an absolute path; begin it with '/' and use no '..'")
    return value


def mount_path(value: str) -> str:
    """Check the absolute path of a mount: without `:`."""
    if not value.startswith("/") or ":" in value:
        raise ValueError("not an absolute path; begin it with '/' and use no ':'")
    return value
