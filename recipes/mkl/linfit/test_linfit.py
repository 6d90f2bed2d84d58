import unittest

import linfit
import numpy


class Fits(unittest.TestCase):
    def test_a_line_is_found_exactly(self):
        x = numpy.arange(10.0)
        numpy.testing.assert_allclose(linfit.fit(["1", "x"], x, 3 + 2 * x), [3, 2], rtol=1e-12)

    def test_terms_of_vector_math_are_found(self):
        x = numpy.linspace(0.1, 6.0, 1000)
        y = 1.5 * numpy.sin(x) - 0.5 * numpy.exp(-x) + 4
        numpy.testing.assert_allclose(linfit.fit(["sin(x)", "exp(-x)", "1"], x, y), [1.5, -0.5, 4], rtol=1e-8)

    def test_it_agrees_with_numpy_on_noise(self):
        random = numpy.random.default_rng(7)
        x, y = random.normal(size=(2, 500))
        expected = numpy.polynomial.polynomial.polyfit(x, y, 2)
        numpy.testing.assert_allclose(linfit.fit(["1", "x", "x*x"], x, y), expected, rtol=1e-9)

    def test_vectors_of_different_length_are_refused(self):
        with self.assertRaisesRegex(ValueError, "one length"):
            linfit.fit(["1"], [1.0, 2.0], [1.0])


if __name__ == "__main__":
    unittest.main()
