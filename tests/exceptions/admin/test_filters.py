"""What the list cannot be narrowed to: an address that names no queue and no state."""

from http import HTTPStatus

import pytest
from django.urls import reverse

from tests.exceptions.admin.office import LIST, Office


@pytest.mark.parametrize("query", ["queue=banana", "state=banana"])
def test_a_filter_that_cannot_be_read_leads_to_the_whole_list(office: Office, query: str) -> None:
    office.ask()
    sam = office.sign_in("sam")

    answer = sam.get(f"{LIST}?{query}")
    exports = [sam.get(reverse(f"admin:exceptions_policyexception_{form}") + f"?{query}") for form in ("csv", "ndjson")]

    assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, f"{LIST}?e=1")
    assert {one.status_code for one in exports} == {HTTPStatus.BAD_REQUEST}
