"""What pin files say together: as pins, and as the builder's own configuration. Kept by their content."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rattler_build import RattlerBuildError, VariantConfig

from controller.gateways.pins import PinError, Pins, merge_all
from controller.gateways.rendering import load_variants
from controller.gateways.variant_files import PinFile, read_pin_file

Environment = tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def pins_for(files: tuple[PinFile, ...], subdir: str, environment: Environment = ()) -> Pins:
    """What the files say together; later ones win. Raises PinError."""
    return merge_all([_pins_of(file, subdir, environment) for file in files])


@lru_cache(maxsize=256)
def _pins_of(file: PinFile, subdir: str, environment: Environment) -> Pins:
    return read_pin_file(file, subdir, dict(environment))


@lru_cache(maxsize=256)
def variants_for(files: tuple[PinFile, ...], subdir: str, environment: Environment = ()) -> VariantConfig:
    """The same as the builder reads it, with its types. Raises PinError.

    The farm's own reader goes first: it tells files and lines, and lets nobody ask for this process's environment.
    """
    pins_for(files, subdir, environment)
    if not files:
        return VariantConfig()
    with TemporaryDirectory(prefix="farm-pins-") as scratch:
        paths = [_written(Path(scratch, str(number)), file) for number, file in enumerate(files)]
        for count, file in enumerate(files, 1):  # one after the other, so that the broken one can be named
            try:
                found = load_variants(paths[:count], subdir)
            except (RattlerBuildError, ValueError, TypeError) as error:
                raise PinError(str(error).replace(f"{scratch}/{count - 1}/", ""), file=file.name) from error
    return found


def _written(folder: Path, file: PinFile) -> Path:
    folder.mkdir()
    path = folder / file.name.rpartition("/")[2]
    path.write_bytes(file.text)
    return path
