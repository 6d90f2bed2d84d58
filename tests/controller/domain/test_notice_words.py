"""The words of every notice, as people read them."""

import pytest

from controller.domain.notice_words import notice_sentence
from controller.domain.plans import Notice, NoticeKind

K = NoticeKind
SAID = {
    Notice(K.PIN_BEHIND, "lib", "pins.yaml", values=("1",), now="2.0", proposed="2", users=("app", "tool")): (
        "The pin lib stays at 1, while the package is at 2.0: app, tool are kept on the old one. "
        "Write lib: 2 into pins.yaml."
    ),
    Notice(K.PIN_BEHIND, "liblapack", "pins.yaml", values=("3.9",), beside="libblas", now="3.11", users=("app",)): (
        "The pin liblapack stays at 3.9, while the package is at 3.11, and the pin libblas of the same recipe moved: "
        "app is kept on the old one. Move it in pins.yaml."
    ),
    Notice(
        K.PIN_BEHIND,
        "lib",
        "m/a.yaml",
        values=("1",),
        now="2.0",
        users=("app",),
        detail="the migration m/a.yaml moves it",
    ): (
        "The pin lib stays at 1, while the package is at 2.0: app is kept on the old one. "
        "The migration m/a.yaml moves it."
    ),
    Notice(K.ZIPPED_BEHIND, "gxx", "pins.yaml", values=("13",), beside="gcc", now="14", proposed="14"): (
        "The pin gxx stays at 13, while gcc, which goes together with it, moved to 14. Write gxx: 14 into pins.yaml."
    ),
    Notice(K.MIGRATIONS_OVERLAP, "m/a.yaml", beside="m/b.yaml", keys=("lib",), detail="lib becomes 3"): (
        "The migrations m/a.yaml and m/b.yaml both move lib. m/a.yaml is applied first: lib becomes 3. "
        "Join the two, pause one, or name one in the other's wait_for_migrators."
    ),
    Notice(K.MIGRATION_DONE, "m/a.yaml", keys=("lib", "tool")): (
        "The migration m/a.yaml changes nothing any more: lib, tool are there already. Delete its file."
    ),
    Notice(K.MIGRATION_BROKEN, "m/a.yaml", line=3, keys=("lib",), detail="key_swap is no operation."): (
        "A migration is broken: m/a.yaml, line 3: key_swap is no operation. Recipes that name lib stay as they are "
        "until it is repaired; all others are planned without it."
    ),
    Notice(K.MIGRATION_BROKEN, "m/a.yaml", detail="it is no UTF-8 text."): (
        "A migration is broken: m/a.yaml: it is no UTF-8 text. It names no pins that anybody could use, and all is "
        "planned without it."
    ),
    Notice(K.ALLOWLIST_MISSING, "m/a.yaml", file="migration_support/some.txt"): (
        "The migration m/a.yaml is for those that migration_support/some.txt lists, and there is no such file: it is "
        "applied to nobody. Add the file, or take allowlist_file out."
    ),
}


@pytest.mark.parametrize(("notice", "sentence"), SAID.items(), ids=lambda case: getattr(case, "kind", ""))
def test_a_notice_says_what_is_forgotten_and_what_to_write(notice: Notice, sentence: str) -> None:
    assert notice_sentence(notice) == sentence


def test_no_kind_lacks_its_words() -> None:
    assert {notice.kind for notice in SAID} == set(NoticeKind)
