import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.gateways.layouts import Layout, find_layout
from controller.gateways.tree_file import NO_TREE_FILE, ForeignFile, TreeFile, TreeFileError


def folders(layout: Layout) -> list[str]:
    return [place.folder for place in layout.places]


def test_any_folder_with_a_recipe_is_one_at_any_depth() -> None:
    paths = ["a/recipe.yaml", "a/build.sh", "b/c/d/meta.yaml", "a/within/recipe.yaml", "README.md"]
    layout = find_layout(paths, NO_TREE_FILE)
    assert layout.kind == "recipe-dir"
    assert [(place.folder, place.file) for place in layout.places] == [
        ("a", "recipe.yaml"), ("a/within", "recipe.yaml"), ("b/c/d", "meta.yaml"),
    ]  # fmt: skip


def test_the_new_form_wins_where_both_are() -> None:
    (place,) = find_layout(["a/meta.yaml", "a/recipe.yaml"], NO_TREE_FILE).places
    assert place.path == "a/recipe.yaml"


def test_hidden_folders_and_what_builds_leave_are_no_recipes() -> None:
    paths = [".pixi/x/recipe.yaml", "output/x/recipe.yaml", "a/bld/recipe.yaml", "a/__pycache__/recipe.yaml"]
    assert find_layout([*paths, "a/.hidden/recipe.yaml"], NO_TREE_FILE).places == ()


def test_variant_files_of_the_root_are_everybodys_and_those_beside_a_recipe_its_own() -> None:
    names = ["variants.yaml", "conda_build_config.yaml", "recipe.yaml"]
    paths = [*names, *(f"new/{name}" for name in names), "old/meta.yaml", "old/variants.yaml"]
    layout = find_layout(paths, NO_TREE_FILE)
    assert layout.pins == ("conda_build_config.yaml", "variants.yaml")
    assert [(place.path, place.pins) for place in layout.places] == [
        ("recipe.yaml", ()),
        ("new/recipe.yaml", ("new/conda_build_config.yaml", "new/variants.yaml")),
        ("old/meta.yaml", ()),
    ]


def test_bioconda_has_recipes_of_one_name_by_version_and_records_of_failures() -> None:
    paths = [
        "config.yml", "build-fail-blacklist", "scripts/example/meta.yaml", "recipes/samtools/meta.yaml",
        "recipes/samtools/0.1.19/meta.yaml", "recipes/samtools/0.1.19/build_failure.osx-64.yaml",
        "recipes/samtools/0.1.19/test/meta.yaml",
    ]  # fmt: skip
    layout = find_layout(paths, NO_TREE_FILE)
    assert layout.kind == "bioconda"
    assert folders(layout) == ["recipes/samtools", "recipes/samtools/0.1.19"]
    assert layout.skip_lists == ("build-fail-blacklist",)
    assert layout.places[0].skip_listed == {}
    assert layout.places[1].skip_listed == {"osx-64": "recipes/samtools/0.1.19/build_failure.osx-64.yaml"}


def test_a_feedstock_is_one_recipe_with_its_ready_variants() -> None:
    paths = [
        "conda-forge.yml", "recipe/meta.yaml", "recipe/conda_build_config.yaml", "recipe/within/meta.yaml",
        ".ci_support/linux_64_.yaml", ".ci_support/README", ".ci_support/migrations/python314.yaml",
    ]  # fmt: skip
    layout = find_layout(paths, NO_TREE_FILE)
    assert layout.kind == "feedstock"
    (place,) = layout.places
    assert (place.folder, place.pins, place.ready) == (
        "recipe", ("recipe/conda_build_config.yaml",), (".ci_support/linux_64_.yaml",),
    )  # fmt: skip


