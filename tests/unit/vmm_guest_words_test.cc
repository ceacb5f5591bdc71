// What a guest can make husk say is bounded, whatever it does, and its last words are heard.
#include "vmm/machine/guest_words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "abi/husk_abi.h"
#include "vmm/machine/guest_log.h"

namespace husk::machine {
namespace {

class GuestWordsTest : public ::testing::Test {
 protected:
  void say(const std::string& line) { words_.say(log::Severity::kWarning, line); }
  std::size_t bytes_said() const {
    std::size_t bytes = 0;
    for (const std::string& line : said_) bytes += line.size();
    return bytes;
  }

  std::uint64_t now_ns_ = 0;
  std::vector<std::string> said_;
  GuestWords words_{[this](log::Severity, std::string_view line) { said_.emplace_back(line); },
                    [this] { return now_ns_; }};
};

TEST_F(GuestWordsTest, AFewLinesAreSaidAsTheyAre) {
  say("one");
  say("two");
  words_.end();
  EXPECT_EQ(said_, (std::vector<std::string>{"one", "two"}));
}

TEST_F(GuestWordsTest, WhoeverSaysMoreIsSilentAndThatIsSaidOnce) {
  for (int i = 0; i < 100'000; ++i) say("line");
  const std::size_t lines = GuestWords::kBudget / GuestWords::cost(4);
  EXPECT_EQ(said_.size(), lines);
  words_.end();
  ASSERT_EQ(said_.size(), lines + 1);
  EXPECT_EQ(said_.back(), "guest: (" + std::to_string(100'000 - lines) + " lines of its words were left out, " +
                              std::to_string(4 * (100'000 - lines)) + " bytes)");
  words_.end();
  EXPECT_EQ(said_.size(), lines + 1);
}

TEST_F(GuestWordsTest, EmptyAndLongLinesAreNotFreeEither) {
  for (int i = 0; i < 100'000; ++i) say("");
  EXPECT_LE(said_.size(), GuestWords::kBudget / GuestWords::cost(0));
  said_.clear();
  now_ns_ += 1'000'000'000'000;
  for (int i = 0; i < 1000; ++i) say(std::string(16'000, 'x'));
  EXPECT_LE(bytes_said(), GuestWords::kBudget);
}

TEST_F(GuestWordsTest, TimeFillsTheBudgetAgain) {
  for (int i = 0; i < 100'000; ++i) say("line");
  said_.clear();
  now_ns_ += 1'000'000'000;
  say("too early");
  EXPECT_TRUE(said_.empty()) << "a second is not enough to say much";
  now_ns_ += GuestWords::kEnough / GuestWords::kBytesPerSecond * 1'000'000'000;
  say("now");
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_NE(said_.front().find("left out"), std::string::npos);
  EXPECT_EQ(said_.back(), "now");
  // A day of flooding costs no more than a day's worth.
  said_.clear();
  for (int second = 0; second < 86'400; ++second) {
    now_ns_ += 1'000'000'000;
    for (int i = 0; i < 20; ++i) say(std::string(200, 'x'));
  }
  EXPECT_LE(bytes_said(), GuestWords::kBudget + 86'400 * GuestWords::kBytesPerSecond);
}

TEST_F(GuestWordsTest, WhatATerminalWouldActOnBecomesVisible) {
  say("\x1b[2Jboo\r\x07\x9b");
  EXPECT_EQ(said_.front(), "?[2Jboo???");
}

// Through the ring of the kernel's log.
class GuestFloodTest : public GuestWordsTest {
 protected:
  static constexpr std::uint64_t kCapacity = sizeof(abi::GuestLog::text);
  GuestFloodTest() : ring_(abi::kGuestLogGpa + abi::kGuestLogSize) {
    memory_.add_region(Gpa{0}, ring_);
    log::set_level(log::Severity::kInfo);
  }
  ~GuestFloodTest() override { log::set_level(log::Severity::kWarning); }
  void append(std::string_view text) {
    auto& log = *reinterpret_cast<abi::GuestLog*>(ring_.data() + abi::kGuestLogGpa);
    for (const char c : text) log.text[log.written++ % kCapacity] = c;
  }

  std::vector<std::byte> ring_;
  GuestMemory memory_;
  GuestLogReader reader_{memory_, words_};
};

TEST_F(GuestFloodTest, IsBoundedAndItsLastWordsAreHeard) {
  for (int flush = 0; flush < 1000; ++flush) {
    for (std::uint64_t i = 0; i < kCapacity / 8; ++i) append("<3>aaaa\n");
    reader_.print_new_lines();
  }
  for (std::uint64_t i = 0; i < kCapacity / 8; ++i) append("<3>bbbb\n");
  append("<3>the reason\n");
  reader_.print_last_lines();
  EXPECT_LE(bytes_said(), GuestWords::kBudget + GuestWords::kLastWords);
  EXPECT_EQ(said_.back(), "guest: the reason");
  EXPECT_EQ(said_[said_.size() - 2], "guest: bbbb");
}

TEST_F(GuestFloodTest, ALineWithoutAnEndIsCut) {
  append("<3>" + std::string(kCapacity - 3, 'x'));
  reader_.print_last_lines();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_LE(said_.front().size(), GuestWords::kMaxLine + 3);
}

}  // namespace
}  // namespace husk::machine
