import pytest


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 4)])
def test_it_runs_what_it_is_given(a, b, tmp_path):
    assert a * a == b
    assert tmp_path.is_dir()


def test_it_sees_an_error_where_one_is():
    with pytest.raises(ZeroDivisionError):
        1 / 0
