"""How the admin looks: the setting of its theme, which names functions and colours and reads nothing."""

from typing import Any

UNFOLD: dict[str, Any] = {  # Any: the shape of the theme's own setting
    "SITE_TITLE": "stellapolicy",
    "SITE_HEADER": "stellapolicy",
    "SITE_SUBHEADER": "May it ship?",
    "SITE_SYMBOL": "verified_user",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "stellapolicy.admin.assets.favicon"},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["stellapolicy.admin.assets.style"],
    "SCRIPTS": ["stellapolicy.admin.assets.script"],
    "ENVIRONMENT": "stellapolicy.admin.assets.tenant",
    "ACCOUNT": {"navigation": "stellapolicy.access.admin.tenants.account_links"},
    "DASHBOARD_CALLBACK": "stellapolicy.admin.dashboard.callback",
    "SIDEBAR": {"navigation": "stellapolicy.admin.navigation.sections"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
}
