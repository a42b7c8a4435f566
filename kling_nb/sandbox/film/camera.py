"""Words that move the camera, as a path of poses that starts and ends softly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kling_nb.sandbox.film.layers import Pose

MOVES: dict[str, str] = {
    "still": r"static|locked[ -]off|tripod|no camera movement|fixed camera",
    "in": r"(push(es|ing)?|dolly|dollies|dollying|zoom(s|ing)?|move[sd]?|glide[sd]?)[ -]?in|close[- ]?up|"
    r"closing in|approach(es|ing)?",
    "out": r"(pull(s|ing)?|dolly|dollies|zoom(s|ing)?|move[sd]?)[ -]?(out|back|away)|reveal(s|ing)?",
    "pan-left": r"pan(s|ning)?( slowly| gently)?( to the)? left",
    "pan-right": r"pan(s|ning)?( slowly| gently)?( to the)? right|(slow |gentle )?pan(s|ning)?(?! ?(left|to|slowly|"
    r"gently))",
    "up": r"tilt(s|ing)?( slowly)? ?up|pedestal up|rises? up",
    "down": r"tilt(s|ing)?( slowly)? ?down|pedestal down",
    "orbit": r"orbit(s|al|ing)?|arc(s|ing)? (shot|around)|circl(es?|ing)|revolv(es?|ing)|360",
    "hand": r"hand ?-?held|shak(y|ing)|documentary|found footage|vlog",
    "crane": r"crane|drone|aerial|jib|flyover|fl(y|ies|ying) over|bird'?s[ -]eye",
    "truck-left": r"truck(s|ing)?( to the)? left",
    "truck-right": r"truck(s|ing)?(?! left| to the left)|track(s|ing)?( shot)?"
    r"|follow(s|ing)? (shot|the)|side[- ]?scroll"
    r"|lateral",
}
"""Camera words as patterns; the first words of the prompt that match win on each axis."""


def ease(t: float) -> float:
    """0 to 1 with a soft start and end and an even middle."""
    t = min(max(t, 0.0), 1.0)
    return 0.55 * t + 0.45 * t * t * (3 - 2 * t)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera with its moves; without any it drifts gently."""

    moves: tuple[str, ...] = ()
    phase: float = 0.0

    def pose(self, t: float, seconds: float) -> Pose:
        """Where it is at the fraction ``t`` of a shot that lasts so long."""
        zoom, dolly = 1.0, 1.02 + 0.025 * ease(t)
        pan, truck = [0.0, 0.0], [0.004 * (ease(t) - 0.5), 0.0]
        e, there = ease(t), 2 * ease(t) - 1
        for move in self.moves:
            match move:
                case "still":
                    dolly, truck = 1.02, [0.0, 0.0]
                case "in":
                    dolly, zoom = 1.0 + 0.2 * e, 1.0 + 0.05 * e
                case "out":
                    dolly, zoom = 1.2 - 0.2 * e, 1.05 - 0.05 * e
                case "pan-left" | "pan-right":
                    way = 1 if move == "pan-right" else -1
                    pan[0] += 0.055 * there * way
                    truck[0] += 0.012 * there * way
                case "truck-left" | "truck-right":
                    truck[0] += 0.07 * there * (1 if move == "truck-right" else -1)
                case "up" | "down":
                    pan[1] += 0.05 * there * (-1 if move == "up" else 1)
                case "orbit":
                    # Round the subject: what is behind it goes the other way than what is before it.
                    truck[0] += 0.075 * there
                    pan[0] -= 0.06 * there
                    dolly = 1.06
                case "crane":
                    truck[1] -= 0.05 * there
                    dolly = 1.02 + 0.07 * e
                case _:  # by hand: slow swings that never meet again
                    clock = t * seconds + self.phase
                    pan[0] += 0.0045 * (math.sin(2.1 * clock) + 0.6 * math.sin(4.7 * clock + 1))
                    pan[1] += 0.006 * (math.sin(1.7 * clock + 2) + 0.6 * math.sin(5.3 * clock))
                    dolly = 1.05 + 0.01 * math.sin(0.9 * clock)
        return Pose(zoom, dolly, (pan[0], pan[1]), (truck[0], truck[1]))
