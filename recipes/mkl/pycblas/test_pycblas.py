import unittest
from array import array

import pycblas


def vector(*values):
    return array("d", values)


class Products(unittest.TestCase):
    def test_dot_of_two_vectors(self):
        self.assertEqual(pycblas.dot(vector(1, 2, 3), vector(4, 5, 6)), 32.0)

    def test_a_long_dot_is_exact_where_doubles_are(self):
        ones = array("d", [1.0]) * 1_000_003
        self.assertEqual(pycblas.dot(ones, ones), 1_000_003.0)

    def test_matrix_times_vector(self):
        product = array("d", pycblas.gemv(vector(1, 2, 3, 4, 5, 6), vector(1, 0, 2)))
        self.assertEqual(list(product), [7.0, 16.0])

    def test_vectors_of_different_length_are_refused(self):
        with self.assertRaisesRegex(ValueError, "differ in length"):
            pycblas.dot(vector(1), vector(1, 2))

    def test_a_ragged_matrix_is_refused(self):
        with self.assertRaisesRegex(ValueError, "as long as the vector"):
            pycblas.gemv(vector(1, 2, 3), vector(1, 2))

    def test_other_numbers_are_refused(self):
        with self.assertRaisesRegex(TypeError, "doubles"):
            pycblas.dot(array("i", [1]), array("i", [1]))

    def test_the_library_says_who_it_is(self):
        self.assertIn("Math Kernel Library", pycblas.mkl_version())


if __name__ == "__main__":
    unittest.main()
