"""``python -m kling_nb``: how to begin, and whether this machine is ready for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kling_nb.doctor import examine
from kling_nb.lab import Lab

USAGE = """\
In a notebook:   %load_ext kling_nb
                 %%kling fox --model kling-v2-6 --duration 5
                 A red fox trots through fresh snow
In a script:     import kling_nb as kling; print(kling.submit("A red fox", duration=5).wait().path)
Every option:    %kling help      The sandbox for other clients:  python -m kling_nb.sandbox --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the usage and the doctor's report; 1 if something has to be mended."""
    parser = argparse.ArgumentParser(prog="python -m kling_nb", description=__doc__)
    parser.add_argument("--offline", action="store_true", help="ask no gateway, although a key is set")
    asked = parser.parse_args(argv)
    report = examine(Lab(), offline=asked.offline)
    sys.stdout.write(f"{USAGE}\n{report!r}\n")
    return int(report.bad)


if __name__ == "__main__":
    sys.exit(main())
