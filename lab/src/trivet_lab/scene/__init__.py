"""What a scenario plays with: its cue, the crowd, a client of the edge, and samples of stock and cost."""

from trivet_lab.scene.census import Census
from trivet_lab.scene.crowd import CrowdFailed, send_crowd
from trivet_lab.scene.cue import Cue
from trivet_lab.scene.edge import EdgeError, request_json
from trivet_lab.scene.samples import Sampler

__all__ = ["Census", "CrowdFailed", "Cue", "EdgeError", "Sampler", "request_json", "send_crowd"]
