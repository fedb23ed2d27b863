# SPDX-License-Identifier: Apache-2.0
"""Consistent probability sampling, written from OpenTelemetry's specification ("TraceState: Probability Sampling",
"Converting floating-point probability to threshold value"), in exact arithmetic. The collector's own module judges the
filter, too: test_collector_sampling.py."""

from fractions import Fraction

BITS = 56
DIGITS = 14
PRECISION = 4


def threshold(rate: int) -> int:
    """Of a rate in billionths: what a trace's randomness has to reach."""
    probability = Fraction(rate, 10**9)
    if probability in (0, 1):
        return int((1 - probability) * 2**BITS)
    # As many digits more as there are leading digits f, or 0, of the rejected share.
    digits = PRECISION + max(_leading_zeros(probability), _leading_zeros(1 - probability))
    unit = Fraction(2**BITS, 16 ** min(digits, DIGITS))
    rejected = (1 - probability) * 2**BITS
    return int(rejected / unit + Fraction(1, 2)) * int(unit)


def _leading_zeros(share: Fraction) -> int:
    """Hexadecimal digits behind the point."""
    count = 0
    while share < Fraction(1, 16):
        share *= 16
        count += 1
    return count
