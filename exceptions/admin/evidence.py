"""What somebody shows and says about an exception: statements for hooks, files, and lines of its thread."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exceptions.admin.acts import Said, look, page_of
from exceptions.errors import EvidenceRefused
from exceptions.models import ExceptionAttestation, ExceptionEvidence, PolicyException
from exceptions.models.story import CommentKind
from exceptions.rules.hooks import HOOKS, HookKind, Signature
from exceptions.selectors.offers import Act, Situation, obstacle_to
from exceptions.services.evidence import LARGEST, TYPES, Attached, attach_evidence
from exceptions.services.thread import say
from stellapolicy.admin import cells
from stellapolicy.admin.base import PageAdmin
from stellapolicy.admin.deeds import REASON_LENGTH, Deed, answer_form, posted
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import now, rfc3339
from stellapolicy.trust import strict_json
from stellapolicy.trust.dsse import Envelope
from stellapolicy.trust.keys import trusted_keys

_LONGEST: Final = 200_000
"""Characters of an envelope."""


class AttachForm(forms.Form):
    """A statement for a hook, by its fields or as a signed envelope, a file, or both."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("At most %(size)d MiB: JSON, PDF, PNG, JPEG, text or Markdown.")
        % {"size": LARGEST // 1024 // 1024},
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "class": "st-input"}),
    )

    def __init__(
        self, data: QueryDict | None, files: MultiValueDict[str, UploadedFile[Any]] | None, hook: HookKind | None
    ) -> None:
        super().__init__(data, files)
        self._names: tuple[str, ...] = ()
        if hook is None:
            self.fields["file"].required = True
            return
        must_be_signed = HOOKS[hook].must_be_signed
        is_signed = bool((data and data.get("envelope", "").strip()) or (files and files.get("envelope_file")))
        self._names = tuple(HOOKS[hook].schema["properties"])
        for name, schema in HOOKS[hook].schema["properties"].items():
            self.fields[name] = _claim_field(name, schema)
            self.fields[name].required = not is_signed and not must_be_signed
            if must_be_signed:
                self.fields[name].help_text = _("Stated here, without a signature, it does not count.")
        self._add_envelope(must_be_signed=must_be_signed)
        signed = ("envelope", "envelope_file")
        self.order_fields([*signed, *self._names] if must_be_signed else [*self._names, *signed])

    def _add_envelope(self, *, must_be_signed: bool) -> None:
        """Take a signed statement as text or as a file."""
        self.fields["envelope"] = forms.CharField(
            label=_("A signed statement") if must_be_signed else _("Or a signed statement of the same"),
            required=False,
            max_length=_LONGEST,
            widget=forms.Textarea(attrs={"rows": 3, "class": "st-input st-code", "spellcheck": "false"}),
            help_text=_(
                "A DSSE envelope (JSON) of an in-toto statement about this exception, in the place of single fields; "
                "its page says how it is signed."
            ),
        )
        self.fields["envelope_file"] = forms.FileField(label=_("The signed statement as a file"), required=False)

    def clean(self) -> dict[str, Any]:
        """Read the signed statement out of its file, where it came as one."""
        said = super().clean() or {}
        file = said.get("envelope_file")
        if file is not None and not said.get("envelope", "").strip():
            try:
                said["envelope"] = file.read(_LONGEST + 1).decode()
            except UnicodeDecodeError:
                self.add_error("envelope_file", _("It is no text."))
        if len(said.get("envelope", "")) > _LONGEST:
            self.add_error("envelope_file", _("It is too long for a signed statement."))
        return said

    def claims(self) -> dict[str, JsonValue]:
        """Return what the fields state."""
        stated = ((name, self.cleaned_data.get(name)) for name in self._names)
        return {name: _stated(value) for name, value in stated if value}


class SayForm(forms.Form):
    """A line of the thread."""

    kind = forms.ChoiceField(label=gettext_lazy("As"), choices=[])
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=5 * REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
    )

    def __init__(self, data: QueryDict | None, seen: Situation) -> None:
        super().__init__(data)
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [(one.value, one.label) for one in kinds_of_lines(seen)]


def kinds_of_lines(seen: Situation, *, is_asked: bool = True) -> list[CommentKind]:
    """Return what somebody may say: whoever asked answers where something was asked, everybody else asks."""
    if seen.is_mine and not is_asked:
        return [CommentKind.COMMENT]
    other = CommentKind.ANSWER if seen.is_mine else CommentKind.QUESTION
    return [other, CommentKind.COMMENT]


def attach_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a statement for the hook that the address names, a file, or both."""
    row = page.find(request, str(pk))
    seen, hook = look(request, row, at=now()), _hook(request.GET.get("hook", ""))
    if request.method != "POST" and (why_not := obstacle_to(Act.ATTACH, seen)):
        messages.warning(request, cells.plain(why_not))
        return HttpResponseRedirect(page_of(row))
    title = HOOKS[hook].title if hook is not None else _("a file")
    deed = Deed(
        title=_("%(number)s: attach %(what)s") % {"number": row.number, "what": title},
        consequence=_consequence(hook),
        button=_("Attach it"),
    )
    form = AttachForm(posted(request), request.FILES if request.method == "POST" else None, hook)
    act = partial(_attach, request, seen, hook, form)
    return answer_form(page, request, form, deed, act, back=page_of(row))


def say_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a line to the thread."""
    row = page.find(request, str(pk))
    seen = look(request, row, at=now())
    deed = Deed(
        title=_("%(number)s: say something") % {"number": row.number},
        consequence=_("Everybody who may see the exception reads it; a line is never changed."),
        button=_("Say it"),
    )
    form = SayForm(posted(request), seen)
    return answer_form(page, request, form, deed, partial(_say, request, seen), back=page_of(row))


