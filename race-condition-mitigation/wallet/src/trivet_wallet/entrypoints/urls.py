"""Where Django looks for routes, and for what to answer where there is none."""

from __future__ import annotations

from django.urls import path

from trivet_wallet.entrypoints.boundary import defect, malformed, nothing_here
from trivet_wallet.entrypoints.routes import api

urlpatterns = [path("", api.urls)]
handler400 = malformed
handler404 = nothing_here
handler500 = defect
