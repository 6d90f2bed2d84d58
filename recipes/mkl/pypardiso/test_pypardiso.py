import unittest

import numpy
import pypardiso
import scipy.sparse
import scipy.sparse.linalg


def system(size, seed):
    random = numpy.random.default_rng(seed)
    matrix = scipy.sparse.random(size, size, density=0.01, random_state=seed, format="csr")
    return (matrix + scipy.sparse.eye(size) * 4).tocsr(), random.normal(size=size)


class Solves(unittest.TestCase):
    def test_the_solution_solves_the_system(self):
        a, b = system(500, 1)
        numpy.testing.assert_allclose(a @ pypardiso.spsolve(a, b), b, atol=1e-10)

    def test_it_agrees_with_scipy(self):
        a, b = system(300, 2)
        numpy.testing.assert_allclose(pypardiso.spsolve(a, b), scipy.sparse.linalg.spsolve(a.tocsc(), b), atol=1e-10)

    def test_several_right_hand_sides_at_once(self):
        a, _ = system(200, 3)
        b = numpy.asfortranarray(numpy.random.default_rng(3).normal(size=(200, 4)))
        numpy.testing.assert_allclose(a @ pypardiso.spsolve(a, b), b, atol=1e-10)

    def test_a_factorized_matrix_serves_again(self):
        a, b = system(200, 4)
        solve = pypardiso.factorized(a)
        numpy.testing.assert_allclose(a @ solve(b), b, atol=1e-10)
        numpy.testing.assert_allclose(a @ solve(2 * b), 2 * b, atol=1e-10)

    def test_a_matrix_with_an_empty_row_is_refused(self):
        with self.assertRaises(ValueError):
            pypardiso.spsolve(scipy.sparse.csr_matrix((3, 3)), numpy.ones(3))


if __name__ == "__main__":
    unittest.main()