def test_a_folder_of_feedstocks_is_pinned_by_the_pinning_among_them() -> None:
    paths = [
        "zlib-feedstock/recipe/recipe.yaml", "zlib-feedstock/.ci_support/osx_64_.yaml", "conda_build_config.yaml",
        "conda-forge-pinning-feedstock/recipe/meta.yaml",
        "conda-forge-pinning-feedstock/recipe/conda_build_config.yaml",
    ]  # fmt: skip
    layout = find_layout(paths, NO_TREE_FILE)
    assert layout.kind == "feedstocks"
    assert folders(layout) == ["conda-forge-pinning-feedstock/recipe", "zlib-feedstock/recipe"]
    assert layout.pins == ("conda-forge-pinning-feedstock/recipe/conda_build_config.yaml", "conda_build_config.yaml")
    assert layout.places[1].ready == ("zlib-feedstock/.ci_support/osx_64_.yaml",)


def test_emscripten_forge_has_tools_that_run_here_and_packages_for_one_platform() -> None:
    paths = ["variant.yaml", "recipes/recipes/tool/recipe.yaml", "recipes/recipes_emscripten/zlib/recipe.yaml"]
    layout = find_layout(paths, NO_TREE_FILE)
    assert (layout.kind, layout.pins) == ("emscripten-forge", ("variant.yaml",))
    tool, package = layout.places
    assert package.subdirs == ("emscripten-wasm32",)
    assert "linux-64" in tool.subdirs
    assert "emscripten-wasm32" not in tool.subdirs


def test_generated_recipes_are_where_the_tree_says() -> None:
    paths = ["vinca.yaml", "output/ros-x/recipe.yaml", "additional_recipes/y/recipe.yaml"]
    layout = find_layout(paths, TreeFile(layout="generated", recipes=("output",)))
    assert (layout.kind, folders(layout)) == ("generated", ["output/ros-x"])
    with pytest.raises(TreeFileError, match="names no folder"):
        find_layout(paths, TreeFile(layout="generated"))


def test_the_trees_own_file_decides() -> None:
    paths = ["a/recipe.yaml", "b/recipe.yaml", "pins/x.yaml", "variants.yaml"]
    foreign = ForeignFile("https://git.example.org/pinning.git", "variants.yaml")
    layout = find_layout(paths, TreeFile(recipes=("b",), pins=(foreign, "pins/x.yaml")))
    assert folders(layout) == ["b"]
    assert layout.pins == ("pins/x.yaml",)


def test_subdirs_of_a_tree_limit_those_of_its_places() -> None:
    paths = ["recipes/recipes/tool/recipe.yaml", "recipes/recipes_emscripten/zlib/recipe.yaml"]
    (place,) = find_layout(paths, TreeFile(subdirs=("emscripten-wasm32",))).places
    assert place.folder == "recipes/recipes_emscripten/zlib"
    (place,) = find_layout(["a/recipe.yaml"], TreeFile(subdirs=("linux-64",))).places
    assert place.subdirs == ("linux-64",)


@pytest.mark.parametrize(
    ("tree_file", "words"),
    [
        (TreeFile(pins=("pin/x.yaml",)), "Did you mean pins/x.yaml?"),
        (TreeFile(recipes=("recipe",)), "Did you mean recipes?"),
        (TreeFile(recipes=("elsewhere",)), "add the folder"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(tree_file: TreeFile, words: str) -> None:
    with pytest.raises(TreeFileError) as raised:
        find_layout(["recipes/a/recipe.yaml", "pins/x.yaml", "recipes/x.txt"], tree_file)
    assert words in str(raised.value)


PARTS = st.sampled_from(["recipes", "a", "a-feedstock", "recipe", ".x", "output", "recipes_emscripten"])
NAMES = st.sampled_from(["recipe.yaml", "meta.yaml", "variants.yaml", "conda-forge.yml", "config.yml"])
PATHS = st.lists(st.tuples(st.lists(PARTS, max_size=4), NAMES).map(lambda path: "/".join((*path[0], path[1]))))


@given(PATHS, st.sampled_from(["", "bioconda", "feedstock", "feedstocks", "emscripten-forge", "recipe-dir"]))
def test_every_place_is_a_file_of_the_tree_once_and_order_does_not_matter(paths: list[str], kind: str) -> None:
    layout = find_layout(paths, TreeFile(layout=kind))
    assert len(set(folders(layout))) == len(layout.places)
    for place in layout.places:
        assert {place.path, *place.pins} <= set(paths)
    assert find_layout(sorted(paths, reverse=True), TreeFile(layout=kind)) == layout
