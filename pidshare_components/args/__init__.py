"""The typed arguments: the only place where a field, its type, its bounds, its default and its description stand."""
