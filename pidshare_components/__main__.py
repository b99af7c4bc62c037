"""The `pidshare` command: `python -m pidshare_components`."""

import sys

_NOT_INSTALLED = 2


def main() -> None:
    """Run the command line; exit with 2 where its library is not installed."""
    try:
        from pidshare_components.cli import app  # noqa: PLC0415 - says what to install instead of a traceback
    except ModuleNotFoundError as missing:
        if missing.name != "typer":
            raise
        print("pidshare: typer is not installed; run: pip install 'pidshare_components[cli]'", file=sys.stderr)
        sys.exit(_NOT_INSTALLED)
    app()


if __name__ == "__main__":
    main()
