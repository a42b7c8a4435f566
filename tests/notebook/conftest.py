"""One kernel for all modules of this folder that need no kernel of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .kernels import SANDBOX, Kernel, environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def one_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """The newest kernel, in a folder of its own."""
    folder = tmp_path_factory.mktemp("kernel")
    with Kernel(folder, environment(folder / "home")) as kernel:
        yield kernel.ready()


@pytest.fixture
def kernel(one_kernel: Kernel, request: pytest.FixtureRequest) -> Kernel:
    """That kernel with the extension as freshly loaded, and an output folder of this test's own."""
    folder = re.sub(r"\W+", "_", request.node.name)
    setup = (
        f"%env KLING_NB_OUTPUT={folder}",
        f"%env KLING_NB_SANDBOX={SANDBOX}",
        "_ = get_ipython().config.pop('KlingMagics', None)",  # what %config set outlives a reload
        "%reload_ext kling_nb",
    )
    assert one_kernel.run("\n".join(setup)).ok
    return one_kernel
