// The terminal's line discipline: what is typed, what is read, what is echoed, which signals are sent.
#include "tty/line_discipline.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kernel::tty {
namespace {

class LineDisciplineTest : public ::testing::Test, protected LineDiscipline::Sink {
 protected:
  void echo(std::span<const char> characters) override { echoed_.append(characters.data(), characters.size()); }
  void signal(int number) override { signals_.push_back(number); }
  void stop_output() override { flow_ += 's'; }
  void start_output() override { flow_ += 'q'; }
  void flush_output() override { flow_ += 'f'; }

  void type(std::string_view text) {
    for (char c : text) line_.receive(static_cast<std::uint8_t>(c), *this);
  }
  std::string read(std::size_t most = 100) {
    std::string text(most, '\0');
    bool ended = false;
    text.resize(line_.read(std::as_writable_bytes(std::span(text)), ended));
    if (text.size() == most) line_.skip_end_of_file();
    return text;
  }
  void clear(std::uint32_t local_flag) { line_.settings.local_flags &= ~local_flag; }
  void leave_canonical_mode() {
    const Termios old = line_.settings;
    clear(kICanon);
    line_.settings_changed(old, *this);
  }

  std::vector<std::uint16_t> storage_ = std::vector<std::uint16_t>(LineDiscipline::kCapacity);
  LineDiscipline line_{std::span<std::uint16_t, LineDiscipline::kCapacity>(storage_)};
  std::string echoed_;
  std::string flow_;
  std::vector<int> signals_;
};

TEST_F(LineDisciplineTest, LineIsReadableWhenItEnds) {
  type("ab");
  EXPECT_FALSE(line_.readable());
  type("c\r");
  EXPECT_TRUE(line_.readable());
  EXPECT_EQ(line_.available(), 4u);
  EXPECT_EQ(read(), "abc\n") << "ICRNL";
  EXPECT_FALSE(line_.readable());
  EXPECT_EQ(echoed_, "abc\r\n");
}

TEST_F(LineDisciplineTest, OneReadOneLine) {
  type("one\ntwo\n");
  EXPECT_EQ(read(), "one\n");
  EXPECT_EQ(read(2), "tw");
  EXPECT_EQ(read(), "o\n");
}

// Whoever asks for no more than there is room for loses nothing, however much is typed.
TEST_F(LineDisciplineTest, RoomIsWhatIsKept) {
  std::string typed;
  while (line_.room() != 0) {
    std::string piece;
    for (std::size_t i = 0; i < std::min<std::size_t>(line_.room(), 100); ++i) piece += i == 99 ? '\n' : 'x';
    if (piece.size() < 100) piece.back() = '\n';
    type(piece);
    typed += piece;
  }
  EXPECT_GT(typed.size(), 4000U);
  std::string got;
  while (line_.readable()) got += read();
  EXPECT_EQ(got, typed);
  EXPECT_GT(line_.room(), 4000U);
}

TEST_F(LineDisciplineTest, RawRoomIsWhatIsKept) {
  leave_canonical_mode();
  type(std::string(LineDiscipline::kCapacity, 'x'));
  EXPECT_EQ(line_.room(), 0U);
  EXPECT_EQ(read(10).size(), 10U);
  EXPECT_EQ(line_.room(), 10U);
}

// A line that nobody can read until it ends has to be able to end.
TEST_F(LineDisciplineTest, LineThatIsTooLongGoesOn) {
  type(std::string(5000, 'x'));
  EXPECT_EQ(line_.room(), 1U);
  type("\n");
  EXPECT_EQ(line_.available(), LineDiscipline::kCapacity);
  EXPECT_EQ(line_.room(), 0U);
}

TEST_F(LineDisciplineTest, EndOfFileEndsTheReadItBelongsTo) {
  type("abc\4");
  EXPECT_EQ(read(), "abc");
  EXPECT_FALSE(line_.readable()) << "not an end of file of its own";
  type("\4");
  EXPECT_TRUE(line_.readable());
  EXPECT_EQ(read(), "");
  EXPECT_FALSE(line_.readable());
  type("xy\4");
  EXPECT_EQ(read(2), "xy");
  EXPECT_FALSE(line_.readable()) << "also when the read is exactly as long";
}

TEST_F(LineDisciplineTest, EraseKillAndWordErase) {
  type("abc\177\177x\n");
  EXPECT_EQ(read(), "ax\n");
  EXPECT_EQ(echoed_, "abc\b \b\b \bx\r\n");
  type("rubbish\025good\n");
  EXPECT_EQ(read(), "good\n");
  type("one two  \027three\n");
  EXPECT_EQ(read(), "one three\n");
  type("done\n\177\n");
  EXPECT_EQ(read(), "done\n") << "a finished line cannot be erased";
  EXPECT_EQ(read(), "\n");
}

TEST_F(LineDisciplineTest, ControlCharactersAreEchoedWithACaretAndErasedWhole) {
  type("\001");
  EXPECT_EQ(echoed_, "^A");
  echoed_.clear();
  type("\177");
  EXPECT_EQ(echoed_, "\b \b\b \b");
}

TEST_F(LineDisciplineTest, Utf8CharacterIsErasedWhole) {
  line_.settings.input_flags |= kIUtf8;
  type("a\xc3\xa4\177b\n");
  EXPECT_EQ(read(), "ab\n");
}

TEST_F(LineDisciplineTest, LiteralNext) {
  type("\026\003\026\177\n");
  EXPECT_EQ(read(), "\003\177\n");
  EXPECT_TRUE(signals_.empty());
}

TEST_F(LineDisciplineTest, SignalsAndWhatTheyFlush) {
  type("abc\003");
  EXPECT_EQ(signals_, std::vector<int>{2});
  EXPECT_EQ(echoed_, "abc^C");
  type("d\n");
  EXPECT_EQ(read(), "d\n");
  line_.settings.local_flags |= kNoFlsh;
  type("kept\034\032\n");
  EXPECT_EQ(signals_, (std::vector<int>{2, 3, 20}));
  EXPECT_EQ(read(), "kept\n");
  clear(kISig);
  type("\003\n");
  EXPECT_EQ(signals_.size(), 3u);
  EXPECT_EQ(read(), "\003\n");
}

TEST_F(LineDisciplineTest, RawModeDeliversEveryCharacter) {
  const Termios old = line_.settings;
  line_.settings.local_flags = 0;
  line_.settings.input_flags = 0;
  line_.settings_changed(old, *this);
  type("\r\003\004\177");
  EXPECT_EQ(line_.available(), 4u);
  EXPECT_EQ(read(), "\r\003\004\177");
  EXPECT_TRUE(echoed_.empty());
  EXPECT_TRUE(signals_.empty());
}

TEST_F(LineDisciplineTest, LeavingCanonicalModeMakesTheUnfinishedLineReadable) {
  type("half");
  leave_canonical_mode();
  EXPECT_EQ(read(), "half");
  type("more");
  EXPECT_EQ(read(2), "mo");
  const Termios old = line_.settings;
  line_.settings.local_flags |= kICanon;
  line_.settings_changed(old, *this);
  EXPECT_EQ(read(), "re");
  type("line\n");
  EXPECT_EQ(read(), "line\n");
}

TEST_F(LineDisciplineTest, FlowControl) {
  type("a\023b\021\n");
  EXPECT_EQ(flow_, "sq");
  EXPECT_EQ(read(), "ab\n");
  type("\023\003");
  EXPECT_EQ(flow_, "sqsfq") << "an interrupt lets the output go on";
  const Termios old = line_.settings;
  line_.settings.input_flags &= ~kIXOn;
  line_.settings_changed(old, *this);
  EXPECT_EQ(flow_, "sqsfqq");
  type("\023\n");
  EXPECT_EQ(read(), "\023\n");
}

TEST_F(LineDisciplineTest, TabIsErasedToWhereItBegan) {
  type("ab\t\177");
  EXPECT_EQ(echoed_, "ab\t\b\b\b\b\b\b");
}

TEST_F(LineDisciplineTest, OutputFlags) {
  const auto written = [this](std::string_view text) {
    std::string out;
    for (const char c : text) {
      char made[OutputProcessor::kMostPerCharacter];
      out.append(made, line_.output.process(line_.settings, static_cast<std::uint8_t>(c), made));
    }
    return out;
  };
  EXPECT_EQ(written("a\nb"), "a\r\nb");
  line_.settings.output_flags = kOPost | kOCrNl | kONoCr | kTabsToSpaces;
  EXPECT_EQ(written("\rx\ty\r"), "\nx      y\n") << "the cursor was in column 1 after b";
  line_.settings.output_flags = kOLcUc;
  EXPECT_EQ(written("a\n"), "a\n") << "nothing without OPOST";
  line_.settings.output_flags |= kOPost;
  EXPECT_EQ(written("a\n"), "A\n");
}

TEST_F(LineDisciplineTest, NoEchoButNewlineIfAsked) {
  clear(kEcho);
  type("secret\n");
  EXPECT_EQ(echoed_, "");
  line_.settings.local_flags |= kEchoNl;
  type("secret\n");
  EXPECT_EQ(echoed_, "\r\n");
}

TEST_F(LineDisciplineTest, LineThatIsTooLongCanStillBeEnded) {
  type(std::string(10'000, 'x'));
  type("\n");
  ASSERT_TRUE(line_.readable());
  const std::string text = read(20'000);
  EXPECT_EQ(text.size(), LineDiscipline::kCapacity);
  EXPECT_EQ(text.back(), '\n');
  type("next\n");
  EXPECT_EQ(read(), "next\n");
}

TEST_F(LineDisciplineTest, RawInputBeyondTheCapacityIsDropped) {
  leave_canonical_mode();
  clear(kEcho);
  type(std::string(10'000, 'x'));
  EXPECT_EQ(line_.available(), LineDiscipline::kCapacity - 1);
  EXPECT_EQ(read(20'000).size(), LineDiscipline::kCapacity - 1);
  EXPECT_FALSE(line_.readable());
}

TEST_F(LineDisciplineTest, PositionsSurviveManyTimesTheCapacity) {
  for (int i = 0; i < 5000; ++i) {
    const std::string text = "line " + std::to_string(i) + "\n";
    type(text);
    ASSERT_EQ(read(), text);
  }
}

TEST_F(LineDisciplineTest, CarriageReturnsAsAsked) {
  line_.settings.input_flags = kIgnCr | kINlCr;
  type("a\rb\n");
  EXPECT_FALSE(line_.readable()) << "the newline has become a carriage return";
  line_.settings.input_flags = 0;
  type("\n");
  EXPECT_EQ(read(), "ab\r\n");
}

}  // namespace
}  // namespace kernel::tty
