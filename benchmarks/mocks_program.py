"""The same resources written raw, run with the mocks of Pulumi's own SDK: prints the objects that it registers."""

import sys
from typing import Any, NoReturn, Optional

import pulumi
import yaml

from benchmarks.workloads import raw


class Recorder(pulumi.runtime.Mocks):
    """Keeps the objects, and gives them the names that the provider would.

    Attributes:
        objects: the objects so far.
    """

    def __init__(self) -> None:
        self.objects: list[dict[str, Any]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[Optional[str], dict[Any, Any]]:
        """Keep an object and answer with it."""
        metadata = {"name": args.name, "namespace": "default", **(args.inputs.get("metadata") or {})}
        answer = {**args.inputs, "metadata": metadata}
        self.objects.append(answer)
        return f"default/{args.name}", answer

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        """Refuse a function: none is called."""
        raise NotImplementedError(args.token)


def main() -> None:
    """Print the objects of a number of workloads."""
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder)

    def program() -> None:
        for number in range(int(sys.argv[1])):
            raw(f"web-{number:04}")

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    yaml.dump_all(recorder.objects, sys.stdout, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


if __name__ == "__main__":
    main()
