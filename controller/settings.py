"""Every knob, typed, with a sentence each. Read by ``controller.wiring`` alone.

Explicit beats environment (``FARM_*``) beats ``farm.toml`` beats the default.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from controller.domain.priorities import Priority


class Watched(BaseModel):
    """A table ``[[watch]]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(min_length=1, description="URL, folder, or name of a channel of anaconda.org.")
    subdirs: tuple[str, ...] = Field(default=(), description="Subdirs to watch; empty means the farm's and noarch.")
    packages: tuple[str, ...] = Field(default=(), description="Patterns of package names to watch; empty means all.")
    interval_seconds: float = Field(default=900.0, ge=1, description="It is asked this often.")


class Settings(BaseSettings):
    """The controller's settings."""

    model_config = SettingsConfigDict(env_prefix="FARM_", toml_file="farm.toml", extra="ignore")

    data: Path = Field(default=Path("farm-data"), description="Folder that holds database, store, logs and tokens.")
    host: str = Field(default="127.0.0.1", description="Address the controller listens on.")
    port: int = Field(default=8440, ge=0, le=65535, description="Port the controller listens on; 0 takes a free one.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    broker_url: str = Field(default="", description="Redis or Valkey URL; empty means an embedded server.")
    public_url: str = Field(default="", description="Address that workers and clients use; empty means host and port.")
    workers: int = Field(default=2, ge=0, description="Worker processes that `farm up` starts beside the controller.")
    subdirs: tuple[str, ...] = Field(default=(), description="Subdirs to build for; empty means this machine's.")
    noarch_pool: str = Field(default="", description="Pool that builds noarch packages; empty means the first subdir.")
    trees: tuple[str, ...] = Field(
        default=(), description="Trees that form one farm: a push of one plans on all; the first makes what two would."
    )
    upstream: tuple[str, ...] = Field(default=(), description="Channel URLs below stable, highest priority first.")
    watch: tuple[Watched, ...] = Field(
        default=(), description="Channels whose packages are watched: what moves there is followed here, as a push is."
    )

    lease_seconds: float = Field(default=60.0, gt=0, description="A silent worker's job is given away after this time.")
    max_attempts: int = Field(default=3, ge=1, description="Lost attempts after which a job is quarantined.")
    wish_seconds: float = Field(
        default=600.0, ge=0, description="So long a repeated job waits for another worker, or for a machine of its own."
    )
    longer_times: float = Field(default=2.0, ge=1, description="Limits after a timeout, as times of the usual ones.")
    memory_times: float = Field(
        default=1.0, ge=0, description="A job asks for so many times the memory that it needed before; 0: for none."
    )
    known_failure_days: float = Field(
        default=7.0, ge=0, description="So long a build with the inputs of one that failed is not run again; 0: it is."
    )
    baseline_days: float = Field(
        default=7.0, ge=0, description="So long a test that passed counts as passed before; 0: a control is always run."
    )
    worker_faults: int = Field(
        default=3, ge=0, description="A worker that loses so many different jobs in a row is drained; 0: none is."
    )
    flake_times: int = Field(
        default=3, ge=0, description="A test that came and went so often in FARM_FLAKE_RUNS is quarantined; 0: none is."
    )
    flake_runs: int = Field(
        default=40, ge=1, le=60, description="So many of the last runs of a test count for its history."
    )
    quarantine_days: float = Field(
        default=30.0, gt=0, description="A quarantine ends after this time, where nobody names another end."
    )
    quarantine_clean_runs: int = Field(
        default=20, ge=1, description="A quarantine ends after so many runs in a row without a failure."
    )
    build_seconds: float = Field(default=7200.0, gt=0, description="Limit of one build.")
    test_seconds: float = Field(default=1800.0, gt=0, description="Limit of one test job.")
    silence_seconds: float = Field(default=1800.0, gt=0, description="Limit of silence in a log.")
    log_bytes: int = Field(default=64 * 1024 * 1024, gt=0, description="Largest log of one attempt, in bytes.")
    output_bytes: int = Field(default=8 * 1024**3, gt=0, description="Largest package file, in bytes.")
    package_format: str = Field(default="conda:3", description="Package format and compression level of builds.")
    circuit_breaker_jobs: int = Field(default=2000, ge=1, description="Larger plans wait for a person.")
    circuit_breaker_times: float = Field(
        default=10.0, ge=0, description="A plan so many times the tree's usual size waits for a person; 0: none does."
    )
    watch_priority: Priority = Field(
        default=Priority.LOW, description="Priority of what moves in watched channels: nobody waits for it."
    )
    background_hours: float = Field(
        default=168.0, ge=0, description="After this time a batch in the background counts as low, and has a share."
    )
    leader_seconds: float = Field(
        default=15.0,
        ge=1,
        description="Of several controllers, another one leads when the leader is silent for so long.",
    )
    idle_seconds: float = Field(
        default=600.0,
        ge=0,
        description="Work that nobody starts for so long is told, and what is in its way; 0: never.",
    )
    tick_seconds: float = Field(default=1.0, gt=0, description="The loop looks at everything at least this often.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit beats environment beats file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'farm.sqlite3'}"
