#!/usr/bin/python3
"""What SciPy says of fixed samples: golden.py writes golden_values.h, which golden_test.cc compares husk's statistics with.

The constants are committed, so that no build needs SciPy; where it is installed (apt package python3-scipy) the test
calibration.golden_values makes them again and compares the files: `golden.py --check FILE` (77: no SciPy, 1: they differ).
Nothing here is husk's own arithmetic. Where SciPy has no function of a kind, the definition is written down with NumPy."""
import pathlib
import sys

try:
    import numpy as np
    from scipy import stats
except ImportError:
    print("SKIPPED: no SciPy (apt package python3-scipy)")
    sys.exit(77)

RNG = np.random.default_rng(20221)


def rounded(values):
    """With so few digits that the text is the number."""
    return np.round(values, 3)


def autoregressive(count, memory):
    deviations = [RNG.normal()]
    for _ in range(count - 1):
        deviations.append(memory * deviations[-1] + np.sqrt(1 - memory**2) * RNG.normal())
    return rounded(100 * np.exp(0.1 * np.array(deviations)))


SAMPLE = autoregressive(37, 0)
DEPENDENT = autoregressive(120, 0.7)
TIED = np.round(autoregressive(40, 0) / 5) * 5
GROUPS = [np.round(autoregressive(n, 0) + shift) for n, shift in ((12, 0), (9, 4), (10, -3), (7, 0))]
SEVEN = autoregressive(7, 0)
SIX = autoregressive(6, 0)
OTHER = rounded(autoregressive(60, 0.2) * 1.06)


