"""Settings of a service: environment variables with the prefix `CLINCH_`, secrets also from `CLINCH_<NAME>_FILE`."""

import os
import re
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.log.bus import check_url

_DEVELOPMENT = "development-only"


def _installed() -> str:
    try:
        return version("clinch")
    except PackageNotFoundError:  # an image holds the code without the package's metadata, and names its version itself
        return "unknown"


class LogSettings(BaseSettings):
    """What every process of ours is told about its logs."""

    model_config = SettingsConfigDict(env_prefix="CLINCH_", frozen=True, extra="ignore")

    version: str = Field(default_factory=_installed, description="What the logs and figures say they come from; the images' tag")
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(LogSettings):
    """What every service is told.

    What one service alone is told is in a subclass, which its `Service` names.

    Built once, in `shared.process.cli` or by the embedded run, and passed down; nothing reads the environment later.
    """

    env: Literal["development", "test", "production"] = "development"
    database_url: str = Field(description="postgresql://user:password@host:port/database of this service alone")
    bus_url: str = Field(description="kafka://host:port[,host:port], or postgresql://... for the log in Postgres")
    topic_partitions: int = Field(
        default=8, ge=1, le=1000, description="Partitions of a topic that is created; one that exists keeps its own"
    )
    issuer: str = Field(description="The exact `iss` of access tokens; a service refuses to start without one")
    audience: str = "clinch"
    jwks_url: str | None = Field(default=None, description="Where the issuer's keys are; by default found by OIDC discovery")
    roles_claim: str = Field(default="roles", description="Path of the roles claim, for example realm_access.roles")
    cursor_key: SecretStr = Field(default=SecretStr(_DEVELOPMENT), description="Signs list cursors; the same in all replicas")
    secret_key: SecretStr = Field(
        default=SecretStr(_DEVELOPMENT), description="Encrypts secrets at rest; several, separated by commas, while one replaces another"
    )
    pool_size: int = Field(default=10, ge=2, le=200, description="Database connections of one process at most")
    pool_wait_seconds: float = Field(default=5, gt=0, description="How long a request waits for a connection before it is answered 503")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    drain_delay_seconds: float = Field(
        default=3, ge=0, le=60, description="How long an API that was told to end still takes connections, so that its balancer notices"
    )
    admin_port: int = Field(default=0, ge=0, le=65535, description="Where /metrics and the probes of a worker are served; 0 for none")
    time_zone: str = Field(default="UTC", description="The company's zone: decides when a due day ends, and which day a figure belongs to")
    reporting_currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    fx_rates: dict[str, Decimal] = Field(
        default_factory=dict,
        description='Units of the reporting currency for one unit, before the first rate that was set by day: {"USD": "7.1"}',
    )
    same_name_accounts: Literal["offer", "join", "new"] = Field(
        default="offer",
        description="What version 1 of the policy begins with, for accounts of the same name: ask (409), join, or make another one",
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=9,
        description="Proxies of yours before the API, which each add to X-Forwarded-For: tells apart who opens links and sends forms",
    )
    cors_origins: tuple[str, ...] = ()
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+(/[^\s/?#]+)*)?$",
        description="Where others reach the one origin, for example https://clinch.example.com: events name their schemas there",
    )
    smtp_url: SecretStr | None = Field(default=None, description="The mail server: smtp://user:password@host:587, or smtps://...:465")
    mail_from: str = Field(default="clinch@localhost", description="Whom our mail is from")
    attachment_store: Literal["database", "s3"] = Field(
        default="database", description="Where files that are attached from now on are kept; those that are there stay readable"
    )
    s3_endpoint: str = Field(
        default="", pattern=r"^(https?://[^\s/?#@]+)?$", description="The S3-compatible store: https://s3.eu-central-1.amazonaws.com"
    )
    s3_region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$", description="The region that requests are signed for")
    s3_bucket: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", description="The bucket, which is there already")
    s3_prefix: str = Field(
        default="clinch/", pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$", description="What names in the bucket begin with"
    )
    s3_path_style: bool = Field(default=True, description="The bucket is in the path of addresses; false: in the host's name")
    s3_access_key: str = Field(default="", description="Who Clinch is to the store")
    s3_secret_key: SecretStr | None = Field(default=None, description="What it signs requests to the store with")

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in cls.model_fields:
            path = os.environ.get(f"CLINCH_{name.upper()}_FILE")
            if path and name not in values:
                values[name] = Path(path).read_text().strip()
        return values

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("not an IANA time zone; write for example Asia/Shanghai") from None
        return value

    @field_validator("bus_url")
    @classmethod
    def _some_bus(cls, value: str) -> str:
        check_url(value)
        return value

    @field_validator("secret_key")
    @classmethod
    def _some_key(cls, value: SecretStr) -> SecretStr:
        if not all(key.strip() for key in value.get_secret_value().split(",")):
            raise ValueError("a key is empty")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _some_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            return None
        if value is not None and not re.match(r"smtps?://([^@/]+@)?[^@/:]+(:\d+)?/?$", value.get_secret_value()):
            raise ValueError("not a mail server; write smtp://user:password@host:587, or smtps://user:password@host:465")
        return value

    @field_validator("s3_secret_key")
    @classmethod
    def _some_secret(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value() else None

    @model_validator(mode="after")
    def _bucket_is_whole(self) -> "Settings":
        needed = ("s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key")
        missing = [f"CLINCH_{name.upper()}" for name in needed if not getattr(self, name)]
        if missing and (self.attachment_store == "s3" or len(missing) < len(needed)):
            raise ValueError(f"a store of files needs {' and '.join(missing)} too")
        return self

    @model_validator(mode="after")
    def _production_has_secrets(self) -> "Settings":
        if self.env == "production":
            for name in ("cursor_key", "secret_key"):
                if _DEVELOPMENT in getattr(self, name).get_secret_value():
                    raise ValueError(f"CLINCH_{name.upper()} must be set in production")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def one_line(error: ValidationError) -> str:
    """A settings error as one sentence for the terminal: which variable, what is wrong."""
    parts = [f"CLINCH_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" if e["loc"] else e["msg"] for e in error.errors()]
    return "; ".join(parts)
