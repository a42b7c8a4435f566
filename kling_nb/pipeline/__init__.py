"""Runs of more than one step, as a person writes them down: a pipeline, a stored workflow, a webhook's run.

Pure values with their sentences. How they travel is the dialect's business (:mod:`kling_nb.gateways`); a
request carries them as JSON, so that the journal and the fingerprint know all of it.
"""

from kling_nb.pipeline.asked import KEYWORDS, kind_in, read
from kling_nb.pipeline.build import Pipeline
from kling_nb.pipeline.graph import MAX_EDGES, MAX_NODES, Edge, Graph, Node
from kling_nb.pipeline.known import NodeType, WorkflowInput, doubts
from kling_nb.pipeline.runs import RUN, Run, StoredRun, Trigger, others, picture, run_of, to_extra, with_addresses

__all__ = [
    "KEYWORDS",
    "MAX_EDGES",
    "MAX_NODES",
    "RUN",
    "Edge",
    "Graph",
    "Node",
    "NodeType",
    "Pipeline",
    "Run",
    "StoredRun",
    "Trigger",
    "WorkflowInput",
    "doubts",
    "kind_in",
    "others",
    "picture",
    "read",
    "run_of",
    "to_extra",
    "with_addresses",
]
