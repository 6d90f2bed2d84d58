"""The two named examples, as they stand in the feedstocks: a new MKL and a new LLVM are four different plans."""

from controller.planning.impact import decide
from tests.kit.drawing import build_drawn, make_output, make_reading, memberships


def test_a_new_mkl() -> None:
    """Direct users are rebuilt, the blas gate needs an edit, users of libblas and of the program are not rebuilt."""

    def mkl(version: str, below: str) -> list:
        return [
            make_output("mkl", version),
            make_output("mkl-devel", version, run=["mkl"], weak=[f"mkl >={version},<{below}.0a0"]),
        ]

    rest = [
        make_output("libblas-mkl", host=["mkl-devel 2025.3"], weak=["libblas >=3.9,<4.0a0"]),
        make_output("libblas-netlib", constrains=["mkl <2026"]),
        make_output("pytorch", host=["mkl-devel"]),
        make_output("numpy", host=["libblas-mkl"]),
        make_output("sparse-dot-mkl", noarch="python", run=["python", "mkl >=2024"]),
        make_output("cowsay"),
    ]
    found = memberships(
        decide(make_reading(*mkl("2026.1", "2027"), *rest), build_drawn([*mkl("2025.3", "2026"), *rest]))
    )
    assert found == {
        "mkl": "rebuild changed",
        "mkl-devel": "rebuild changed",
        "libblas-mkl": "recipe edit R4",
        "libblas-netlib": "recipe edit R18",
        "pytorch": "rebuild R1",
        "numpy": "nothing current",
        "sparse-dot-mkl": "retest R7",
        "cowsay": "nothing current",
    }


def test_a_new_llvm() -> None:
    """Old and new library are co-installable, static users name a major in their recipe, outputs pin each other."""

    def llvm(major: str) -> list:
        version = f"{major}.1"
        lib = make_output(f"libllvm{major}", version, recipe="llvmdev")
        return [
            lib,
            make_output("llvm", version, recipe="llvmdev", weak=[f"libllvm{major} >={version},<{major}.2.0a0"]),
            make_output("llvmdev", version, recipe="llvmdev", pinned=[f"libllvm{major} {version} {lib.build}"]),
        ]

    rest = [
        make_output("llvmlite", "0.47", host=["llvmdev 20.*"]),
        make_output("numba", host=["llvmlite 0.47.*"], compatible=["llvmlite"]),
        make_output("mesa", host=["llvm"]),
    ]
    found = memberships(decide(make_reading(*llvm("22"), *rest), build_drawn([*llvm("20"), *rest])))
    assert found["llvmlite"] == "recipe edit R4"
    assert found["numba"] == "nothing current"
    assert found["mesa"] == "nothing R12"
    assert found["libllvm22"] == "rebuild new"
    assert found["llvmdev"] == "rebuild changed"
