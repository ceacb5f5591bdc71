// Made by golden.py with SciPy: see there. Not to be edited.
#pragma once

namespace husk::compare::golden {

inline constexpr double kSample[] = {
    115.655, 90.629,  90.981, 93.759,  115.278, 116.264, 88.882,  101.118, 104.822, 107.25, 87.689,  115.351, 109.224,
    77.837,  105.46,  103.68, 104.857, 91.365,  119.927, 123.564, 100.779, 96.913,  78.523, 103.059, 112.029, 110.311,
    95.706,  116.741, 96.406, 103.177, 107.103, 109.504, 103.307, 102.02,  108.643, 91.595, 93.149};
inline constexpr double kDependent[] = {
    80.246,  78.958,  92.797,  93.807,  95.557,  82.507,  87.334,  92.485,  99.627,  111.976, 106.369, 101.787,
    95.968,  94.317,  93.37,   86.158,  99.757,  90.785,  102.564, 85.212,  76.205,  87.422,  106.778, 111.126,
    107.308, 93.428,  91.016,  91.949,  94.059,  93.824,  90.518,  104.505, 96.754,  99.844,  101.528, 96.074,
    89.805,  92.419,  104.117, 109.457, 104.14,  110.92,  109.952, 124.0,   122.726, 109.61,  111.128, 112.033,
    105.063, 110.076, 99.2,    98.331,  91.852,  98.763,  92.293,  104.318, 98.218,  100.766, 104.664, 99.132,
    110.259, 102.33,  111.242, 103.422, 93.213,  99.947,  122.959, 101.075, 97.233,  110.851, 95.08,   95.652,
    103.714, 105.895, 115.067, 108.423, 117.01,  119.101, 100.92,  93.947,  92.118,  90.233,  98.989,  89.08,
    82.067,  87.846,  100.464, 96.24,   89.185,  107.267, 107.07,  103.089, 92.246,  114.309, 108.021, 114.454,
    94.724,  90.838,  98.076,  107.443, 104.366, 94.328,  87.963,  88.814,  80.111,  74.444,  78.451,  93.985,
    98.767,  109.046, 107.355, 111.163, 98.164,  101.722, 97.849,  115.975, 109.066, 109.892, 105.758, 103.812};
inline constexpr double kTied[] = {100.0, 105.0, 100.0, 105.0, 105.0, 95.0,  105.0, 110.0, 125.0, 105.0,
                                   105.0, 100.0, 105.0, 100.0, 105.0, 80.0,  115.0, 110.0, 80.0,  95.0,
                                   105.0, 120.0, 95.0,  85.0,  100.0, 100.0, 100.0, 100.0, 95.0,  95.0,
                                   95.0,  105.0, 110.0, 105.0, 110.0, 110.0, 100.0, 90.0,  100.0, 95.0};
inline constexpr double kSix[] = {93.866, 104.693, 110.852, 91.025, 101.653, 100.407};
inline constexpr double kSeven[] = {105.072, 84.396, 111.223, 89.152, 97.754, 102.239, 104.317};
inline constexpr double kOther[] = {
    125.524, 103.443, 88.832,  96.507,  104.248, 89.15,   90.803,  101.347, 117.718, 110.036, 104.185, 120.157,
    107.363, 116.179, 113.391, 116.619, 95.13,   95.441,  117.272, 107.278, 109.633, 98.202,  112.503, 115.392,
    92.049,  110.633, 92.937,  102.955, 95.888,  105.354, 108.087, 118.201, 125.762, 98.655,  106.275, 127.021,
    108.972, 121.285, 114.488, 95.156,  102.07,  115.253, 99.971,  115.43,  85.151,  94.791,  117.049, 100.968,
    126.369, 106.413, 107.353, 119.916, 106.967, 91.468,  93.025,  124.808, 98.957,  100.151, 102.026, 108.244};

// numpy.quantile, the default method
inline constexpr double kQuantileAt[] = {0.0, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0};
inline constexpr double kQuantiles[] = {77.837,   85.85579999999999,  93.759,    103.307,
                                        115.8986, 117.37819999999999, 122.25468, 123.564};

// scipy.stats.norm.sf, t.sf, both sides; t.isf; chi2.sf
inline constexpr double kNormalScores[] = {0.1, 1.0, 1.959964, 3.3, 6.0};
inline constexpr double kNormalTails[] = {0.920344325445942, 0.31731050786291415, 0.049999998192884795,
                                          0.0009668482847675549, 1.973175290075389e-09};
inline constexpr double kStudentScores[] = {0.3, 2.5, 3.1824, 1.1, 7.5, 2.0, 4.2, 0.01, 12.0};
inline constexpr double kStudentDegrees[] = {1.0, 1.0, 3.0, 4.0, 3.0, 5.0, 6.0, 7.0, 10.0};
inline constexpr double kStudentTails[] = {0.8144528418445154,   0.2422378831816867,    0.05000177761421257,
                                           0.3330836495475541,   0.0049109749259883045, 0.10193947882985828,
                                           0.005685809342101466, 0.9923003176436218,    2.92140882476998e-07};
inline constexpr double kStudentQuantiles[] = {
    12.706204736432102, 4.3026527299112765, 3.1824463052842638, 2.7764451051977996, 2.57058183661474, 2.446911848791681,
    2.3646242510103,    2.306004135033371,  2.262157162740992,  2.2281388519649385, 2.200985160082949};
inline constexpr double kChiSquares[] = {0.5, 3.84, 0.7, 7.81, 25.0, 1.0, 9.5, 30.0, 11.0};
inline constexpr double kChiSquareDegrees[] = {1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 7.0, 12.0};
inline constexpr double kChiSquareTails[] = {0.47950012218695337, 0.05004352124870519,    0.7046880897187136,
                                             0.05010605635000589, 1.5440498291101365e-05, 0.9097959895689501,
                                             0.09070739170404737, 9.495972508134177e-05,  0.5289186865258626};

// scipy.stats.kendalltau(method='asymptotic') with the order, theilslopes
inline constexpr double kDependentTrendProbability = 0.04120944792329121;
inline constexpr double kDependentTheilChange = 7.199567613636362;
inline constexpr double kTiedTrendProbability = 0.28256254741263886;
inline constexpr double kTiedTheilChange = 0.0;

// scipy.stats.kruskal
inline constexpr double kGroup0[] = {96.0, 85.0, 91.0, 98.0, 104.0, 105.0, 86.0, 94.0, 105.0, 114.0, 112.0, 104.0};
inline constexpr double kGroup1[] = {104.0, 100.0, 90.0, 104.0, 120.0, 98.0, 109.0, 99.0, 100.0};
inline constexpr double kGroup2[] = {99.0, 96.0, 108.0, 88.0, 115.0, 91.0, 106.0, 112.0, 98.0, 91.0};
inline constexpr double kGroup3[] = {111.0, 120.0, 105.0, 105.0, 102.0, 92.0, 106.0};
inline constexpr double kBatchProbability = 0.4628598286148682;

// scipy.stats.sem of the medians of four batches
inline constexpr double kSampleBatchError = 0.765581151805608;
inline constexpr double kDependentBatchError = 2.139209943481859;

// the circular block bootstrap with 200,000 resamples in NumPy
inline constexpr double kSampleBlockLength = 4.0;
inline constexpr double kDependentBlockLength = 6.0;
inline constexpr double kSampleBootstrapError = 1.1941326530612237;
inline constexpr double kDependentBootstrapError = 1.9911989795918354;

// Hettmansperger and Sheather, from scipy.stats.binom
inline constexpr double kSixInterval[] = {92.03964285714287, 108.65235714285714};
inline constexpr double kSevenInterval[] = {87.88373333333332, 106.71226666666666};

// Student's t times the batches' error: of kDependent, where that is more than the bootstrap's
inline constexpr double kStudentHalf = 6.807920780861201;

// scipy.stats.t of the quotient of two medians, kSample and kOther
inline constexpr double kQuotient = 1.0327435741127557;
inline constexpr double kQuotientLow = 1.001270251294355;
inline constexpr double kQuotientHigh = 1.0652062103037954;
inline constexpr double kQuotientProbability = 0.044029664294480124;

// Holm 1979; Benjamini and Hochberg 1995
inline constexpr double kProbabilities[] = {0.0003, 0.04, 0.2, 0.011, 0.0121, 0.7, 0.049, 0.0499, 1.0, 0.002};
inline constexpr double kHolm[] = {
    0.0029999999999999996, 0.24, 0.6000000000000001, 0.088, 0.088, 1.0, 0.245, 0.245, 1.0, 0.018000000000000002};
inline constexpr double kBenjaminiHochberg[] = {
    0.0029999999999999996, 0.07128571428571429, 0.25, 0.03025, 0.03025, 0.7777777777777778,
    0.07128571428571429,   0.07128571428571429, 1.0,  0.01};

// scipy.stats.theilslopes of two ramps, and the median of both ramps' slopes
inline constexpr double kRamp0Count[] = {1.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0};
inline constexpr double kRamp0Total[] = {2.91, 5.4, 8.66, 12.02, 15.21, 18.55, 21.8, 31.9, 28.3};
inline constexpr double kRamp0Slope = 0.8212771739130436;
inline constexpr double kRamp1Count[] = {1.0, 2.0, 3.0, 5.0, 8.0};
inline constexpr double kRamp1Total[] = {10.0, 10.9, 12.3, 13.7, 17.2};
inline constexpr double kRamp1Slope = 1.004285714285714;
inline constexpr double kRampsSlope = 0.823453947368421;

// scipy.stats.binom: the order statistics that enclose a quantile
inline constexpr double kRankCount[] = {368.0, 400.0, 1000.0, 1000.0, 200.0};
inline constexpr double kRankAt[] = {0.99, 0.99, 0.99, 0.5, 0.95};
inline constexpr double kRankLow[] = {360.0, 392.0, 983.0, 469.0, 184.0};
inline constexpr double kRankHigh[] = {368.0, 400.0, 997.0, 532.0, 197.0};

}  // namespace husk::compare::golden
