"""Settings: environment variables or `.env`; the table in `docs/settings.md` is made from this class."""

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHORTEST_TOKEN = 16
_TEN_YEARS = 10 * 365 * 24 * 3600


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Every field is one variable with the prefix `SHIMING_`."""

    model_config = SettingsConfigDict(
        env_prefix="SHIMING_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Annotated[
        Environment,
        Field(
            description="`development` or `production`; production refuses to start with sandbox providers, development"
            " keys, a moved clock or a plain-http issuer."
        ),
    ] = Environment.DEVELOPMENT
    data_dir: Annotated[Path, Field(description="Where the embedded database lives.")] = Path("var")
    database_url: Annotated[
        str, Field(description="`postgresql://...` for production; empty means SQLite in the data directory.")
    ] = ""
    database_role: Annotated[
        str,
        Field(
            max_length=63,
            description="PostgreSQL: the role that serves. `shiming init`, run as the owner of the tables, grants it"
            " what it needs and no change of the audit log; production refuses to serve as a role that may change it.",
        ),
    ] = ""
    keys_dir: Annotated[Path, Field(description="The key files; back them up apart from the database.")] = Path("keys")
    audit_dir: Annotated[
        Path | None,
        Field(
            description="Where the audit log keeps what it signed last, apart from the database and never restored with"
            " it; when empty, the key directory."
        ),
    ] = None
    audit_anchor_file: Annotated[
        Path | None,
        Field(
            description="A file on another host's disk, to which checkpoints of the audit log are appended: it shows"
            " what somebody with database and keys has rewritten. Production needs this or `SHIMING_AUDIT_SYSLOG`."
        ),
    ] = None
    audit_syslog: Annotated[
        str,
        Field(
            description="Where checkpoints of the audit log go likewise, as lines of syslog: `udp://host:514`,"
            " `tcp://host:601`, or a local socket such as `/dev/log`."
        ),
    ] = ""
    issuer: Annotated[str, Field(description="The public address; it stands in every token.")] = "http://127.0.0.1:8000"
    verification_providers: Annotated[
        str, Field(description="Who checks documents: one name, or several with commas, in the order of asking.")
    ] = "sandbox"
    sms_senders: Annotated[str, Field(description="Who sends one-time codes.")] = "sandbox"
    log_level: Annotated[str, Field(description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.")] = "INFO"
    token_ttl_seconds: Annotated[
        int | None, Field(ge=60, le=900, description="How long a posting token is good for; 600 when not set.")
    ] = None
    sms_pause_seconds: Annotated[
        int | None,
        Field(
            ge=0, description="Between two texts to one phone; 60 when not set, and production refuses less than 30."
        ),
    ] = None
    operator: Annotated[
        str, Field(max_length=80, description="Who answers for personal information; when empty, the forum.")
    ] = ""
    contact: Annotated[
        str, Field(max_length=200, description="Where people reach them: an address or a phone, as people read it.")
    ] = ""
    metrics_token: Annotated[
        SecretStr | None,
        Field(
            description="Opens `/metrics` as a bearer token, 16 characters or more; without it `/metrics` is open in"
            " development and closed in production."
        ),
    ] = None
    trusted_proxies: Annotated[
        str,
        Field(
            description="Addresses or networks, with commas between, whose `X-Forwarded-For` is believed; behind a"
            " proxy that is not named here everybody shares the proxy's rate limits."
        ),
    ] = ""
    daily_checks: Annotated[
        int | None, Field(ge=0, description="Perhaps billed checks of one provider in a day; 10,000 when not set.")
    ] = None
    monthly_checks: Annotated[
        int | None, Field(ge=0, description="Perhaps billed checks of one provider in a month; 100,000 when not set.")
    ] = None
    daily_texts: Annotated[
        int | None, Field(ge=0, description="Texts to all phones together in a day; 20,000 when not set.")
    ] = None
    clock_offset_seconds: Annotated[
        int, Field(ge=-_TEN_YEARS, le=_TEN_YEARS, description="Moves the service's clock; development only.")
    ] = 0

    @field_validator("issuer")
    @classmethod
    def _without_slash(cls, issuer: str) -> str:
        if not issuer.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return issuer.rstrip("/")

    @field_validator("audit_syslog")
    @classmethod
    def _reachable(cls, address: str) -> str:
        found = urlsplit(address)
        remote = found.scheme in {"udp", "tcp"} and found.hostname and found.port and not found.path
        if address and not address.startswith("/") and not remote:
            raise ValueError("must be udp://host:port, tcp://host:port or the path of a socket")
        return address

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        said = token.get_secret_value() if token else ""
        if said and (len(said) < _SHORTEST_TOKEN or not said.isascii() or " " in said):
            raise ValueError(f"must have at least {_SHORTEST_TOKEN} characters of ASCII and no space")
        return token if said else None

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        named = [word.strip() for word in proxies.split(",") if word.strip()]
        for word in named:
            ipaddress.ip_network(word)
        return ",".join(named)

    def database(self) -> str:
        """The database's address, SQLite in the data directory by default."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'shiming.db'}"

    def audit_directory(self) -> Path:
        """Where the last signed checkpoint lies; beside the keys by default."""
        return self.audit_dir or self.keys_dir
