"""Least squares with terms written as expressions: ``fit(["1", "x", "sin(x)"], x, y)`` gives one coefficient for each."""

import sys

import numexpr
import numpy
import pycblas


def fit(terms, x, y):
    """The coefficients of the terms, expressions of ``x``, that come nearest to ``y`` in the sum of squares."""
    x, y = (numpy.ascontiguousarray(values, dtype="float64") for values in (x, y))
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"x and y must be vectors of one length, not {x.shape} and {y.shape}")
    columns = [numpy.ascontiguousarray(numpy.broadcast_to(numexpr.evaluate(t, {"x": x}), x.shape), "float64") for t in terms]
    normal = numpy.array([[pycblas.dot(a, b) for b in columns] for a in columns])
    return numpy.linalg.solve(normal, numpy.frombuffer(pycblas.gemv(numpy.vstack(columns), y)))


def main():
    x, y = zip(*(map(float, line.split()) for line in sys.stdin if line.strip()), strict=True)
    print(*(f"{value:.10g}" for value in fit(sys.argv[1:], x, y)))
