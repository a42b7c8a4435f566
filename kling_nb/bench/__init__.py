"""Benchmarks: prompts x settings x takes as one matrix that is priced, run, resumed, measured and voted on.

A cell of the matrix is a request, a gateway and a take, and its id is the request's own fingerprint. What was made and
paid stands in the lab's journal and nowhere else, so filling the gaps after a crash is asking the lab again.
"""
