"""The ``openai-video`` dialect: one path for every video, as ImaRouter and new-api relays speak it.

Source: ImaRouter's page of the Kling family, doc.imarouter.com/openapi/en.yaml, and QuantumNous/new-api
(``dto/openai_video.go``, ``relay/channel/task/kling/adaptor.go``), which ImaRouter's answers look like.
Kling's own fields travel in ``metadata``, except for models that the catalogue lists with a closed
schema there. Nothing finds a task by a key of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.catalog import offer, wire_name
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.words import flag
from kling_nb.gateways.digging import dig, identifier, message, number, segment, share, text, web_url
from kling_nb.gateways.fields import (
    camera_control,
    dynamic_masks,
    given,
    on_off,
    only_links,
    overlay,
    picture,
    stop_on_error,
    uncarried,
    yes_no,
)
from kling_nb.gateways.refusals import is_fine, refusal
from kling_nb.gateways.waits import pause
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.wire import Answer, Ask, Balance, Charge, Flow, Order, Output, TaskState, Ticket

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import VideoRequest

_PATH = "/v1/videos"
_BALANCE = "/api/usage/token/user-balance"  # doc.imarouter.com/openapi/en.yaml
_MODERATED = "1301"  # Kling's own code, which relays pass on
_SECONDS_WHEN_THROTTLED = 5.0  # no limit is published; live clients look every 3 to 5 s

_DOCUMENTED = frozenset({"mode", "aspect", "duration", "image", "tail"})

# Keys of new-api's own Kling payload, over which a plain relay lays the metadata, and `sound`, which
# later relays know; any other key would be lost there without a word.
_UNDOCUMENTED = {
    "negative": "negative_prompt",
    "cfg": "cfg_scale",
    "sound": "sound",
    "camera": "camera_control",
    "mask": "static_mask",
    "masks": "dynamic_masks",
}
_CLOSED = frozenset({"mode", "aspect", "duration", "sound", "image", "tail", "images", "video", "refer", "keep_sound"})

# In the order of what the sources agree on most: ImaRouter's page and new-api, ImaRouter's other
# families, the page's second and third guess, then what live clients met.
_PLACES: tuple[tuple[str | int, ...], ...] = (
    ("metadata", "url"),
    ("results",),
    ("video",),
    ("video_url",),
    ("output",),
    ("url",),
    ("data", "url"),
    ("result_url",),
)


def _open_body(request: VideoRequest, model: str) -> dict[str, Any]:
    metadata = given(
        mode=request.mode,
        image_tail=picture(request.tail),
        negative_prompt=request.negative,
        cfg_scale=request.cfg,
        sound=on_off(switch=request.sound),
        camera_control=camera_control(request.camera),
        static_mask=picture(request.mask),
        dynamic_masks=dynamic_masks(request.masks),
    )
    return given(
        model=model,
        prompt=request.prompt,
        duration=request.duration,
        size=request.aspect,  # this family's "size" is the aspect ratio, not pixels
        image=picture(request.image),
        metadata=metadata or None,
    )


def _closed_body(request: VideoRequest, model: str) -> dict[str, Any]:
    # en.yaml, kling-v3-omni-video: additionalProperties is false, so no metadata and no size. It takes one of
    # image, images, image_list and one of video_url, video_list, and does not say what the lists hold:
    # what Kling's own omni-video page says, wherever the plain form has no room.
    return given(
        model=model,
        prompt=request.prompt,
        duration=request.duration,
        aspect_ratio=request.aspect,
        mode=request.mode,
        sound=on_off(switch=request.sound),
        **_closed_pictures(request),
        **_closed_video(request),
    )


def _closed_pictures(request: VideoRequest) -> dict[str, Any]:
    first, last = picture(request.image), picture(request.tail)
    references = [picture(frame) for frame in request.images]
    if not (references or last):
        return given(image=first)
    if references and not (first or last):
        return {"images": references}
    frames = ((first, "first_frame"), (last, "end_frame"))
    return {
        "image_list": [{"image_url": reference} for reference in references]
        + [{"image_url": frame, "type": kind} for frame, kind in frames if frame]
    }


def _closed_video(request: VideoRequest) -> dict[str, Any]:
    if request.video is None:
        return {}
    how = given(refer_type=request.refer, keep_original_sound=yes_no(switch=request.keep_sound))
    url = request.video.url
    return {"video_list": [{"video_url": url} | how]} if how else {"video_url": url}


class OpenAIVideoCodec:
    """Asks and polls on ``/v1/videos``; reads the answers of ImaRouter and of both new-api routes."""

    dialect = "openai-video"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What has no place here, local frames where URLs are wanted, and fields that nobody documents here."""
        label = self._gateway.label
        closed = self._is_closed(request)
        found = [*uncarried(request, _CLOSED if closed else _DOCUMENTED | _UNDOCUMENTED.keys(), label)]
        if not self._gateway.inline_images:
            found += only_links(request, label)
        if closed:
            lists = ("tail", "refer", "keep_sound") + (("images",) if request.image or request.tail else ())
            for name in lists:
                if getattr(request, name) not in (None, ()):
                    place = "image_list" if name in {"tail", "images"} else "video_list"
                    sentence = f"{label} does not document how this model takes {flag(name)}: it is sent in {place}."
                    found.append(Finding("warning", name, sentence))
            return tuple(found)
        for name, key in _UNDOCUMENTED.items():
            if getattr(request, name) not in (None, ()):
                sentence = f"{label} does not document --{name}: it is sent as metadata.{key} and may be ignored."
                found.append(Finding("warning", name, sentence))
        return tuple(found)

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /v1/videos``.

        Raises:
            AskError: The request cannot be written in this dialect; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        write = _closed_body if self._is_closed(request) else _open_body
        body = overlay(write(request, wire_name(request, self._gateway.name)), request.extra)
        answer = yield Ask("POST", self._gateway.prefix + _PATH, body=body, paid=True)
        said = answer.json()
        ids = (dig(said, "task_id"), dig(said, "id"), dig(said, "data", "task_id"), dig(said, "data", "id"))
        task = next(filter(None, map(identifier, ids)), "")
        if not is_fine(answer) or not task:
            raise refusal(self._gateway, answer, "paid")
        return Ticket(task)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET /v1/videos/{id}``.

        Raises:
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        answer = yield Ask("GET", f"{self._gateway.prefix}{_PATH}/{segment(ticket.id)}")
        said = answer.json()
        # new-api's other route wraps the same task in {"code": "success", "data": {…}}.
        task = dig(said, "data") if text(dig(said, "data", "status")) else said
        word = text(dig(task, "status"))
        state, note = phase(word)
        outputs = _outputs(task)
        if not is_fine(answer) or not word or (state == "done" and not outputs):
            raise refusal(self._gateway, answer, "look")
        reason = (message(dig(task, "error")) or message(dig(task, "fail_reason"))) if state == "failed" else ""
        code = text(dig(task, "error", "code"))
        return TaskState(
            phase=state,
            word=word,
            progress=share(dig(task, "progress")),
            outputs=outputs,
            reason=reason,
            moderated=state == "failed" and (code == _MODERATED or speaks_of_content_rules(f"{code} {reason}")),
            charge=_charge(task) if state in {"done", "failed"} else None,
            note=note,
        )

    def find(self, order: Order) -> None:
        """No way: neither a key of ours nor a list of tasks is documented."""

    def cancel(self, ticket: Ticket) -> None:
        """Nothing: the gateway's pages offer no way to stop a task."""

    def balance(self, now: float) -> Flow[Balance]:
        """``GET /api/usage/token/user-balance``, which is ImaRouter's own: dollars left and dollars used.

        Raises:
            GatewayError: The gateway has no such page or tells no number.
        """
        del now  # it tells of this moment only
        answer = yield Ask("GET", self._gateway.prefix + _BALANCE)
        told = dig(answer.json(), "data")
        left, used = number(dig(told, "balance_usd")), number(dig(told, "used_amount_usd"))
        if not is_fine(answer) or left is None:
            raise refusal(self._gateway, answer, "look")
        return Balance(usd=left, lines=() if used is None else (("used so far", f"USD {used:.2f}"),))

    def estimate(self, order: Order) -> None:
        """Nothing: the gateway's pages offer no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)

    def _is_closed(self, request: VideoRequest) -> bool:
        """Whether the model's schema here is closed, that is whether the catalogue lists its only fields."""
        found = offer(request.model, self._gateway.name)
        return bool(found and found.fields)


def _outputs(task: Any) -> tuple[Output, ...]:
    for place in _PLACES:
        value = dig(task, *place)
        listed = value if isinstance(value, list) else [value]
        found = [(web_url(dig(v, "url") or v), number(dig(v, "duration"))) for v in listed]
        if outputs := tuple(Output(url, seconds) for url, seconds in found if url):
            return outputs
    return ()


def _charge(task: Any) -> Charge | None:
    usd = number(dig(task, "amount_usd"))
    return None if usd is None else Charge(usd=usd)
