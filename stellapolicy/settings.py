"""Settings, read from top to bottom; production is the default, and what is missing there stops the start."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from psycopg.conninfo import conninfo_to_dict

from stellapolicy import env
from stellapolicy.database import SCHEMA, connection_options
from stellapolicy.log import logging_configuration
from stellapolicy.theme import UNFOLD as UNFOLD  # noqa: PLC0414 - a setting like those below, in a file of its own
from stellapolicy.vocabulary import ENUM_NAMES

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("STELLA_VAR", BASE_DIR / "var", about="files the product keeps: evidence, a laptop's servers")
LAPTOP = env.mode(about="`production` or `laptop`") == "laptop"

# --- who we are -----------------------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY", about="signs sessions and cursors; 50 random characters or more")
SECRET_KEY_FALLBACKS = env.listing(
    "SECRET_KEY_FALLBACKS", about="earlier secrets, still read while a new one takes over; comma-separated"
)
DEBUG = False
ALLOWED_HOSTS = env.listing(
    "ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1],testserver" if LAPTOP else None,
    about="names this server answers to, comma-separated",
)
CSRF_TRUSTED_ORIGINS = env.listing(
    "CSRF_TRUSTED_ORIGINS", about="origins of forms (`https://…`), where a proxy changes the host"
)
ROOT_URLCONF = "stellapolicy.urls"
WSGI_APPLICATION = "stellapolicy.wsgi.application"
PUBLIC_URL = env.text(
    "PUBLIC_URL", "http://127.0.0.1:8080" if LAPTOP else None, about="the address people and pipelines use; https"
)
# Who signs is chosen in stellapolicy.signing.backends, whom we believe in stellapolicy.trust.keys.
SIGNING_KEY = env.text("SIGNING_KEY", "", about="PEM of the private key that signs approvals; empty: none is signed")
EXCEPTION_EFFECTS = env.document("EXCEPTION_EFFECTS", about="JSON: other effects by type and reason of an exception")
EVIDENCE_KEYS = env.text("EVIDENCE_KEYS", "", about="PEM of the public keys whose signed evidence is believed")

INSTALLED_APPS = [
    "stellapolicy",
    "stellapolicy.tenancy",
    "stellapolicy.audit",
    "stellapolicy.api",
    "stellapolicy.admin",
    "stellapolicy.egress",
    "stellapolicy.outbox",
    "stellapolicy.access",
    "stellapolicy.governance",
    "stellapolicy.signing",
    "exceptions",
    "policies",
    "gates",
    "unfold.apps.BasicAppConfig",  # the site is ours: stellapolicy.admin puts it in place
    "unfold.contrib.filters",
    *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")),
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "axes",
    "django_celery_beat",
    "django_structlog",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "stellapolicy.api.middleware.LatencyMiddleware",
    "stellapolicy.api.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "stellapolicy.access.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- the one database -----------------------------------------------------------------------------------------------
DATABASE_SCHEMA = SCHEMA
# A laptop has one login that switches between two roles; in production the logins themselves are these roles.
DATABASE_OWNER_ROLE = env.text(
    "DATABASE_OWNER_ROLE",
    "stella_owner" if LAPTOP else "",
    about="with one login for all: the role it takes on to migrate; empty where the login is the owner",
)
DATABASE_APP_ROLE = env.text(
    "DATABASE_APP_ROLE",
    "stella_app" if LAPTOP else "",
    about="the role that receives its grants from `migrate`; also taken on if `DATABASE_OWNER_ROLE` is given",
)
PGBOUNCER = env.boolean("PGBOUNCER", default=False, about="`true` behind a pooler in transaction mode")
DATABASE_CONNINFO = conninfo_to_dict(
    env.text("DATABASE_URL", about="PostgreSQL 15 or newer: libpq URL or key words, `sslmode` and the like included")
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE_CONNINFO.get("dbname", "stella"),
        "USER": DATABASE_CONNINFO.get("user", ""),
        "PASSWORD": DATABASE_CONNINFO.get("password", ""),
        "HOST": DATABASE_CONNINFO.get("host", ""),
        "PORT": str(DATABASE_CONNINFO.get("port", "")),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": PGBOUNCER,
        "OPTIONS": {
            **connection_options(
                DATABASE_CONNINFO, role=DATABASE_APP_ROLE if DATABASE_OWNER_ROLE else "", pooled=PGBOUNCER
            ),
            "pool": {
                "min_size": 0,
                "max_size": env.integer("DATABASE_POOL_SIZE", 16, about="connections a process keeps at most"),
            },
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The token model is ours (stellapolicy.access), and wrong passwords are counted in the cache: neither brings a table.
MIGRATION_MODULES = {"knox": None, "axes": None}

# --- cache and broker -----------------------------------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("CACHE_URL", about="Valkey or Redis; it may evict"),
        "KEY_PREFIX": "stella",
        # INVARIANT: no pickle, and nobody waits long for a cache that does not answer.
        "OPTIONS": {
            "serializer": "stellapolicy.api.caching.JsonSerializer",
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
        },
    },
}
CELERY_BROKER_URL = env.text(
    "BROKER_URL", about="Valkey or Redis with `maxmemory-policy noeviction`, apart from the cache"
)
EVENTS_STREAM = env.text("EVENTS_STREAM", "", about="name of a Valkey stream of CloudEvents to act upon; empty: none")
EVENTS_URL = env.text("EVENTS_URL", CELERY_BROKER_URL, about="Valkey that holds the stream of events")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# INVARIANT: longer than the longest task (10 min), or the broker hands a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 20 * 60, "socket_connect_timeout": 2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 10 * 60
# Whatever waits for somebody else's server waits in a queue of its own, where it keeps no decision waiting.
CELERY_TASK_ROUTES = {name: {"queue": "outward"} for name in ("outbox.deliver_webhooks", "feeds.fetch")}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Rows come from stellapolicy.schedule through bootstrap; a schedule here would overwrite what an admin edited.
CELERY_BEAT_SCHEDULE: dict[str, object] = {}
CELERY_TIMEZONE = "UTC"
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- files ----------------------------------------------------------------------------------------------------------
# Evidence lies in a folder (on a shared volume where there are several hosts), or in a bucket once one is named.
EVIDENCE_BUCKET = env.text("EVIDENCE_BUCKET", "", about="bucket for evidence instead of a folder; needs the extra `s3`")
EVIDENCE_ENDPOINT = env.text("EVIDENCE_ENDPOINT", "", about="address of the object store, where it is not AWS")
EVIDENCE_REGION = env.text("EVIDENCE_REGION", "", about="region of the bucket")
EVIDENCE_FOLDER = env.folder("EVIDENCE_FOLDER", VAR_DIR / "files", about="evidence; a shared volume for several hosts")
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "files")},
    },
    "evidence": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": EVIDENCE_BUCKET,
            "endpoint_url": EVIDENCE_ENDPOINT or None,
            "region_name": EVIDENCE_REGION or None,
            "default_acl": "private",
            "file_overwrite": True,
        },
    }
    if EVIDENCE_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(EVIDENCE_FOLDER)},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LAPTOP
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR_DIR / "static", about="what `collectstatic` gathered; part of the image")
WHITENOISE_USE_FINDERS = LAPTOP
DATA_UPLOAD_MAX_MEMORY_SIZE = 96 * 1024 * 1024

# --- people ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# scrypt needs memory as well as time, which a guesser with many machines has least of; the second reads older rows.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOCAL_PASSWORD_SIGN_IN = env.boolean(
    "LOCAL_PASSWORD_SIGN_IN", default=True, about="`false`: people sign in through the identity provider alone"
)
OIDC_ISSUER = env.text("OIDC_ISSUER", "", about="the identity provider (OpenID Connect); empty for none").rstrip("/")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "" if not OIDC_ISSUER else None, about="our name at the identity provider")
OIDC_CLIENT_SECRET = env.text(
    "OIDC_CLIENT_SECRET", "" if not OIDC_ISSUER else None, about="our secret at the identity provider"
)
OIDC_SCOPES = env.text("OIDC_SCOPES", "openid email profile", about="asked of the identity provider, with spaces")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups", about="the claim that lists somebody's groups")
if not (LOCAL_PASSWORD_SIGN_IN or OIDC_ISSUER):
    raise env.ConfigurationError("LOCAL_PASSWORD_SIGN_IN is false and OIDC_ISSUER is empty: nobody could sign in")
AUTHENTICATION_BACKENDS = [
    "stellapolicy.access.backends.LockoutBackend",
    "stellapolicy.access.backends.PasswordBackend",
    "stellapolicy.access.admin.provider.ProviderBackend",
]
AXES_HANDLER = "stellapolicy.access.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "stellapolicy.api.address.household"
AXES_LOCKOUT_CALLABLE = "stellapolicy.access.lockout.keep_answer"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
WORKLOAD_ISSUERS = env.text(
    "WORKLOAD_ISSUERS", "[]", about="whose pipelines may exchange ID tokens: a JSON list, see docs/ci.md"
)
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = not LAPTOP
CSRF_COOKIE_SECURE = not LAPTOP
SECURE_SSL_REDIRECT = env.boolean(
    "SECURE_SSL_REDIRECT", default=not LAPTOP, about="answer plain HTTP with a redirect to https"
)
SECURE_HSTS_SECONDS = 0 if LAPTOP else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LAPTOP
SECURE_HSTS_PRELOAD = not LAPTOP
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
BEHIND_TLS_PROXY = env.boolean(
    "BEHIND_TLS_PROXY",
    default=False,
    about="`true` where a proxy ends TLS and sets (never passes on) `X-Forwarded-Proto`",
)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

# --- API ------------------------------------------------------------------------------------------------------------
KNOX_TOKEN_MODEL = "access.ApiToken"  # noqa: S105 - a model, not a secret
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "stella_"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["stellapolicy.access.authentication.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["stellapolicy.api.permissions.HoldsScope"],
    "DEFAULT_RENDERER_CLASSES": ["stellapolicy.api.rendering.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["stellapolicy.api.parsing.JsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "stellapolicy.api.schema.ScopedSchema",
    "EXCEPTION_HANDLER": "stellapolicy.api.problems.as_problem",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
# How often one person or token (one address, where nobody is known) may ask; `off` lifts a limit.
RATE_LIMITS = {
    "reading": env.rate("RATE_READING", "1200/minute", about="reading requests of one person or token"),
    "writing": env.rate("RATE_WRITING", "300/minute", about="writing requests of one person or token"),
    "heavy": env.rate("RATE_HEAVY", "120/minute", about="evidence and evaluations of one person or token"),
    "token_exchange": env.rate("RATE_TOKEN_EXCHANGE", "60/minute", about="exchanges of ID tokens from one address"),
    "failed_sign_in": env.rate("RATE_FAILED_SIGN_IN", "30/minute", about="refused tokens from one address"),
    "stranger": env.rate("RATE_STRANGER", "60/minute", about="requests without sign-in from one address"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "stellapolicy",
    "DESCRIPTION": "Policy as code, exceptions with dual control, and release gates whose verdicts anyone can replay.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": ENUM_NAMES,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "stellapolicy.api.examples.give_examples",
    ],
}

# --- intelligence ---------------------------------------------------------------------------------------------------
# The feeds are one for all tenants; this tenant's people load them for everybody.
INSTALLATION_TENANT = env.text(
    "INSTALLATION_TENANT", "demo" if LAPTOP else "default", about="slug of the tenant that loads the feeds for all"
)
FEED_URLS = {
    "epss": env.text("EPSS_URL", "", about="where the EPSS day is fetched hourly; empty: never"),
    "kev": env.text("KEV_URL", "", about="where the KEV catalogue is fetched hourly; empty: never"),
}
EPSS_THRESHOLDS = env.listing(
    "EPSS_THRESHOLDS", "0.1,0.3,0.6,0.9", about="probabilities whose crossing is news, comma-separated"
)
EPSS_DISTANCE = env.text("EPSS_DISTANCE", "0.1", about="how far a probability moves to be news by itself")
EPSS_HISTORY_DAYS = env.integer("EPSS_HISTORY_DAYS", 400, about="how long the history of EPSS is kept")

# --- the way out ----------------------------------------------------------------------------------------------------
EGRESS_ALLOWED_HOSTS = env.listing(
    "EGRESS_ALLOWED_HOSTS", about="who may be called while constrained: `host`, `*.host`, `host:port`; comma-separated"
)
EGRESS_INTERNAL_HOSTS = env.grouped(
    "EGRESS_INTERNAL_HOSTS",
    about="hosts inside the network, by purpose (`oidc=sso.corp.example,webhook=chat:8065`); plain http included",
)

# --- what is told ---------------------------------------------------------------------------------------------------
OUTBOX_RETENTION_DAYS = env.integer("OUTBOX_RETENTION_DAYS", 90, about="days that events and what was sent are kept")
EMAIL_HOST = env.text("EMAIL_HOST", "", about="mail server of notifications; without it mail is refused as unsupported")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, about="its port")
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "", about="name at the mail server")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "", about="password at the mail server")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", default=True, about="`false` only for a server on the same machine")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", None if EMAIL_HOST else "stellapolicy@localhost", about="sender of notifications"
)
# A laptop without a mail server writes its mail to files.
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
if EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
elif LAPTOP:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
else:
    EMAIL_BACKEND = "stellapolicy.outbox.mail.UnsupportedBackend"

# --- language, time, looks ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- observability --------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN", "", about="bearer token of whoever reads /metrics")
METRICS_NETWORKS = env.listing(
    "METRICS_NETWORKS",
    "127.0.0.0/8,::1/128" if LAPTOP else "",
    about="networks that may read /metrics without a token, comma-separated",
)
METRICS_WORKER_ADDRESS = env.text(
    "METRICS_WORKER_ADDRESS", "", about="`host:port` at which a worker tells its own metrics; empty: nowhere"
)
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_configuration(
    level=env.text("LOG_LEVEL", "INFO", about="of the JSON logs on standard error"), console=LAPTOP
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
