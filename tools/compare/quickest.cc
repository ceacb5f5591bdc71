#include "tools/compare/quickest.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "tools/compare/statistics/summary.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr unsigned kWarmUp = 3;
constexpr unsigned kTriesBetweenLooks = 5;
constexpr std::uint64_t kSeed = 1;  // of the bootstrap: the same times give the same choice

std::string quickest_of(const std::vector<std::string>& variants, const Choice& choice) {
  return *std::ranges::min_element(
      variants, {}, [&](const std::string& variant) { return summarize(&choice.tried.at(variant), kSeed)->median; });
}

bool is_slower(const std::string& variant, const std::string& quickest, const Choice& choice) {
  const auto ratio = summarize_ratio(&choice.tried.at(variant), &choice.tried.at(quickest), kSeed);
  return ratio && ratio->interval && ratio->interval->low > 1;
}

}  // namespace

Choice choose_quickest(const std::vector<std::string>& variants,
                       const std::function<double(const std::string& variant)>& time_run) {
  Choice choice;
  std::vector<std::string> left = variants;  // that may still be the quickest
  std::vector<std::string> order = variants;
  std::ranges::sort(order);
  std::exception_ptr last_error;
  for (unsigned turn = 0; turn < kWarmUp + kMostTries && !left.empty(); ++turn) {
    for (const std::string& variant : order) {
      const auto it = std::ranges::find(left, variant);
      if (it == left.end()) continue;
      try {
        const double time = time_run(variant);
        if (turn >= kWarmUp) choice.tried[variant].push_back({turn - kWarmUp, time});
      } catch (const Error& error) {
        last_error = std::current_exception();
        choice.failed[variant] = error.what();
        choice.tried.erase(variant);
        left.erase(it);
      }
    }
    std::ranges::next_permutation(order);
    const unsigned tries = turn + 1 - std::min(turn + 1, kWarmUp);
    if (left.empty() || tries < kLeastTries || tries % kTriesBetweenLooks != 0) continue;
    choice.name = quickest_of(left, choice);
    std::erase_if(left, [&](const std::string& variant) { return is_slower(variant, choice.name, choice); });
    choice.is_certain = left.size() == 1;
    if (choice.is_certain) break;
  }
  if (left.empty() && last_error) std::rethrow_exception(last_error);
  return choice;
}

}  // namespace husk::compare
