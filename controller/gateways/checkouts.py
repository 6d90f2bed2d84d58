"""A recipe tree at one commit: its recipes, what each reading depends on, and their files where they are needed.

Only the folders of recipes that are read are ever written anywhere; nothing in them is run.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Protocol

from controller.domain.errors import NotFoundError, TreeError
from controller.gateways.layouts import VARIANT_FILES, Layout, RecipePlace, find_layout
from controller.gateways.listing import Entry, Listing, digest_of
from controller.gateways.migrated import Candidate, candidates
from controller.gateways.recipe_archives import pack
from controller.gateways.recipes import READER_VERSION, Recipe
from controller.gateways.skip_lists import folders_in, holds
from controller.gateways.tree_file import NO_TREE_FILE, TREE_FILE, ForeignFile, TreeFile, read_tree_file
from controller.gateways.tree_migrations import NO_TREE_MIGRATIONS, AskedPins, Limits, TreeMigrations, wanted
from controller.gateways.variant_files import PinFile
from controller.gateways.versions import reader_versions

_LARGEST = 2_000_000
"""Larger files are no text that a reading could want; they are there by name, and empty."""
_AT_ONCE = 500


class Contents(Protocol):
    """Where the contents of a listing come from."""

    def read(self, blobs: Iterable[str], most: int | None = None) -> Mapping[str, bytes]:
        """By id; those that are not there, or have more than ``most`` bytes, are left out."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """One tree at one commit."""

    commit: str
    listing: Listing
    contents: Contents
    layout: Layout
    tree_file: TreeFile
    pins: tuple[PinFile, ...]
    """Those of all recipes, in order."""
    place_of: Callable[[str, str], Path]
    """Where the files of a recipe are to be, by its folder and the digest of its files."""
    files: Mapping[str, tuple[Entry, ...]]
    """Each recipe's own files; those of recipes within its folder left out."""
    places: Mapping[str, RecipePlace]
    skipped: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Recipes that a skip list of the tree leaves out, with the subdirs; ``*`` is all."""
    migrations: TreeMigrations = NO_TREE_MIGRATIONS
    asked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pins of the tree with other values than they have, for a question."""
    _keys: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)

    def after(self, commit: str, changes: Mapping[str, Entry]) -> "Checkout | None":
        """The tree at another commit that differs by the contents of these files; None if all of it may differ then."""
        apart = {TREE_FILE, *self.layout.pins, *self.layout.skip_lists, *self.listing.targets}
        touched = {owner for path in changes for owner in _above(path) if owner in self.files}
        recorded = any(self.places[folder].skip_listed for folder in touched & self.places.keys())
        foreign = any(isinstance(pin, ForeignFile) for pin in self.tree_file.pins)
        if foreign or recorded or apart & changes.keys() or wanted(self.layout.pins, changes):
            return None
        files = dict(self.files)
        for folder in touched:
            files[folder] = tuple(changes.get(entry.path, entry) for entry in files[folder])
        keys = {at: key for at, key in self._keys.items() if at[0] not in touched}
        return replace(self, commit=commit, listing=self.listing.changed(changes), files=files, _keys=keys)

    def asking(self, asked: AskedPins) -> "Checkout":
        """The tree with what is asked of its pins."""
        values = tuple(sorted(asked.values.items()))
        return replace(self, asked=values, migrations=self.migrations.asking(asked.migrations), _keys={})

    def limited(self, limits: Limits) -> "Checkout":
        """The tree with its limited migrations for recipes in these folders."""
        return replace(self, migrations=self.migrations.limited(limits), _keys={})

    def readings(self, subdirs: Sequence[str]) -> Iterator[tuple[RecipePlace, str]]:
        """Each recipe for each subdir that it is for, skip-listed ones left out."""
        for folder, place in self.places.items():
            skips = self.skipped.get(folder, ())
            for subdir in subdirs:
                if (not place.subdirs or subdir in place.subdirs) and not {"*", subdir} & set(skips):
                    yield place, subdir

    def keys(self, wanted: Iterable[tuple[RecipePlace, str]]) -> dict[str, tuple[RecipePlace, str]]:
        """A digest of all that a reading depends on, for each."""
        shared = self._shared_key()
        return {self._key(place, subdir, shared): (place, subdir) for place, subdir in wanted}

    def recipes(self, places: Iterable[RecipePlace]) -> dict[str, Recipe]:
        """Recipes by folder, their files written where they are not yet. Raises TreeError."""
        found = {}
        for recipe, unwritten in self.unwritten(places):
            if unwritten is not None:
                unwritten.write()
            found[recipe.recipe] = recipe
        return found

    def unwritten(self, places: Iterable[RecipePlace]) -> Iterator[tuple[Recipe, "Unwritten | None"]]:
        """Each recipe once, with what has to be written before it can be read."""
        left = iter({place.folder: place for place in places}.values())
        while some := list(islice(left, _AT_ONCE)):
            missing = [place for place in some if not self._folder(place).is_dir()]
            blobs = [entry.blob for place in missing for entry in self.files[place.folder]]
            contents = self.contents.read(blobs, _LARGEST) if blobs else {}
            folders = {place.folder for place in missing}
            for place in some:
                files = self._unwritten(place, contents) if place.folder in folders else None
                yield self._recipe(place, contents), files

    def recipe(self, folder: str) -> Recipe:
        """The recipe of a folder, its files written. Raises NotFoundError."""
        if folder not in self.places:
            raise NotFoundError(f"There is no recipe in {folder}.", remedy="Name the folder of one.")
        return self.recipes([self.places[folder]])[folder]

    def archive(self, folder: str) -> bytes:
        """A gzipped tar of all files below a folder, the same bytes for the same files. Raises TreeError."""
        entries = self.listing.below(folder)
        contents = self.contents.read({entry.blob for _, entry in entries})
        for name, entry in entries:
            if entry.blob not in contents:
                raise TreeError(f"The content of {folder}/{name} is not in the repository.", remedy="Fetch it whole.")
        return pack((name, contents[entry.blob], entry.program) for name, entry in entries)

    def _shared_key(self) -> str:
        digest = sha256("\0".join([READER_VERSION, *reader_versions()]).encode())
        for pin in self.pins:
            digest.update(f"\0{pin.name}\0{sha256(pin.text).hexdigest()}".encode())
        digest.update(repr(sorted(self.tree_file.environment.items())).encode())
        digest.update(repr(self.asked).encode() if self.asked else b"")
        return digest.hexdigest()

    def _key(self, place: RecipePlace, subdir: str, shared: str) -> str:
        known = self._keys.get((place.folder, subdir))
        if known is None:
            known = self._keys[place.folder, subdir] = self._new_key(place, subdir, shared)
        return known

    def _new_key(self, place: RecipePlace, subdir: str, shared: str) -> str:
        own = digest_of(self.files[place.folder], place.folder)
        beside = [one.digest for one in self._candidates(place, subdir)]
        text = "\0".join([shared, place.folder, place.file, *place.pins, own, subdir, *beside])
        return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def _candidates(self, place: RecipePlace, subdir: str) -> list[Candidate]:
        files = self.migrations.for_recipe(place.folder)
        if not files:
            return []
        return candidates(files, place.folder, subdir, tuple(sorted(self.tree_file.environment.items())))

    def _folder(self, place: RecipePlace) -> Path:
        return self.place_of(place.folder, digest_of(self.files[place.folder], place.folder))

    def _recipe(self, place: RecipePlace, contents: Mapping[str, bytes]) -> Recipe:
        folder = self._folder(place)
        start = "" if place.folder == "." else f"{place.folder}/"
        apart = {place.path, *(f"{start}{name}" for name in VARIANT_FILES), *place.skip_listed.values()}
        others = [entry for entry in self.files[place.folder] if entry.path not in apart]
        own = tuple(PinFile(pin, self._own(pin, folder, start, contents)) for pin in place.pins)
        environment = tuple(sorted(self.tree_file.environment.items()))
        files = digest_of(others, place.folder)
        migrations = self.migrations.for_recipe(place.folder)
        return Recipe(
            place.folder, place.file, folder, files, self.pins + own, environment, len(own), migrations, self.asked
        )

    def _own(self, pin: str, folder: Path, start: str, contents: Mapping[str, bytes]) -> bytes:
        blob = self.listing.entries[pin].blob
        return contents[blob] if blob in contents else (folder / pin.removeprefix(start)).read_bytes()

    def _unwritten(self, place: RecipePlace, contents: Mapping[str, bytes]) -> "Unwritten":
        start = 0 if place.folder == "." else len(place.folder) + 1
        files = ((e.path[start:], contents.get(e.blob, b""), e.program) for e in self.files[place.folder])
        return Unwritten(self._folder(place), tuple(files))


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The files of a recipe, and the folder that they go to."""

    target: Path
    files: tuple[tuple[str, bytes, bool], ...]
    """Name, content, and whether it is a program."""

    def write(self) -> None:
        """Write them read-only, all or none. Whoever comes second keeps the first one's."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(dir=self.target.parent, prefix=".new-")
        made = {fresh}
        try:
            for name, data, program in self.files:
                path = f"{fresh}/{name}"
                above = path.rpartition("/")[0]
                if above not in made:
                    os.makedirs(above, exist_ok=True)  # noqa: PTH103 -- ten thousand folders: Path takes twice as long
                    made.add(above)
                _write(path, data, 0o555 if program else 0o444)
            settle(Path(fresh), self.target)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


