"""The settings page is the settings class, and the settings are those of the contract.

After a change of a setting, `.venv/bin/python -m tests.architecture.test_settings_documented` writes the page anew.
"""

import re
from enum import Enum
from pathlib import Path

from pydantic.fields import FieldInfo

from app.settings import Settings

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = _DOCS / "settings.md"
_HEAD = """# Settings

Environment variables, or the same names in a file `.env`. Made from `app/settings.py`; a test holds both equal.

| variable | default | what |
| --- | --- | --- |
"""


def page() -> str:
    return _HEAD + "".join(f"{_row(name, field)}\n" for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{_variable(name)}` | {_default(field.default)} | {field.description} |"


def _variable(name: str) -> str:
    return f"{Settings.model_config['env_prefix']}{name}".upper()


def _default(value: object) -> str:
    plain = value.value if isinstance(value, Enum) else value
    return "not set" if plain in {None, ""} else f"`{plain}`"


def test_the_settings_page_is_made_from_the_settings() -> None:
    assert _PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_says_in_a_sentence_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert "|" not in field.description, name


def test_every_setting_of_the_contract_is_one_and_the_contract_sends_to_the_full_table_for_the_rest() -> None:
    contract = (_DOCS / "api.md").read_text(encoding="utf-8").split("## 13 ", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"`(SHIMING_[A-Z_]+)`", contract))
    assert len(named) > 10
    assert named <= {_variable(name) for name in Settings.model_fields}
    assert "The full table is generated into the docs from the settings class." in contract


def test_the_defaults_that_the_contract_names_are_the_ones_in_force() -> None:
    contract = (_DOCS / "api.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"`(SHIMING_[A-Z_]+)` \(`\.?/?([^`]+)`\)", contract))
    assert set(said) == {
        "SHIMING_DATA_DIR",
        "SHIMING_KEYS_DIR",
        "SHIMING_ISSUER",
        "SHIMING_VERIFICATION_PROVIDERS",
        "SHIMING_SMS_SENDERS",
    }
    for name, field in Settings.model_fields.items():
        if _variable(name) in said:
            assert str(field.default) == said[_variable(name)], name


if __name__ == "__main__":
    _PAGE.write_text(page(), encoding="utf-8")
