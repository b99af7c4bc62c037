"""All figures in one command, or those of some parts."""

import argparse
import sys

from benchmarks import check, exposure, imports, machine, overhead, render
from benchmarks.measure import BenchmarkError

_PARTS = {
    "render": render.show,
    "overhead": overhead.show,
    "imports": imports.show,
    "exposure": exposure.show,
    "check": check.show,
}


def main() -> None:
    """Print the machine and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(_PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, help="runs of each row (default: 5, and 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; choose from {', '.join(_PARTS)}")
    rounds = options.rounds or (1 if options.quick else 5)
    print(machine.describe())
    print(f"{rounds} rounds of all rows of a table in turns; the ratio is to its first row, in the same round")
    for name in options.parts or _PARTS:
        print(f"\n{name}", flush=True)
        try:
            _PARTS[name](rounds, quick=options.quick)
        except BenchmarkError as problem:
            sys.exit(f"{name}: {problem}")


if __name__ == "__main__":
    main()
