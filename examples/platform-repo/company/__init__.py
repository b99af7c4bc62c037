"""What every service of the company has alike, so that a stack says only what is its own."""

from company.service import CONTAINER_USER, container, debug_shell, service

__all__ = ["CONTAINER_USER", "container", "debug_shell", "service"]
