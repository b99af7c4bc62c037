"""Pure functions from checked arguments to plain Kubernetes objects. An Output is an opaque leaf."""
