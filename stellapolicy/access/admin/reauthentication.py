"""The page where somebody who is signed in proves again who they are, and then goes on where they were."""

from typing import Final

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from stellapolicy.access.admin.provider import AGAIN
from stellapolicy.access.models import ExternalIdentity, User
from stellapolicy.access.reauthentication import AUTHENTICATED_AT, WINDOW
from stellapolicy.kernel.clock import now, rfc3339

THROUGH: Final = "through"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def reauthenticate(request: HttpRequest) -> HttpResponse:
    """Ask for the password once more, or send to the identity provider; then lead back."""
    back = _back(request)
    if not isinstance(request.user, User) or not request.user.is_active:
        return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode({REDIRECT_FIELD_NAME: back})}")
    if request.method == "POST":
        return _answer_password(request, request.user, back)
    if request.GET.get(THROUGH) == "provider" and settings.OIDC_ISSUER:
        request.session[AGAIN] = True
        return HttpResponseRedirect(f"{reverse('oidc_authentication_init')}?{urlencode({REDIRECT_FIELD_NAME: back})}")
    return _page(request, request.user, back)


def _answer_password(request: HttpRequest, person: User, back: str) -> HttpResponse:
    found = authenticate(request, username=person.username, password=request.POST.get("password", ""))
    if found == person:
        # Another identifier of the session, the same CSRF token: a form that waits in another tab stays good.
        request.session.cycle_key()
        request.session[AUTHENTICATED_AT] = rfc3339(now())
        return HttpResponseRedirect(back)
    if getattr(request, "axes_locked_out", False):
        return _page(request, person, back, wrong=_("Too many wrong passwords: try again in a quarter of an hour."))
    return _page(request, person, back, wrong=_("This is not your password."))


def _page(request: HttpRequest, person: User, back: str, *, wrong: str = "") -> HttpResponse:
    context = {
        "back": back,
        "wrong": wrong,
        "minutes": int(WINDOW.total_seconds() // 60),
        "by_password": settings.LOCAL_PASSWORD_SIGN_IN and person.has_usable_password(),
        "by_provider": bool(settings.OIDC_ISSUER) and ExternalIdentity.objects.filter(user=person).exists(),
    }
    return render(request, "stella/reauthenticate.html", context)


def _back(request: HttpRequest) -> str:
    """Return where to go on: an address of ours, else the overview."""
    asked = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours else reverse("admin:index")
