"""numexpr was built with VML, found the MKL it was given, and its results are numpy's."""

import numexpr
import numpy

assert numexpr.use_vml, "built without VML"
print(numexpr.get_vml_version())
x = numpy.linspace(0.1, 10.0, 100_001)
for expression, expected in {
    "sin(x)**2 + cos(x)**2": numpy.ones_like(x),
    "exp(-x) * log(x)": numpy.exp(-x) * numpy.log(x),
    "sqrt(x) + arctan2(x, 2)": numpy.sqrt(x) + numpy.arctan2(x, 2),
}.items():
    numpy.testing.assert_allclose(numexpr.evaluate(expression), expected, rtol=1e-13)
