"""Whoever sends a word that is none of those taken is told which are."""

import pytest
from django import forms
from rest_framework import serializers

from stellapolicy.api.choices import ChoiceField, ChoiceFilter, MultipleChoiceFilter

WORDS = [("warm", "Warm"), ("100%", "Hot"), ("{cold}", "Cold")]


def test_a_field_names_its_words_to_whoever_sends_another() -> None:
    with pytest.raises(serializers.ValidationError) as refused:
        ChoiceField(choices=WORDS).run_validation("banana")

    assert refused.value.get_codes() == ["invalid_choice"]
    assert refused.value.detail == ['"banana" is not one of warm, 100%, {cold}']


@pytest.mark.parametrize("kind,sent", [(ChoiceFilter, "banana"), (MultipleChoiceFilter, ["warm", "banana"])])
def test_a_filter_names_its_words_to_whoever_sends_another(
    kind: type[ChoiceFilter | MultipleChoiceFilter], sent: object
) -> None:
    with pytest.raises(forms.ValidationError) as refused:
        kind(choices=WORDS).field.clean(sent)

    assert refused.value.messages == ['"banana" is not one of warm, 100%, {cold}']


def test_a_word_that_is_taken_is_taken() -> None:
    assert ChoiceField(choices=WORDS).run_validation("{cold}") == "{cold}"
    assert ChoiceFilter(choices=WORDS).field.clean("100%") == "100%"
