// Two comparisons beside one another: what must be known before one believes a difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/compare_example.h"
#include "tools/compare/output/side_by_side.h"

namespace husk::compare {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Document document() {
  return {example(), kBaseline};
}

Document four_times_as_slow() {
  Document slow = document();
  for (Sample& sample : slow.result.runners[1].series["start_ns"]) sample.value *= 4;
  return slow;
}

// The line that begins so, after any spaces.
std::string line_of(const std::string& text, const std::string& beginning) {
  const std::size_t at = text.find(beginning);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

TEST(SideBySide, FindsWhatDiffers) {
  const std::string text = format_side_by_side(document(), four_times_as_slow(), {});
  const std::string vm = text.substr(text.find("\nvm "));
  EXPECT_THAT(line_of(vm, "start to exit"),
              AllOf(HasSubstr("5.00 ms"), HasSubstr("20.0 ms"), HasSubstr("4.00x"), HasSubstr("worse")));
  EXPECT_THAT(format_side_by_side(document(), document(), {}), Not(HasSubstr("worse")));
}

TEST(SideBySide, HasTheRatiosToTheCommonBaseline) {
  const std::string text = format_side_by_side(document(), four_times_as_slow(), {});
  EXPECT_THAT(line_of(text, "  x kvm-floor"), AllOf(HasSubstr("2.00x ["), HasSubstr("8.00x ["), HasSubstr("worse")));
}

TEST(SideBySide, OfDifferentMachinesOnlyRatiosAreCalledBetterOrWorse) {
  Document b = four_times_as_slow();
  b.result.host.cpu_model = "Another";
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, HasSubstr("different machines"));
  const std::string vm = text.substr(text.find("\nvm "));
  EXPECT_THAT(line_of(vm, "start to exit"), Not(HasSubstr("worse")));
  EXPECT_THAT(line_of(vm, "  x kvm-floor"), HasSubstr("worse"));
}

TEST(SideBySide, OfDifferentPayloadsNothingIsBetterOrWorse) {
  Document b = four_times_as_slow();
  b.result.payload = "another one";
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, AllOf(HasSubstr("payload: an example"), HasSubstr("payload: another one"),
                          HasSubstr("WARNING: THE PAYLOADS DIFFER")));
  EXPECT_THAT(text.substr(text.find("\nvm ")), Not(HasSubstr("worse")));
  b.result.host.cpu_model = "Another";
  EXPECT_THAT(format_side_by_side(document(), b, {}), Not(HasSubstr("Only the rows")));
  EXPECT_THAT(format_side_by_side(document(), document(), {}), Not(HasSubstr("WARNING")));
}

TEST(SideBySide, ShowsNoiseAndThatItEndedEarlyOfBoth) {
  Document a = document();
  Document b = document();
  a.result.warnings = {"much noise"};
  b.result.complete = false;
  const std::string text = format_side_by_side(a, b, {});
  EXPECT_THAT(text, AllOf(HasSubstr("NOISE: much noise"), HasSubstr("ENDED EARLY")));
  EXPECT_LT(text.find("NOISE"), text.find("\nB: "));
  EXPECT_GT(text.find("ENDED EARLY"), text.find("\nB: "));
}

TEST(SideBySide, SaysWhichRunnersAreMissingAndWhy) {
  Document b = document();
  b.result.runners[1].status = Status::kFailed;
  b.result.runners[1].note = "failed: it ended";
  b.result.runners[1].series.clear();
  RunnerResult added = b.result.runners[0];
  added.name = "qemu";
  b.result.runners.push_back(added);
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, HasSubstr("\nvm: A: measured; B: failed: it ended\n"));
  EXPECT_THAT(text, HasSubstr("\nqemu: A: not in this comparison; B: measured\n"));
  EXPECT_THAT(text, HasSubstr("\nrunc: A: not installed (apt package runc); B: not installed (apt package runc)\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nkvm-floor: ")));
}

TEST(SideBySide, TheCommonBaselineIsOneThatBothHave) {
  Document a = document();
  Document b = document();
  EXPECT_EQ(common_baseline(a, b), kBaseline);
  a.baseline = "runc";  // not measured
  EXPECT_EQ(common_baseline(a, b), kBaseline);
  b.result.runners.erase(b.result.runners.begin());
  EXPECT_EQ(common_baseline(a, b), "");
  EXPECT_THAT(format_side_by_side(a, b, {}), HasSubstr("vm "));
}

}  // namespace
}  // namespace husk::compare