def hettmansperger_sheather(values, level=0.95):
    values, n = np.sort(values), len(values)
    coverage = [1 - 2 * stats.binom.cdf(k - 1, n, 0.5) for k in range(1, n // 2 + 1)]
    d = max(k for k, inside in enumerate(coverage, 1) if inside >= level)
    part = (coverage[d - 1] - level) / (coverage[d - 1] - coverage[d])
    weight = (n - d) * part / (d + (n - 2 * d) * part)
    return ((1 - weight) * values[d - 1] + weight * values[d], (1 - weight) * values[n - d] + weight * values[n - d - 1])


def batches(values):
    return [np.median(values[len(values) * i // 4:len(values) * (i + 1) // 4]) for i in range(4)]


def block_length(values):
    """The rule of bootstrap.cc, by NumPy's correlations of ranks."""
    n, ranks = len(values), stats.rankdata(values, method="ordinal")
    ranks = ranks - ranks.mean()
    correlation = np.correlate(ranks, ranks, "full")[n - 1:] / (ranks @ ranks)
    longest, reach = max(1, n // 4), 1
    while reach < longest and correlation[reach] > 2 / np.sqrt(n):
        reach += 1
    return min(longest, max(int(np.ceil(np.cbrt(n))), 2 * reach if reach > 1 else 1))


def bootstrap_error(values, resamples=200_000):
    """Of so many resamples that its own error is below a percent."""
    n, length = len(values), block_length(values)
    medians = []
    for _ in range(20):
        starts = RNG.integers(0, n, size=(resamples // 20, -(-n // length)))
        index = (starts[:, :, None] + np.arange(length)).reshape(len(starts), -1)[:, :n] % n
        medians.append(np.median(values[index], axis=1))
    low, high = np.quantile(np.concatenate(medians), [0.025, 0.975])
    return (high - low) / (2 * 1.96)


def holm(p):
    order = np.argsort(p)
    adjusted = np.minimum(1, np.maximum.accumulate(np.array(p)[order] * (len(p) - np.arange(len(p)))))
    return adjusted[np.argsort(order)]


def benjamini_hochberg(p):
    order = np.argsort(p)[::-1]
    adjusted = np.minimum.accumulate(np.array(p)[order] * len(p) / np.arange(len(p), 0, -1))
    return np.minimum(1, adjusted)[np.argsort(order)]


def welch(a, b):
    """Of the logarithms' batch medians; the degrees of freedom rounded down."""
    first, second = batches(np.log(a)), batches(np.log(b))
    errors = np.array([stats.sem(first), stats.sem(second)])**2
    degrees = np.floor(errors.sum()**2 / (errors**2 / 3).sum())
    difference = np.median(np.log(b)) - np.median(np.log(a))
    return difference, np.sqrt(errors.sum()), degrees, 2 * stats.t.sf(abs(difference) / np.sqrt(errors.sum()), degrees)


def array(name, values):
    return f"inline constexpr double {name}[] = {{{', '.join(repr(float(value)) for value in values)}}};"


def number(name, value):
    return f"inline constexpr double {name} = {float(value)!r};"


# Totals of instances, with one jump; and a second, short ramp on another level.
RAMPS = [([1, 4, 8, 12, 16, 20, 24, 28, 32], [2.91, 5.40, 8.66, 12.02, 15.21, 18.55, 21.8, 31.9, 28.3]),
         ([1, 2, 3, 5, 8], [10.0, 10.9, 12.3, 13.7, 17.2])]


def pair_slopes(count, total):
    return [(total[j] - total[i]) / (count[j] - count[i]) for i in range(len(count)) for j in range(i + 1, len(count))]


def quantile_ranks(count, p):
    """The order statistics that enclose a quantile, from scipy.stats.binom."""
    low = max(rank for rank in range(1, count + 1) if stats.binom.cdf(rank - 1, count, p) <= 0.025)
    high = min(rank for rank in range(1, count + 2) if stats.binom.sf(rank - 1, count, p) <= 0.025)
    return low, high


RANKS = [(368, 0.99), (400, 0.99), (1000, 0.99), (1000, 0.5), (200, 0.95)]

P_VALUES = [0.0003, 0.04, 0.2, 0.011, 0.0121, 0.7, 0.049, 0.0499, 1.0, 0.002]
QUANTILES = [0, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 1]
SCORES = [(0.3, 1), (2.5, 1), (3.1824, 3), (1.1, 4), (7.5, 3), (2.0, 5), (4.2, 6), (0.01, 7), (12.0, 10)]
CHI_SQUARES = [(0.5, 1), (3.84, 1), (0.7, 2), (7.81, 3), (25.0, 3), (1.0, 4), (9.5, 5), (30.0, 7), (11.0, 12)]


def lines():
    yield "// Made by golden.py with SciPy: see there. Not to be edited."
    yield "#pragma once\n"
    yield "namespace husk::compare::golden {\n"
    for name, values in (("kSample", SAMPLE), ("kDependent", DEPENDENT), ("kTied", TIED), ("kSix", SIX), ("kSeven", SEVEN), ("kOther", OTHER)):
        yield array(name, values)
    yield "\n// numpy.quantile, the default method"
    yield array("kQuantileAt", QUANTILES)
    yield array("kQuantiles", np.quantile(SAMPLE, QUANTILES))
    yield "\n// scipy.stats.norm.sf, t.sf, both sides; t.isf; chi2.sf"
    yield array("kNormalScores", [0.1, 1.0, 1.959964, 3.3, 6.0])
    yield array("kNormalTails", 2 * stats.norm.sf([0.1, 1.0, 1.959964, 3.3, 6.0]))
    yield array("kStudentScores", [score for score, _ in SCORES])
    yield array("kStudentDegrees", [degrees for _, degrees in SCORES])
    yield array("kStudentTails", [2 * stats.t.sf(score, degrees) for score, degrees in SCORES])
    yield array("kStudentQuantiles", [stats.t.isf(0.025, degrees) for degrees in range(1, 12)])
    yield array("kChiSquares", [value for value, _ in CHI_SQUARES])
    yield array("kChiSquareDegrees", [degrees for _, degrees in CHI_SQUARES])
    yield array("kChiSquareTails", [stats.chi2.sf(value, degrees) for value, degrees in CHI_SQUARES])
    yield "\n// scipy.stats.kendalltau(method='asymptotic') with the order, theilslopes"
    for name, values in (("kDependent", DEPENDENT), ("kTied", TIED)):
        yield number(f"{name}TrendProbability", stats.kendalltau(np.arange(len(values)), values, method="asymptotic").pvalue)
        yield number(f"{name}TheilChange", stats.theilslopes(values)[0] * (len(values) - 1))
    yield "\n// scipy.stats.kruskal"
    for index, group in enumerate(GROUPS):
        yield array(f"kGroup{index}", group)
    yield number("kBatchProbability", stats.kruskal(*GROUPS).pvalue)
    yield "\n// scipy.stats.sem of the medians of four batches"
    yield number("kSampleBatchError", stats.sem(batches(SAMPLE)))
    yield number("kDependentBatchError", stats.sem(batches(DEPENDENT)))
    yield "\n// the circular block bootstrap with 200,000 resamples in NumPy"
    yield number("kSampleBlockLength", block_length(SAMPLE))
    yield number("kDependentBlockLength", block_length(DEPENDENT))
    yield number("kSampleBootstrapError", bootstrap_error(SAMPLE))
    yield number("kDependentBootstrapError", bootstrap_error(DEPENDENT))
    yield "\n// Hettmansperger and Sheather, from scipy.stats.binom"
    yield array("kSixInterval", hettmansperger_sheather(SIX))
    yield array("kSevenInterval", hettmansperger_sheather(SEVEN))
    yield "\n// Student's t times the batches' error: of kDependent, where that is more than the bootstrap's"
    yield number("kStudentHalf", stats.t.isf(0.025, 3) * stats.sem(batches(DEPENDENT)))
    yield "\n// scipy.stats.t of the quotient of two medians, kSample and kOther"
    difference, error, degrees, probability = welch(SAMPLE, OTHER)
    yield number("kQuotient", np.exp(difference))
    yield number("kQuotientLow", np.exp(difference - stats.t.isf(0.025, degrees) * error))
    yield number("kQuotientHigh", np.exp(difference + stats.t.isf(0.025, degrees) * error))
    yield number("kQuotientProbability", probability)
    yield "\n// Holm 1979; Benjamini and Hochberg 1995"
    yield array("kProbabilities", P_VALUES)
    yield array("kHolm", holm(P_VALUES))
    yield array("kBenjaminiHochberg", benjamini_hochberg(P_VALUES))
    yield "\n// scipy.stats.theilslopes of two ramps, and the median of both ramps' slopes"
    for index, (count, total) in enumerate(RAMPS):
        yield array(f"kRamp{index}Count", count)
        yield array(f"kRamp{index}Total", total)
        yield number(f"kRamp{index}Slope", stats.theilslopes(total, count)[0])
    yield number("kRampsSlope", np.median(sum((pair_slopes(*ramp) for ramp in RAMPS), [])))
    yield "\n// scipy.stats.binom: the order statistics that enclose a quantile"
    yield array("kRankCount", [count for count, _ in RANKS])
    yield array("kRankAt", [p for _, p in RANKS])
    yield array("kRankLow", [quantile_ranks(count, p)[0] for count, p in RANKS])
    yield array("kRankHigh", [quantile_ranks(count, p)[1] for count, p in RANKS])
    yield "\n}  // namespace husk::compare::golden"


def same(mine, theirs):
    """Words alike, numbers to 9 digits: the last ones differ from one version of SciPy to another."""
    def words(text):
        return text.replace("{", " ").replace("}", " ").replace(",", " ").replace(";", " ").split()

    def equal(a, b):
        try:
            return np.isclose(float(a), float(b), rtol=1e-9, atol=0)
        except ValueError:
            return a == b
    a, b = words(mine), words(theirs)
    return len(a) == len(b) and all(map(equal, a, b))


made = "\n".join(lines()) + "\n"
if len(sys.argv) == 3 and sys.argv[1] == "--check":
    if not same(made, pathlib.Path(sys.argv[2]).read_text()):
        print(f"{sys.argv[2]} is not what SciPy says; golden.py makes it again")
        sys.exit(1)
else:
    (pathlib.Path(__file__).parent / "golden_values.h").write_text(made)
