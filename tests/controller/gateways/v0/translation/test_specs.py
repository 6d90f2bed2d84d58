"""Specs as conda-build takes them, and as the builder takes what they become."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import BuildString, MatchSpec, PackageRecord, Version
from rattler_build import VariantConfig

from controller.gateways.rendering import render_text
from controller.gateways.v0.translation.specs import match_spec, name_in


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Zlib", "zlib"),
        ("zlib 1.2", "zlib 1.2.*"),
        ("zlib 1.2.*", "zlib 1.2.*"),
        ("zlib 1.2*", "zlib 1.2*"),
        ("zlib =1.2", "zlib 1.2.*"),
        ("zlib=1.2", "zlib 1.2.*"),
        ("zlib ==1.2", "zlib ==1.2"),
        ("zlib >= 1.2 , < 2", "zlib >=1.2,<2"),
        ("zlib >=1.2.*", "zlib >=1.2"),
        ("zlib >=1.2.*,<3.*", "zlib >=1.2,<3"),
        ("zlib ==1.2.*", "zlib 1.2.*"),
        ("zlib !=1.2.*", "zlib !=1.2.*"),
        ("zlib 1.2.*.*", "zlib 1.2.*"),
        ("zlib =>1.2", "zlib >=1.2"),
        ("zlib >=1,1.2.5", "zlib >=1,==1.2.5"),
        ("zlib 1.2|2.0", "zlib ==1.2|==2.0"),
        ("zlib 1.2 h1_0", "zlib ==1.2 h1_0"),
        ("zlib 1.2.* h1_*", "zlib 1.2.* h1_*"),
        ("blas * *openblas*", "blas * *openblas*"),
        ("blas=*=*openblas*", "blas * *openblas*"),
        ("zlib ==1.2=h1_4", "zlib ==1.2 h1_4"),
        ("zlib >=1.0.4=1", "zlib >=1.0.4 1"),
        ("zlib =*=*headless*", "zlib * *headless*"),
        ("zlib >=1=*_1", "zlib >=1 *_1"),
        ("ffmpeg * =lgpl*", "ffmpeg * lgpl*"),
        ("conda-forge:blas =1.0=mkl", "conda-forge::blas ==1.0 mkl"),
        ("${{ compiler('go') }} 1.18", "${{ compiler('go') }} 1.18.*"),
        ("${{ pin_subpackage('hdf5') }} mpi_*", "${{ pin_subpackage('hdf5', build='mpi_*') }}"),
        (
            "${{ pin_compatible('a', upper_bound='x') }} * m_*",
            "${{ pin_compatible('a', upper_bound='x', build='m_*') }}",
        ),
        ("conda-forge::zlib 1.2", "conda-forge::zlib 1.2.*"),
        ("python x.x", "python"),
        ("__glibc >=2.17", "__glibc >=2.17"),
        ("${{ compiler('c') }}", "${{ compiler('c') }}"),
    ],
)
def test_a_spec_means_what_conda_build_takes_it_for(said: str, meant: str) -> None:
    assert match_spec(said) == meant
    assert match_spec(meant) == meant


VERSIONS = st.lists(st.integers(0, 12), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
TERMS = st.builds(
    lambda operator, blank, version, star: f"{operator}{blank}{version}{star}",
    st.sampled_from(["", ">=", "<=", "==", "!=", ">", "<", "=>", "=", "~="]), st.sampled_from(["", " "]), VERSIONS,
    st.sampled_from(["", "", ".*"]),
)  # fmt: skip


@given(st.lists(TERMS, min_size=1, max_size=3), st.sampled_from([",", ", ", " , "]))
def test_whatever_is_made_of_a_spec_is_taken_by_the_builder(terms: list[str], comma: str) -> None:
    spec = match_spec(f"Lib {comma.join(terms)}")
    text = json.dumps({"package": {"name": "a", "version": "1"}, "requirements": {"run": [spec]}})
    (rendered,) = render_text(text, Path("recipe.yaml"), VariantConfig({}), "linux-64")
    assert rendered.name == "a"


@given(VERSIONS, VERSIONS, st.sampled_from([">=", "<=", "==", "!=", ">", "<", ""]))
def test_a_single_term_admits_the_versions_that_conda_build_means(wanted: str, there: str, operator: str) -> None:
    spec = match_spec(f"lib {operator}{wanted}")
    record = PackageRecord(name="lib", version=there, build=BuildString("0"), build_number=0, subdir="noarch")
    left, right = Version(there), Version(wanted)
    expected = {
        ">=": left >= right, "<=": left <= right, "==": left == right, "!=": left != right, ">": left > right,
        "<": left < right, "": left.starts_with(right),
    }[operator]  # fmt: skip
    assert MatchSpec(spec).matches(record) is expected


def test_the_name_of_an_expression_is_not_known() -> None:
    assert name_in("${{ pin_subpackage('a') }}") == ""
    assert name_in("conda-forge::Zlib >=1") == "zlib"
