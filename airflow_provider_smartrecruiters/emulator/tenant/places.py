"""Names of countries, regions and languages, as answers repeat them beside their codes."""

from __future__ import annotations

COUNTRIES = {"pl": "Poland", "de": "Germany", "us": "United States", "gb": "United Kingdom", "fr": "France"}

REGIONS = {
    ("pl", "MA"): "Lesser Poland",
    ("de", "BE"): "Berlin",
    ("us", "CA"): "California",
    ("gb", "ENG"): "England",
    ("fr", "IDF"): "Île-de-France",
}

LANGUAGES = {
    "en": ("English", "English (US)"),
    "en-GB": ("English (UK)", "English (UK)"),
    "de": ("German", "Deutsch"),
    "fr": ("French", "Français"),
    "pl": ("Polish", "Polski"),
    "es": ("Spanish", "Español"),
    "pt": ("Portuguese", "Português"),
}
