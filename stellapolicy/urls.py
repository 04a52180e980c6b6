"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from gates.api.client import client_source
from stellapolicy.access import urls as access_urls
from stellapolicy.api.urls import root_urlpatterns

handler400 = "stellapolicy.api.problems.bad_request"
handler404 = "stellapolicy.api.problems.not_found"
handler500 = "stellapolicy.api.problems.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    *root_urlpatterns,
    path("clients/stellagate.py", client_source, name="client"),
    path("api/v1/", include("stellapolicy.api.urls")),
    path("api/v1/", include("stellapolicy.access.api.urls")),
    path("api/v1/", include("stellapolicy.audit.api.urls")),
    path("api/v1/", include("stellapolicy.egress.api.urls")),
    path("api/v1/", include("stellapolicy.outbox.api.urls")),
    path("api/v1/", include("stellapolicy.governance.api.urls")),
    path("api/v1/", include("exceptions.api.urls")),
    path("api/v1/", include("policies.api.urls")),
    path("api/v1/", include("gates.api.urls")),
    *access_urls.root_urlpatterns,
    path("admin/", admin.site.urls),
]
