"""Every setting of the project, read from the environment once.

Without DATABASE_URL and REDIS_URL the servers that `make run` started for this folder are used.
"""

from datetime import timedelta
from pathlib import Path

from costtrack import env
from costtrack.local import server_urls

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL = server_urls()

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", default=LOCAL.get("SECRET_KEY", ""))
if not SECRET_KEY:
    SECRET_KEY = "insecure-key-for-commands-that-sign-nothing"  # noqa: S105  refused when serving, see checks.py
# Fernet keys, the newest first: what must be read again (addresses with a token) is sealed with it.
KEY_RING = env.words("KEY_RING", default=LOCAL.get("KEY_RING", ""))
# Where people reach costtrack: links in messages begin with it.
PUBLIC_URL = env.text("PUBLIC_URL", default="http://127.0.0.1:8000")
# For developers: channels may point to this machine, without TLS.
LOOPBACK_CHANNELS = env.flag("LOOPBACK_CHANNELS", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS", default=False)

INSTALLED_APPS = [
    "billing",
    "tenants",
    "costtrack",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "costtrack.middleware.request_log",
    "costtrack.middleware.security_headers",
    "costtrack.middleware.refuse_nul",
    "tenants.middleware.KeyDoor",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tenants.sessions.SessionLimits",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.PageDoor",
]

ROOT_URLCONF = "costtrack.urls"
WSGI_APPLICATION = "costtrack.wsgi.application"
APPEND_SLASH = True

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
                "tenants.access.context",
            ],
        },
    }
]

# --- PostgreSQL. One URL is enough: it may be the owner of the tables, since serving connections take
# the role that row-level security binds (DATABASE_ROLE=owner is for migrations only).
DATABASE_URL = env.text("DATABASE_URL", default=LOCAL.get("DATABASE_URL", ""))
DATABASE_ROLE = env.text("DATABASE_ROLE", default="costtrack_app")
DATABASES = {"default": env.postgres(DATABASE_URL or "postgresql:///costtrack?host=/nowhere")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASE_ROLE != "owner":
    DATABASES["default"]["OPTIONS"]["assume_role"] = DATABASE_ROLE
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# --- Redis: a doorbell, a cache and a throttle; nothing in it may not be lost.
REDIS_URL = env.text("REDIS_URL", default=LOCAL.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
CACHES = {
    "default": {
        "BACKEND": "costtrack.cache.ForgivingCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "costtrack",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
# Per API key: calls a second for ever, and calls at once. 0 turns it off.
THROTTLE_PER_SECOND = env.number("THROTTLE_PER_SECOND", default=1_000)
THROTTLE_BURST = env.number("THROTTLE_BURST", default=2_000)
# Per address, of the public calculator.
PUBLIC_PER_SECOND = env.number("PUBLIC_PER_SECOND", default=1)
PUBLIC_BURST = env.number("PUBLIC_BURST", default=30)
# Whoever sends this as a bearer token may read /metrics; without one nobody may.
METRICS_TOKEN = env.text("METRICS_TOKEN")
CELERY_BROKER_URL = env.celery_broker(REDIS_URL)

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tenants.accounts.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# How many proxies of ours stand before the server: failed sign-ins are counted by the address the first sees.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("PROXIES", default=0)

MFA_ADAPTER = "tenants.factors.SealedFactors"
MFA_FORMS = {
    "authenticate": "tenants.web.factors.SignInForm",
    "reauthenticate": "tenants.web.factors.AgainForm",
    "add_webauthn": "tenants.web.factors.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "costtrack"
MFA_TOTP_TOLERANCE = 1  # a clock that is half a minute off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers themselves allow it on localhost only

# Sign-in by a company's own identity provider: off unless all three are given.
OIDC = env.oidc()
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"APPS": [OIDC] if OIDC else [], "OAUTH_PKCE_ENABLED": True}
}
SOCIALACCOUNT_ADAPTER = "tenants.accounts.VouchedOnly"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads elsewhere is refused by form-action 'self'
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False

# A session ends when it was not used for so long, and at the latest so long after it began.
SESSION_IDLE = timedelta(days=env.number("SESSION_IDLE_DAYS", default=14))
SESSION_AT_MOST = timedelta(days=env.number("SESSION_MAX_DAYS", default=30))
SESSION_COOKIE_AGE = int(SESSION_IDLE.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"

vars().update(env.mail(env.text("EMAIL_URL")))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="costtrack <costtrack@localhost>")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.drf.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.drf.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.drf.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "billing.api.openapi.KeySchema",
    "EXCEPTION_HANDLER": "tenants.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "costtrack",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "DESCRIPTION": "What calls to language models cost, exactly. Money and rates are decimal strings in"
    " US dollars; times are RFC 3339 with an offset; errors are RFC 9457 problems with a stable `code`.",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "billing.api.openapi.add_problems",
    ],
}

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "costtrack" / "static"  # all of ours: nothing to collect
WHITENOISE_USE_FINDERS = True  # the admin's own
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING_CONFIG = None
