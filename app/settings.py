"""The settings, read once from the environment; each is described in the README."""

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import DirectoryPath, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS = {"sqlite+aiosqlite", "postgresql+asyncpg"}

_DATABASES = "the database is sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
_ENCODED = (
    "the host and port cannot be told from the rest: what is special in a password is percent-encoded, as %40 for @ "
    "and %3A for :"
)


class Settings(BaseSettings):
    """What an operator may set, by environment variables that begin with ``VESTKA_``."""

    model_config = SettingsConfigDict(env_prefix="VESTKA_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///vestka.db"),
        description="The database: `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`.",
    )
    read_database_url: SecretStr | None = Field(
        default=None, description="A replica that answers reads; the database itself when unset."
    )
    seed: bool = Field(default=True, description="Whether an empty register gets the first content on start.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+[^/\s])?$",
        description="Where readers reach the register, as in `https://register.example`; makes links absolute.",
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="The largest request body, in bytes.")
    max_batch_bytes: int = Field(
        default=32_000_000, ge=1_000, description="The same for `POST /v1/batch`, which holds many records."
    )
    max_address_bytes: int = Field(
        default=32_000, ge=1_000, le=60_000, description="The longest address with its query, in bytes."
    )
    rate_limit_public: int = Field(
        default=600, ge=0, description="Requests a minute for each client without a key, per worker; 0 for no limit."
    )
    rate_limit_key: int = Field(
        default=6000, ge=0, description="Requests a minute for each key, per worker; 0 for no limit."
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of your proxies, with commas between: only their `X-Forwarded-For` "
        "is believed.",
    )
    review_days_pretrial: int = Field(
        default=45,
        ge=1,
        le=3650,
        description="After how many days without confirmation an address is `stale` for people before trial: arrest, "
        "police custody, pre-trial detention.",
    )
    review_days: int = Field(default=180, ge=1, le=3650, description="The same for everybody else who is held.")
    hot_cache_mb: int = Field(
        default=64, ge=0, le=100_000, description="Room for ready answers, in megabytes a worker; 0 for none."
    )
    writing_process: bool = Field(
        default=True,
        description="Whether each worker has writes carried out by a process of its own, which the first of them "
        "begins, so that nobody who reads waits for it.",
    )
    font_dir: DirectoryPath | None = Field(
        default=None, description="A folder of fonts for scripts that the built-in ones lack, such as Chinese."
    )
    press_queue: int = Field(
        default=16, ge=1, le=1000, description="How many PDFs may wait to be printed, per worker; more get 503."
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="The port of `/metrics`, on its own address; 0 for none."
    )
    metrics_host: str = Field(default="127.0.0.1", description="The address on which `/metrics` listens.")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="How much is logged: never who reads what."
    )

    @field_validator("database_url", "read_database_url")
    @classmethod
    def _known_driver(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            url = _read(value.get_secret_value())
            if url.drivername not in _DRIVERS or url.database in {None, "", ":memory:"}:
                raise ValueError(_DATABASES)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            _networks_in(value)
        except ValueError:
            raise ValueError("takes addresses or networks, such as 127.0.0.1,10.0.0.0/8, and no names") from None
        return value

    @cached_property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Give the proxies that are believed when they say whom a request is from."""
        return _networks_in(self.trusted_proxies)

    @cached_property
    def url(self) -> str:
        """Give the database's address, secret included."""
        return self.database_url.get_secret_value()

    @cached_property
    def read_url(self) -> str:
        """Give the address of the database that answers reads."""
        return self.read_database_url.get_secret_value() if self.read_database_url else self.url


def _read(address: str) -> URL:
    """Read a database's address; what is wrong is told without a word of it, which may be one of the password."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise ValueError(_DATABASES) from None
    except ValueError:  # what stands where the port should be
        raise ValueError(_ENCODED) from None
    if "@" in (url.host or ""):
        raise ValueError(_ENCODED)
    return url


def _networks_in(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(said.strip()) for said in text.split(",") if said.strip())
