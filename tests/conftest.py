"""What every test may use, and a machine without keys, old clips or slow films."""

import atexit
import os
import shutil
import tempfile

from tests.kernel import clock, home
from tests.loopback.plugin import gw

for name in list(os.environ):
    if (
        name.startswith(("KLING_NB_", "KLINGAI_", "AGENTSFLARE_", "IMAROUTER_", "WIREFLOW_", "FAL_", "REPLICATE_"))
        and name != "KLING_NB_CHROMIUM"
    ):
        del os.environ[name]
# The notebooks run in kernels that inherit this: postage-stamp films, and a folder that starts empty.
os.environ["KLING_NB_SANDBOX"] = "latency=0.2 resolution=tiny"
os.environ["KLING_NB_OUTPUT"] = tempfile.mkdtemp(prefix="kling_nb-tests-")
atexit.register(shutil.rmtree, os.environ["KLING_NB_OUTPUT"], ignore_errors=True)

__all__ = ["clock", "gw", "home"]
