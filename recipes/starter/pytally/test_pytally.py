"""The unit test of pytally, run against the installed package."""
import unittest

import pytally


class Sums(unittest.TestCase):
    def test_the_total_of_a_list(self) -> None:
        self.assertEqual(pytally.total([4, 5, 9]), 18)

    def test_the_total_of_nothing(self) -> None:
        self.assertEqual(pytally.total([]), 0)

    def test_a_word_is_refused(self) -> None:
        with self.assertRaises(TypeError):
            pytally.total(["four"])


class Means(unittest.TestCase):
    def test_the_mean_of_a_list(self) -> None:
        self.assertEqual(pytally.mean([4, 5, 9]), 6)

    def test_a_half_is_rounded_away_from_zero(self) -> None:
        self.assertEqual(pytally.mean([2, 3]), 3)
