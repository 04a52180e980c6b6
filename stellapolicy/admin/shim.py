"""The theme has no types: a reader of types sees Django's own classes, which the theme's extend."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite, ChoicesFieldListFilter, FieldListFilter, ModelAdmin, SimpleListFilter
    from django.contrib.admin import RelatedFieldListFilter as RelatedFilter
    from django.contrib.admin.forms import AdminAuthenticationForm as SignInForm

    BooleanFilter = FieldListFilter
    ChoicesFilter = ChoicesFieldListFilter
    DayFilter = FieldListFilter
    WordFilter = SimpleListFilter
else:
    from unfold.admin import ModelAdmin
    from unfold.contrib.filters.admin import BooleanRadioFilter as BooleanFilter
    from unfold.contrib.filters.admin import ChoicesDropdownFilter as ChoicesFilter
    from unfold.contrib.filters.admin import DropdownFilter as WordFilter
    from unfold.contrib.filters.admin import RangeDateFilter as DayFilter
    from unfold.contrib.filters.admin import RelatedDropdownFilter as RelatedFilter
    from unfold.forms import AuthenticationForm as SignInForm
    from unfold.sites import UnfoldAdminSite as AdminSite

__all__ = [
    "AdminSite",
    "BooleanFilter",
    "ChoicesFilter",
    "DayFilter",
    "ModelAdmin",
    "RelatedFilter",
    "SignInForm",
    "WordFilter",
]
