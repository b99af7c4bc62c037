"""The components: each registers what `manifests` built as its children, and its outputs."""
