"""The command line: `reglib diagnose FILE...`."""

import sys

from reglib.doctor.command import main

if __name__ == "__main__":
    sys.exit(main())
