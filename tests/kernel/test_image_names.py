import pytest

from stellapolicy.kernel.image_names import bare_name


@pytest.mark.parametrize(
    "reference,bare",
    [
        ("shop/api", "shop/api"),
        ("shop/api:1.2", "shop/api"),
        ("registry.example:5000/shop/api", "registry.example:5000/shop/api"),
        ("registry.example:5000/shop/api:1.2@sha256:00", "registry.example:5000/shop/api"),
        ("", ""),
    ],
)
def test_an_image_is_the_same_repository_under_every_tag_and_digest(reference: str, bare: str) -> None:
    assert bare_name(reference) == bare