def attachment_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer with the bytes of an attachment, always as a file to keep, never as a page."""
    row = page.find(request, str(pk))
    try:
        kept = row.evidence.filter(pk=UUID(request.GET.get("of", ""))).exclude(stored_as="").first()
    except ValueError:
        kept = None
    if kept is None:
        raise Http404(_("There is no such attachment."))
    with storages["evidence"].open(kept.stored_as) as stored:
        answer = HttpResponse(stored.read(), content_type="application/octet-stream")
    name = kept.filename or "attachment"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer


def envelope_view(page: PageAdmin[PolicyException], request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer with the signed approval of the terms in force."""
    row = page.find(request, str(pk))
    signed = ExceptionAttestation.objects.filter(terms=row.terms_id).first() if row.terms_id else None
    if signed is None:
        raise Http404(_("The approval is not signed."))
    answer = HttpResponse(canonical_json.dumps(signed.envelope), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.dsse.json"'
    return answer


def _attach(request: HttpRequest, seen: Situation, hook: HookKind | None, form: AttachForm, said: Said) -> HttpResponse:
    file: UploadedFile[Any] | None = said["file"]
    attached = Attached(
        hook=hook,
        claims=form.claims() or None,
        envelope=_envelope(said.get("envelope", "")),
        filename=(file.name or "") if file else "",
        content_type=_content_type(file),
        content=file.read(LARGEST + 1) if file else b"",
        note=said["note"],
    )
    row = attach_evidence(actor=seen.who.actor, pk=seen.row.pk, attached=attached, at=seen.who.at)
    _tell(request, row, attached)
    return HttpResponseRedirect(page_of(seen.row))


def _tell(request: HttpRequest, row: ExceptionEvidence, attached: Attached) -> None:
    """Say what the signature is worth; a bad one proves nothing, and why."""
    if row.signature != Signature.BAD or attached.envelope is None:
        said = _("Attached; its signature: %(signature)s.") % {"signature": cells.spoken(row.signature)}
        messages.success(request, said)
        return
    named = {one.key_id for one in Envelope.from_json(attached.envelope).signatures}
    if named.isdisjoint(trusted_keys()):
        why = _(
            "It is signed by a key that is not trusted here. Let an operator add the public key to EVIDENCE_KEYS, or "
            "sign it with a key that is trusted, and attach it again."
        )
    else:
        why = _(
            "The signature does not fit what it names: it was changed, or signed by another key. Sign it again and "
            "attach what comes out unchanged."
        )
    messages.warning(request, _("It is attached and proves nothing: its signature is bad. %(why)s") % {"why": why})


def _say(request: HttpRequest, seen: Situation, said: Said) -> HttpResponse:
    kind = CommentKind(said["kind"])
    say(actor=seen.who.actor, pk=seen.row.pk, text=said["text"], kind=kind, at=seen.who.at)
    messages.success(request, _("It is said."))
    return HttpResponseRedirect(f"{page_of(seen.row)}#thread")


def _hook(text: str) -> HookKind | None:
    return HookKind(text) if text in list(HookKind) else None


def _consequence(hook: HookKind | None) -> str:
    kept = _("It stays with the exception for good, under your name.")
    if hook is None:
        return kept
    asked = HOOKS[hook]
    words = [
        _("It counts for %(days)d days from the day it was issued.") % {"days": asked.max_age.days},
        _("It has to be signed by a key that is trusted here.") if asked.must_be_signed else "",
        kept,
    ]
    return " ".join(filter(None, words))


def _claim_field(name: str, schema: Mapping[str, Any]) -> forms.Field:
    """Return the field of one claim, as its schema asks for it; the service judges what is stated."""
    label = cells.spoken(name).capitalize()
    if "enum" in schema:
        choices = [("", "–"), *((one, cells.spoken(one)) for one in schema["enum"])]  # noqa: RUF001 - the dash that says: nothing
        return forms.ChoiceField(label=label, required=False, choices=choices)
    if schema.get("format") == "date-time":
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        return forms.DateTimeField(
            label=_("%(label)s (UTC)") % {"label": label},
            required=False,
            widget=widget,
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        )
    return forms.CharField(label=label, required=False, max_length=20_000)


def _stated(value: object) -> JsonValue:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def _envelope(text: str) -> Mapping[str, JsonValue] | None:
    if not text.strip():
        return None
    try:
        read = strict_json.loads(text.encode())
    except strict_json.NotJson as failure:
        raise EvidenceRefused(f"the envelope is no JSON: {failure}") from None
    if not isinstance(read, Mapping):
        raise EvidenceRefused("the envelope is no JSON object")
    return read


def _content_type(file: UploadedFile[Any] | None) -> str:
    """Return what a file is, by what its sender said of it; Markdown is called many things."""
    if file is None:
        return ""
    said = (file.content_type or "").partition(";")[0].strip().lower()
    if said not in TYPES and (file.name or "").lower().endswith((".md", ".markdown")):
        return "text/markdown"
    return said
