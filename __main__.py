"""The component package, which Pulumi starts for programs in other languages; see `PulumiPlugin.yaml`."""

from pidshare_components.host import main

if __name__ == "__main__":
    main()
