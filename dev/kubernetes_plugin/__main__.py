"""`python -m dev.kubernetes_plugin ADDRESS_OF_THE_ENGINE`."""

from dev.kubernetes_plugin.server import main

if __name__ == "__main__":
    main()
