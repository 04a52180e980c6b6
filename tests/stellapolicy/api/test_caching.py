import pickle

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings
from redis import Redis

from stellapolicy.api.caching import JsonSerializer


def test_what_is_cached_comes_back() -> None:
    cache.set("caching", {"a": [1, None, "é"]}, timeout=5)

    assert cache.get("caching") == {"a": [1, None, "é"]}


def test_a_number_is_kept_so_that_the_cache_can_count() -> None:
    cache.set("counted", 41, timeout=5)

    assert cache.incr("counted") == 42
    assert cache.get("counted") == 42


def test_a_pickle_in_the_cache_is_never_opened(settings: Settings) -> None:
    with Redis.from_url(settings.CACHES["default"]["LOCATION"]) as raw:
        raw.set(cache.make_key("planted"), pickle.dumps({"a": 1}), ex=5)

    with pytest.raises(ValueError, match="not valid UTF-8"):
        cache.get("planted")


def test_what_has_no_json_form_is_not_cached() -> None:
    with pytest.raises(TypeError):
        JsonSerializer().dumps(object())
