"""The settings as the type checker reads them: no server is asked for anything."""

import os

os.environ.setdefault("STELLA_MODE", "laptop")
os.environ.setdefault("SECRET_KEY", "types-need-no-secret")
os.environ.setdefault("DATABASE_URL", "postgresql:///types")
os.environ.setdefault("CACHE_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("BROKER_URL", "redis://127.0.0.1:1/1")

from stellapolicy.settings import *  # noqa: F403
