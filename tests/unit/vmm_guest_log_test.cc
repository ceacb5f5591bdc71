// The guest's log ring is shared memory that a hostile guest can fill with anything.
#include "vmm/machine/guest_log.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "abi/husk_abi.h"
#include "vmm/log.h"

namespace husk::machine {
namespace {

constexpr std::uint64_t kCapacity = sizeof(abi::GuestLog::text);

class GuestLog : public ::testing::Test {
 protected:
  GuestLog() : bytes_(abi::kGuestLogGpa + abi::kGuestLogSize), reader_(memory_, words_) {
    memory_.add_region(Gpa{0}, bytes_);
    ring_ = reinterpret_cast<abi::GuestLog*>(bytes_.data() + abi::kGuestLogGpa);
    log::set_level(log::Severity::kInfo);
  }
  ~GuestLog() override { log::set_level(log::Severity::kWarning); }

  void append(const std::string& text) {
    for (const char c : text) ring_->text[ring_->written++ % kCapacity] = c;
  }
  std::string printed() {
    ::testing::internal::CaptureStderr();
    reader_.print_new_lines();
    return ::testing::internal::GetCapturedStderr();
  }

  std::vector<std::byte> bytes_;
  GuestMemory memory_;
  abi::GuestLog* ring_;
  std::uint64_t now_ns_ = 0;
  GuestWords words_{log::write, [this] { return now_ns_; }};
  GuestLogReader reader_;
};

TEST_F(GuestLog, PrintsNewLinesOnce) {
  append("<6>one\n<4>two\n");
  EXPECT_EQ(printed(), "husk: guest: one\nhusk: guest: two\n");
  EXPECT_EQ(printed(), "");
  append("<6>three\n");
  EXPECT_EQ(printed(), "husk: guest: three\n");
}

TEST_F(GuestLog, LeavesOutWhatIsTooDetailed) {
  append("<7>detail\n<3>error\n");
  EXPECT_EQ(printed(), "husk: guest: error\n");
}

TEST_F(GuestLog, ShowsControlCharactersHarmlessly) {
  append("<4>\x1b[2Jboo\r\x07\x9b\n");
  EXPECT_EQ(printed(), "husk: guest: ?[2Jboo???\n");
}

TEST_F(GuestLog, GoesRound) {
  append(std::string(kCapacity - 10, 'x') + "\n");
  printed();
  append("<6>across the end of the ring\n");
  EXPECT_EQ(printed(), "husk: guest: across the end of the ring\n");
}

TEST_F(GuestLog, SaysThatLinesWereLost) {
  append("<6>lost\n");
  for (std::uint64_t i = 0; i < 2 * kCapacity / 8; ++i) append("<6>kept\n");
  const std::string text = printed();
  EXPECT_NE(text.find("overwritten"), std::string::npos);
  EXPECT_EQ(text.find("lost"), std::string::npos);
  EXPECT_NE(text.find("husk: guest: kept\n"), std::string::npos);
}

TEST_F(GuestLog, SurvivesLies) {
  std::memset(ring_->text, 0xff, kCapacity);
  ring_->written = ~std::uint64_t{0};
  printed();
  EXPECT_EQ(printed(), "");
  ring_->written = 3;  // backwards
  EXPECT_EQ(printed(), "");
}

}  // namespace
}  // namespace husk::machine