def open_checkout(
    commit: str,
    listing: Listing,
    contents: Contents,
    foreign: Callable[[ForeignFile], PinFile],
    place_of: Callable[[str, str], Path],
) -> Checkout:
    """The tree of a listing. ``foreign`` fetches the pin files of other trees. Raises TreeError."""
    tree_file = _tree_file(listing, contents)
    layout = find_layout(listing.entries.keys(), tree_file)
    own = _texts(layout.pins, listing, contents)
    pins = tuple(
        foreign(pin) if isinstance(pin, ForeignFile) else PinFile(pin, own[pin])
        for pin in (tree_file.pins or layout.pins)
    )
    places = {place.folder: place for place in layout.places}
    files = listing.by_recipe()
    skipped = _skipped(layout, listing, contents)
    texts = _texts(wanted(layout.pins, listing.entries), listing, contents)
    moving = TreeMigrations.of(layout.pins, texts, places)
    return Checkout(commit, listing, contents, layout, tree_file, pins, place_of, files, places, skipped, moving)


def _above(path: str) -> Iterator[str]:
    """Every folder that a file is in."""
    while path:
        path = path.rpartition("/")[0]
        yield path or "."


def _write(path: str, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def settle(fresh: Path, target: Path) -> None:
    """Give a finished folder its name, unless somebody else has done so."""
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(fresh, ignore_errors=True)


def _tree_file(listing: Listing, contents: Contents) -> TreeFile:
    entry = listing.entries.get(TREE_FILE)
    return read_tree_file(contents.read([entry.blob]).get(entry.blob, b"")) if entry else NO_TREE_FILE


def _texts(paths: Iterable[str], listing: Listing, contents: Contents) -> dict[str, bytes]:
    """Contents by path. Raises TreeError for one that is not in the repository."""
    blobs = {path: listing.entries[path].blob for path in paths}
    found = contents.read(blobs.values()) if blobs else {}
    for path, blob in blobs.items():
        if blob not in found:
            raise TreeError(f"The content of {path} is not in the repository.", remedy="Fetch it whole.")
    return {path: found[blob] for path, blob in blobs.items()}


def _skipped(layout: Layout, listing: Listing, contents: Contents) -> dict[str, frozenset[str]]:
    lists = _texts(layout.skip_lists, listing, contents)
    skipped = {folder: frozenset({"*"}) for text in lists.values() for folder in folders_in(text)}
    recorded = [place for place in layout.places if place.skip_listed and place.folder not in skipped]
    texts = _texts({p for place in recorded for p in (place.path, *place.skip_listed.values())}, listing, contents)
    for place in recorded:
        subdirs = [s for s, path in place.skip_listed.items() if holds(texts[path], texts[place.path])]
        if subdirs:
            skipped[place.folder] = frozenset(subdirs)
    return skipped
