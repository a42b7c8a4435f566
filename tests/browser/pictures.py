"""Make all pictures of the README and the pages anew.

    python tests/browser/pictures.py --out .github/pictures

First clip, grid, panel, board, comparison and the moving picture, each from the real thing in JupyterLab; about
ten minutes. The scripts that it runs can be run one by one.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Run by hand this file is in no package; ours is found from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import moving_pictures, panel_pictures, screenshots

if __name__ == "__main__":
    for make in (screenshots.main, panel_pictures.main, moving_pictures.main):
        make()
