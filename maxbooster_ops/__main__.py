"""`python -m maxbooster_ops` is the command `maxbooster-ops`."""

from maxbooster_ops.cli.main import main

if __name__ == "__main__":
    main()
