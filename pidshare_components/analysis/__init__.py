"""Pure functions from a plain pod spec to facts: who can act on whom, the Pod Security level, and findings."""
