"""What others published since a batch was planned, and what of the batch that overtakes."""

from dataclasses import replace

from controller.domain.artifacts import Artifact, Dependency
from controller.planning.moved_base import Overtaken, find_overtaken
from tests.kit.drawing import make_artifact, make_output


def file(name: str, version: str = "1.0", number: int = 0, depends: tuple[str, ...] = (), subdir: str = "linux-64",
         variant: str = "h") -> Artifact:  # fmt: skip
    made = make_artifact(make_output(name, version, subdir=subdir))
    build = f"{variant}_{number}"
    return replace(
        made, build=build, build_number=number, file_name=f"{name}-{version}-{build}.conda", hash=variant,
        depends=tuple(Dependency(spec) for spec in depends),
    )  # fmt: skip


def found(built: list[Artifact], came: list[Artifact], there: list[Artifact] | None = None) -> Overtaken:
    return find_overtaken(built, came, [*(there or []), *came])


OLD, NEW = file("lib", "1.0"), file("lib", "2.0")


def test_nothing_is_overtaken_where_nothing_came() -> None:
    assert found([file("user", depends=("lib <2",))], [], [OLD, NEW]) == Overtaken()


def test_a_file_gives_way_to_one_of_its_variant_that_is_as_new() -> None:
    for other in (file("user", "1.0", 3), file("user", "1.0", 4), file("user", "1.1")):
        assert list(found([file("user", "1.0", 3)], [other]).replaced) == ["linux-64/user-1.0-h_3.conda"]


def test_a_file_does_not_give_way_to_an_older_one_or_another_variant() -> None:
    for other in (file("user", "1.0", 2), file("user", "0.9", 9), file("user", "2.0", variant="g")):
        assert found([file("user", "1.0", 3)], [other]) == Overtaken()


def test_what_holds_its_users_on_a_package_that_was_replaced_is_outdated() -> None:
    mine = file("user", depends=("lib >=1,<2",))
    assert list(found([mine], [NEW], [OLD]).outdated) == ["linux-64/user-1.0-h_0.conda"]


def test_it_is_not_where_its_bound_admits_the_new_one_or_never_admitted_the_old() -> None:
    for spec in ("lib", "lib >=1", "lib >=2", "lib <0.5"):
        assert found([file("user", depends=(spec,))], [NEW], [OLD]) == Overtaken()


def test_it_is_not_where_the_batch_brings_that_package_itself() -> None:
    mine = [file("user", depends=("lib >=1,<2",)), file("lib", "1.5", 7, variant="g")]
    assert found(mine, [NEW], [OLD]).outdated == {}


def test_a_package_of_another_platform_holds_nobody() -> None:
    mine = file("user", depends=("lib >=1,<2",))
    came, there = replace(NEW, subdir="osx-64"), replace(OLD, subdir="osx-64")
    assert found([mine], [came], [there]) == Overtaken()


def test_what_came_and_excludes_what_a_batch_brings_keeps_it_back() -> None:
    tool = file("tool", depends=("lib >=1,<2",))
    assert list(found([NEW], [tool], [OLD]).outdated) == ["linux-64/lib-2.0-h_0.conda"]
    limits = replace(file("tool"), constrains=(Dependency("lib <2"),))
    assert list(found([NEW], [limits], [OLD]).outdated) == ["linux-64/lib-2.0-h_0.conda"]


def test_it_does_not_where_one_of_its_variants_is_admitted_or_the_batch_brings_that_anew() -> None:
    tool = file("tool", depends=("lib >=1,<2",))
    assert found([NEW, file("lib", "1.9", variant="g")], [tool], [OLD]) == Overtaken()
    assert found([NEW, file("tool", "1.0", 1, depends=("lib >=2",))], [tool], [OLD]) == Overtaken()
