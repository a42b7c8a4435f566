"""The named gateways as data: a dialect, an address, the keys it wants, and its manners.

Everything that differs between two gateways of one dialect stands here, so that no other
room asks for a gateway by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kling_nb.wire import Codec

Dialect = Literal["kling", "openai-video", "wireflow", "fal", "replicate"]
Scheme = Literal["none", "bearer", "key", "kling"]
Settles = Literal["lookup", "idempotency-key", "nothing"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """One HTTP service that sells Kling.

    Attributes:
        name: What is typed after ``--gateway``.
        label: What is shown to people.
        dialect: Its wire format; picks the codec, unless there is one of its own.
        base_url: Every path of the codec is below it. No slash at the end.
        base_url_env: Environment variable that overrides ``base_url``; None if nothing does.
        keys: Alternatives, each a set of environment variables that belong together; ``()`` = no key.
        second_generation: The one of ``keys`` that the second generation of Kling's API takes; empty for a gateway
            that speaks the first one only.
        scheme: How the engine signs: not at all, the key as bearer token, ``Key`` and the key, or Kling's
            own way (an API key as bearer token, else a JSON Web Token made of access and secret key).
        prefix: Stands before every path of the dialect.
        values: Further environment variables it needs, which are no secrets.
        user_agent: For its downloads; None sends the engine's own.
        settles: What *proves* that a lost paid request was not accepted: that a look-up by our key
            finds nothing, or a repeat under the same idempotency key; with ``nothing`` a look-up may
            still find the job, but its silence proves nothing.
        per_minute: Requests it allows per minute; None if it publishes no limit.
        keeps_days: Days after which it deletes results; None if it does not say.
        parallel: Tasks it works on at once for one account; None if it publishes no limit.
        inline_images: Whether local frames may travel as base64 in the JSON body.
        numbered_shots: Lengths of shots travel as numbers in the ``kling`` dialect, not as strings.
        codec: Makes a codec of its own from the gateway and what its ``values`` hold.
    """

    name: str
    label: str
    dialect: str
    base_url: str
    base_url_env: str | None = None
    keys: tuple[tuple[str, ...], ...] = ()
    second_generation: tuple[str, ...] = ()
    scheme: Scheme = "bearer"
    prefix: str = ""
    values: tuple[str, ...] = ()
    user_agent: str | None = None
    settles: Settles = "nothing"
    per_minute: int | None = None
    keeps_days: int | None = None
    parallel: int | None = None
    inline_images: bool = True
    numbered_shots: bool = False
    codec: Callable[[Gateway, Mapping[str, str]], Codec] | None = None

    @property
    def key_names(self) -> str:
        """The key variables as they read in a sentence, such as ``A, or B and C``."""
        return ", or ".join(" and ".join(names) for names in self.keys)


BUILT_IN: tuple[Gateway, ...] = (
    Gateway(
        name="sandbox",
        label="Sandbox",
        dialect="kling",
        base_url="https://sandbox.kling-nb.invalid",  # in-process; RFC 6761: .invalid never resolves
        scheme="none",
        settles="lookup",
    ),
    Gateway(
        name="kling",
        label="Kling",
        dialect="kling",
        base_url="https://api-singapore.klingai.com",
        base_url_env="KLINGAI_BASE_URL",
        keys=(("KLINGAI_API_KEY",), ("KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY")),
        keeps_days=30,  # kling.ai/document-api, "Query task": generated videos are cleared after 30 days
        second_generation=("KLINGAI_API_KEY",),  # the same pages, "Authentication": 401 for a signed token
        scheme="kling",
        settles="lookup",  # kling.ai/document-api, "Query task (single)": also by external_task_id
    ),
    Gateway(
        name="agentsflare",
        label="AgentsFlare",
        dialect="kling",
        base_url="https://api.agentsflare.com",
        base_url_env="AGENTSFLARE_BASE_URL",
        keys=(("AGENTSFLARE_API_KEY",),),
        prefix="/klingai",  # docs.agentsflare.com/en/api-examples/kling
        numbered_shots=True,  # the same page, "Omni video"
        # A repeat after a silent look-up still carries our external_task_id, which Kling holds unique per
        # account: should the relay's look-up be blind, the second one is refused and not billed.
        settles="lookup",
    ),
    Gateway(
        name="imarouter",
        label="ImaRouter",
        dialect="openai-video",
        base_url="https://api.imarouter.com",
        base_url_env="IMAROUTER_BASE_URL",
        keys=(("IMAROUTER_API_KEY",),),
        inline_images=False,  # it fetches images by URL: a base64 image fails the task afterwards
    ),
    Gateway(
        name="wireflow",
        label="Wireflow",
        dialect="wireflow",
        base_url="https://www.wireflow.ai/api/v1",  # the bare domain redirects and loses the key
        base_url_env="WIREFLOW_BASE_URL",
        keys=(("WIREFLOW_API_KEY",),),
        values=("WIREFLOW_WORKFLOW_ID",),
        user_agent=(  # cdn.wireflow.ai answers 403 to others (wireflowINC/wireflow-skill, wf.sh)
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
        ),
        settles="idempotency-key",  # Wireflow's Kling 2.5 page: repeats within 24 h make no second video
        per_minute=10,  # wireflow.ai/docs/api/rate-limits, free plan
        inline_images=False,  # files are uploaded first
    ),
    Gateway(
        name="fal",
        label="fal.ai",
        dialect="fal",
        base_url="https://queue.fal.run",  # fal.ai/docs/inference-api/queue
        base_url_env="FAL_BASE_URL",
        keys=(("FAL_KEY",),),
        scheme="key",
    ),
    Gateway(
        name="replicate",
        label="Replicate",
        dialect="replicate",
        base_url="https://api.replicate.com",  # replicate.com/docs/reference/http
        base_url_env="REPLICATE_BASE_URL",
        keys=(("REPLICATE_API_TOKEN",),),
        per_minute=600,  # the same page, "Rate limits": for creating predictions
    ),
)
