// Of several variants the quickest is taken, and what was tried is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/output/choice_text.h"
#include "tools/compare/quickest.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using testing::HasSubstr;

// Runs whose times scatter by a tenth around what each variant takes.
class Clock {
 public:
  explicit Clock(std::map<std::string, double> times) : times_(std::move(times)) {}
  double operator()(const std::string& variant) {
    order.push_back(variant);
    if (!times_.contains(variant)) throw Error("make", variant, "there is none");
    return times_[variant] * std::exp(0.1 * normal_(random_));
  }
  std::vector<std::string> order;

 private:
  std::map<std::string, double> times_;
  std::mt19937_64 random_{1};
  std::normal_distribution<double> normal_;
};

TEST(Quickest, IsTakenAndTheOthersHaveEnoughSamplesToSeeWhy) {
  Clock clock({{"none", 0.9e6}, {"split", 0.6e6}, {"full", 16e6}});
  const Choice choice = choose_quickest({"none", "split", "full"}, std::ref(clock));
  EXPECT_EQ(choice.name, "split");
  EXPECT_TRUE(choice.is_certain);
  ASSERT_EQ(choice.tried.size(), 3U);
  for (const auto& [variant, series] : choice.tried) EXPECT_GE(series.size(), kLeastTries) << variant;
  // What is clearly slower is not tried to the end.
  EXPECT_LT(choice.tried.at("full").size(), kMostTries);
  EXPECT_THAT(describe("kvm-floor", choice), HasSubstr("kvm-floor is `split`, the quickest of split "));
}

TEST(Quickest, TakesTurnsInEveryOrder) {
  Clock clock({{"a", 1}, {"b", 1}, {"c", 1}});
  choose_quickest({"b", "c", "a"}, std::ref(clock));
  std::set<std::string> orders;
  for (std::size_t i = 0; i + 3 <= 18; i += 3) orders.insert(clock.order[i] + clock.order[i + 1] + clock.order[i + 2]);
  EXPECT_EQ(orders.size(), 6U);
}

TEST(Quickest, SaysThatAlikeOnesCannotBeToldApart) {
  Clock clock({{"none", 1e6}, {"split", 1e6}});
  const Choice choice = choose_quickest({"none", "split"}, std::ref(clock));
  EXPECT_FALSE(choice.is_certain);
  for (const auto& [variant, series] : choice.tried) EXPECT_EQ(series.size(), kMostTries) << variant;
  EXPECT_THAT(describe("kvm-floor", choice), HasSubstr("do not tell the first ones apart"));
}

TEST(Quickest, WhatCannotBeHadIsSaid) {
  Clock clock({{"none", 1e6}});
  const Choice choice = choose_quickest({"none", "split"}, std::ref(clock));
  EXPECT_EQ(choice.name, "none");
  EXPECT_TRUE(choice.is_certain);
  EXPECT_FALSE(choice.tried.contains("split"));
  EXPECT_THAT(choice.failed.at("split"), HasSubstr("there is none"));
  EXPECT_THAT(describe("kvm-floor", choice), HasSubstr("; split: cannot make split: there is none"));
}

TEST(Quickest, OfNothingIsAnError) {
  Clock clock({});
  EXPECT_THROW(choose_quickest({"none", "split"}, std::ref(clock)), Error);
}

TEST(Quickest, ARunnerWithoutVariantsSaysNothing) {
  EXPECT_EQ(describe("vm", Choice{}), "");
}

}  // namespace
}  // namespace husk::compare
