"""What a plan says beside its members, in sentences: pins that stay behind, and migrations that are in doubt."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from controller.domain.difference_words import few
from controller.domain.plans import Notice, NoticeKind


def notice_sentence(notice: Notice) -> str:
    """The notice as people read it, with what to write and where."""
    return _SENTENCES[notice.kind](notice)


def _pin_behind(notice: Notice) -> str:
    beside = f", and the pin {notice.beside} of the same recipe moved" if notice.beside else ""
    return (
        f"The pin {notice.about} stays at {_values(notice)}, while the package is at {notice.now}{beside}: "
        f"{_users(notice)} kept on the old one. {_to_write(notice)}"
    )


def _zipped_behind(notice: Notice) -> str:
    return (
        f"The pin {notice.about} stays at {_values(notice)}, while {notice.beside}, which goes together with it, "
        f"moved to {notice.now}. {_to_write(notice)}"
    )


def _overlap(notice: Notice) -> str:
    return (
        f"The migrations {notice.about} and {notice.beside} both move {few(notice.keys)}. {notice.about} is applied "
        f"first: {notice.detail}. Join the two, pause one, or name one in the other's wait_for_migrators."
    )


def _done(notice: Notice) -> str:
    said = f"{few(notice.keys)} {'is' if len(notice.keys) == 1 else 'are'}"
    return f"The migration {notice.about} changes nothing any more: {said} there already. Delete its file."


def _broken(notice: Notice) -> str:
    where = f"{notice.about}, line {notice.line}" if notice.line else notice.about
    whom = (
        f"Recipes that name {few(notice.keys)} stay as they are until it is repaired; all others are planned without it"
        if notice.keys
        else "It names no pins that anybody could use, and all is planned without it"
    )
    return f"A migration is broken: {where}: {notice.detail.rstrip('.')}. {whom}."


def _allowlist_missing(notice: Notice) -> str:
    return (
        f"The migration {notice.about} is for those that {notice.file} lists, and there is no such file: it is applied "
        f"to nobody. Add the file, or take allowlist_file out."
    )


_SENTENCES: Mapping[NoticeKind, Callable[[Notice], str]] = MappingProxyType(
    {
        NoticeKind.PIN_BEHIND: _pin_behind,
        NoticeKind.ZIPPED_BEHIND: _zipped_behind,
        NoticeKind.MIGRATIONS_OVERLAP: _overlap,
        NoticeKind.MIGRATION_DONE: _done,
        NoticeKind.MIGRATION_BROKEN: _broken,
        NoticeKind.ALLOWLIST_MISSING: _allowlist_missing,
    }
)


def _values(notice: Notice) -> str:
    return few(notice.values)


def _users(notice: Notice) -> str:
    return f"{few(notice.users)} {'is' if len(notice.users) == 1 else 'are'}"


def _to_write(notice: Notice) -> str:
    if notice.detail:
        return f"{notice.detail[0].upper()}{notice.detail[1:]}."
    if notice.proposed and notice.file:
        return f"Write {notice.about}: {notice.proposed} into {notice.file}."
    return f"Move it in {notice.file}." if notice.file else "Move it as well."
