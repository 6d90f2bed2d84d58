"""Artifacts: package files known by digest, and the facts read back from them."""

from dataclasses import dataclass, field

from controller.domain.recipes import NO_EXPORTS, Origin, RunExports


@dataclass(frozen=True, slots=True)
class Dependency:
    """A run dependency or constraint as recorded in the file, with where its bound came from."""

    spec: str
    origin: Origin = Origin.TEXT
    exporter: str = ""
    """The package whose export put it there, for ``run_export``."""

    @property
    def name(self) -> str:
        """The package that the spec speaks of."""
        return self.spec.split(" ", 1)[0].split("[", 1)[0].rsplit("::", 1)[-1]


@dataclass(frozen=True, slots=True)
class UsedPackage:
    """A package that was in the build or host environment an artifact was made in."""

    section: str
    """``build`` or ``host``."""
    name: str
    version: str
    build: str
    subdir: str
    direct: bool
    """Named in the recipe, not only drawn in by another package."""

    @property
    def file_stem(self) -> str:
        """``name-version-build``, the file name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A package file and what it records. Everything here was read from the file, but for the last block."""

    file_name: str
    subdir: str
    name: str
    version: str
    build: str
    build_number: int
    sha256: str
    md5: str
    size: int
    timestamp_ms: int
    depends: tuple[Dependency, ...] = ()
    constrains: tuple[Dependency, ...] = ()
    run_exports: RunExports = NO_EXPORTS
    has_run_exports: bool = False
    """Whether the file carries info/run_exports.json at all; CEP 12 keeps the difference."""
    noarch: str = ""
    license: str = ""
    license_family: str = ""
    arch: str | None = None
    platform: str | None = None
    track_features: str = ""
    features: str = ""
    python_site_packages_path: str = ""
    used: tuple[UsedPackage, ...] = ()
    """The build and host environments: the "built against" table."""
    tests: int = 0
    """How many tests travel in the file."""
    content: str = ""
    """Digest of all that it installs, blind to where and when it was built; empty where that is not known."""

    recipe: str = ""
    hash: str = ""
    """Hash of the used variant, as planned."""
    fingerprint: str = ""
    """Fingerprint of the recipe it was built from, as planned."""
    variant: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same package before and after a rebuild: subdir, name, hash of the used variant."""
        return (self.subdir, self.name, self.hash)
