"""What a scenario plays with: its cue, the crowd, a client of the edge, what it asks itself, and samples."""

from trivet_lab.scene.census import Census
from trivet_lab.scene.crowd import CrowdFailed, send_crowd
from trivet_lab.scene.cue import Cue
from trivet_lab.scene.edge import EdgeError, Told, ask, request_json
from trivet_lab.scene.own import Own
from trivet_lab.scene.samples import Sampler

__all__ = ["Census", "CrowdFailed", "Cue", "EdgeError", "Own", "Sampler", "Told", "ask", "request_json", "send_crowd"]
