// The PVH loader's command line (docs/pvh.md), which whoever starts the machine writes.
#include "boot/pvh/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kernel::pvh {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const fdt::StringList& list) {
  Texts result;
  for (const std::string_view text : list) result.emplace_back(text);
  return result;
}

// A line that was split. Behind its NUL are bytes that split() must leave alone.
class Line {
 public:
  explicit Line(std::string_view text) : memory_(text) {
    const std::size_t size = text.size() + 1;
    memory_ += '\0';
    memory_ += kGuard;
    problem = split({memory_.data(), size}, words);
    EXPECT_EQ(memory_.substr(size), kGuard) << text;
    expect_inside(words.kernel, size);
    expect_inside(words.arguments, size);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Words words;
  Problem problem;

 private:
  static constexpr std::string_view kGuard = "behind the line";

  void expect_inside(const fdt::StringList& list, std::size_t size) const {
    if (list.empty()) return;
    EXPECT_GE(list.bytes().data(), memory_.data());
    EXPECT_LE(list.bytes().data() + list.bytes().size(), memory_.data() + size);
  }
  std::string memory_;
};

struct Parsed {
  explicit Parsed(std::string_view text) : line(text) {
    EXPECT_FALSE(line.problem) << text;
    problem = read_options(line.words, options);
  }
  Line line;
  Options options;
  Problem problem;
};

TEST(PvhCommandLineTest, WordsBehindTheDoubleDashAreThePayloads) {
  const Line line(" init=/bin/prog\tconsole=ttyS0\r\n LANG=C  husk.cwd=/tmp -- one \"two words\"\n");
  EXPECT_FALSE(line.problem);
  EXPECT_EQ(texts(line.words.kernel), (Texts{"init=/bin/prog", "console=ttyS0", "LANG=C", "husk.cwd=/tmp"}));
  EXPECT_EQ(texts(line.words.arguments), (Texts{"one", "two words"}));
}

TEST(PvhCommandLineTest, ALineWithoutWordsHasNone) {
  for (const char* text : {"", " ", "\t\r\n ", "--", " -- "}) {
    const Line line(text);
    EXPECT_FALSE(line.problem) << text;
    EXPECT_TRUE(line.words.kernel.empty() && line.words.arguments.empty()) << text;
  }
}

TEST(PvhCommandLineTest, QuotesHoldWordsTogetherAndABackslashInThemTakesTheNextCharacter) {
  const std::pair<std::string_view, Texts> cases[] = {
      {R"(A="b  c"d e)", {"A=b  cd", "e"}},  //
      {R"("a \" b")", {R"(a " b)"}},         //
      {R"("a\\" "b\c")", {R"(a\)", "bc"}},   //
      {R"(a\ b\)", {R"(a\)", R"(b\)"}},      // outside of quotes it is a character like others
      {R"(\"a b")", {R"(\a b)"}},            // so it does not hide a quote either
      {R"("" a "" "")", {"", "a", "", ""}},  //
      {R"("""" a"")", {"", "a"}},            //
      {"\"a\n\tb\"", {"a\n\tb"}},            //
      {R"("one word")", {"one word"}},       // no room behind it but that of its quotes
      {"unquoted", {"unquoted"}},            // nor that
  };
  for (const auto& [text, expected] : cases) {
    const Line line(text);
    EXPECT_FALSE(line.problem) << text;
    EXPECT_EQ(texts(line.words.kernel), expected) << text;
  }
}

TEST(PvhCommandLineTest, OnlyTheFirstUnquotedDoubleDashSeparates) {
  const Line line(R"(a "--" --b -- -- "--" c)");
  EXPECT_EQ(texts(line.words.kernel), (Texts{"a", "--", "--b"}));
  EXPECT_EQ(texts(line.words.arguments), (Texts{"--", "--", "c"}));
}

TEST(PvhCommandLineTest, AnUnclosedQuoteIsAProblemAndTheWordsBeforeItAreKnown) {
  for (const char* text : {R"(a b ")", R"(a b "c)", R"(a b c"d e)", R"(a b "c\)", R"(a b "c\")", R"(a b "" "c" "d)"}) {
    const Line line(text);
    EXPECT_TRUE(line.problem) << text;
    Texts before = texts(line.words.kernel);
    before.resize(2);
    EXPECT_EQ(before, (Texts{"a", "b"})) << text;
  }
  const Line behind(R"(a -- b "c)");
  EXPECT_TRUE(behind.problem);
  EXPECT_EQ(texts(behind.words.kernel), Texts{"a"});
  EXPECT_EQ(texts(behind.words.arguments), Texts{"b"});
}

// The same rules, but not within the line's own memory. Nothing if a quote is not closed.
std::optional<std::pair<Texts, Texts>> split_simply(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  std::pair<Texts, Texts> result;
  Texts* list = &result.first;
  for (std::size_t i = 0; (i = text.find_first_not_of(kSpace, i)) < text.size();) {
    const std::size_t start = i;
    std::string word;
    bool quoted = false;
    for (; i < text.size() && (quoted || kSpace.find(text[i]) == std::string_view::npos); ++i) {
      if (text[i] == '"') {
        quoted = !quoted;
      } else {
        if (quoted && text[i] == '\\' && i + 1 < text.size()) ++i;
        word += text[i];
      }
    }
    if (quoted) return {};
    if (word == "--" && text[start] != '"' && list == &result.first) {
      list = &result.second;
    } else {
      list->push_back(word);
    }
  }
  return result;
}

TEST(PvhCommandLineTest, EveryLineSplitsWithinItsOwnMemoryAsItWouldElsewhere) {
  std::mt19937 random(20261126);
  constexpr std::string_view kAlphabet = "  \t\"\"\\ab=---";
  std::size_t closed = 0;
  std::size_t separated = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
    if (random() % 2 == 0) text.insert(random() % (text.size() + 1), " -- ");
    const Line line(text);  // checks the bounds
    const auto expected = split_simply(text);
    ASSERT_EQ(!line.problem, expected.has_value()) << text;
    if (!expected) continue;
    ASSERT_EQ(texts(line.words.kernel), expected->first) << text;
    ASSERT_EQ(texts(line.words.arguments), expected->second) << text;
    ++closed;
    if (!expected->second.empty()) ++separated;
  }
  EXPECT_GT(closed, 10'000u);
  EXPECT_GT(separated, 1'000u);
}

TEST(PvhCommandLineTest, ReadsEveryWordOfTheDocumentation) {
  const Parsed parsed(
      "init=/bin/sh A=1 hostname=box husk.cwd=/tmp husk.uid=1000:1001 husk.ring=3 loglevel=7 console=debugcon "
      "husk.exit=0x501 husk.tsc_khz=2600000 husk.image=1040K@64M virtio_mmio.device=512@0xfeb00e00:5 -- -c \"echo "
      "hello; exit 3\"");
  EXPECT_EQ(parsed.problem.what, "");
  const Options& options = parsed.options;
  EXPECT_EQ(options.program, "/bin/sh");
  EXPECT_EQ(texts(options.arguments), (Texts{"-c", "echo hello; exit 3"}));
  EXPECT_EQ(options.host_name, "box");
  EXPECT_EQ(options.working_directory, "/tmp");
  EXPECT_EQ(std::pair(options.uid, options.gid), std::pair(1000u, 1001u));
  EXPECT_EQ(options.ring, 3u);
  EXPECT_EQ(options.log_level, 7u);
  EXPECT_EQ(options.log_port, 0xe9);
  EXPECT_EQ(options.exit_port, 0x501);
  EXPECT_EQ(options.tsc_khz, 2'600'000u);
  ASSERT_TRUE(options.image);
  EXPECT_EQ(std::pair(options.image->base, options.image->size), std::pair(0x400'0000ul, 1040ul * 1024));
  ASSERT_EQ(options.device_count, 1u);
  EXPECT_EQ(options.devices[0].base, 0xfeb0'0e00u);
  EXPECT_EQ(options.devices[0].size, 512u);
  EXPECT_EQ(options.devices[0].irq, 5u);
}

TEST(PvhCommandLineTest, WhatIsNotSaidIsAsWithHuskRun) {
  const Parsed parsed("init=/x husk.ring=0 husk.ring=auto husk.loglevel=4");
  EXPECT_EQ(parsed.problem.what, "");
  const Options& options = parsed.options;
  EXPECT_EQ(options.working_directory, "/");
  EXPECT_EQ(options.host_name, "husk");
  EXPECT_EQ(std::pair(options.uid, options.gid), std::pair(0u, 0u));
  EXPECT_EQ(options.ring, std::nullopt);
  EXPECT_EQ(options.log_port, 0x3f8);
  EXPECT_EQ(options.exit_port, std::nullopt);
  EXPECT_EQ(options.tsc_khz, 0u);
  EXPECT_FALSE(options.image);
  EXPECT_TRUE(options.arguments.empty());
  EXPECT_EQ(options.device_count, 0u);
  const Parsed user("init=/x husk.uid=1:2 husk.uid=1000");
  EXPECT_EQ(std::pair(user.options.uid, user.options.gid), std::pair(1000u, 0u));  // `husk run -u 1000`
}

TEST(PvhCommandLineTest, TheLargestValuesAreAccepted) {
  const std::string name(64, 'n');
  const Parsed parsed(
      "init=/x husk.uid=4294967294:4294967294 loglevel=0 husk.exit=65535 husk.tsc_khz=0xffffFFFF hostname=" + name);
  EXPECT_EQ(parsed.problem.what, "");
  EXPECT_EQ(std::pair(parsed.options.uid, parsed.options.gid), std::pair(0xffff'fffeu, 0xffff'fffeu));
  EXPECT_EQ(parsed.options.exit_port, 0xffff);
  EXPECT_EQ(parsed.options.tsc_khz, 0xffff'ffffu);
  EXPECT_EQ(parsed.options.host_name, name);
}

TEST(PvhCommandLineTest, RefusesEveryOtherWordByItsName) {
  Texts words = {"hostname=" + std::string(65, 'n')};
  // Separated by spaces, which are none of them.
  for (const char* line :
       {"quiet init init= husk.unknown=1 =x 1A=b a-b=c hostname= husk.cwd= husk.cwd=tmp",
        "husk.uid= husk.uid=root husk.uid=1: husk.uid=:1 husk.uid=1:2:3 husk.uid=1,2 husk.uid=-1 husk.uid=4294967295",
        "husk.uid=1:4294967295 husk.uid=4294967296 husk.uid=18446744073709551616 husk.uid=1:18446744073709551617",
        "husk.ring=1 husk.ring= husk.ring=03 loglevel=8 loglevel= loglevel=4x husk.loglevel=-1",
        "console= console=tty0 console=ttyS00 console=debugcon,1 husk.exit= husk.exit=65536 husk.exit=0x",
        "husk.exit=0x1g husk.tsc_khz=0 husk.tsc_khz=4294967296",
        "husk.image= husk.image=1M husk.image=@1M husk.image=1M@ husk.image=1M@1M:1 "
        "husk.image=1M@18446744073709551616"}) {
    std::ranges::move(split_simply(line)->first, std::back_inserter(words));
  }
  EXPECT_GT(words.size(), 30u);
  for (const std::string& word : words) {
    const Parsed parsed("init=/x " + word);
    EXPECT_TRUE(parsed.problem) << word;
    EXPECT_EQ(parsed.problem.object, word);
  }
  EXPECT_TRUE(Parsed("init=/x \"\"").problem);  // an empty word
}

TEST(PvhCommandLineTest, ABadWordDoesNotHideWhereToSayItAndHowToEnd) {
  const Parsed parsed("bad init=/x worse husk.exit=0x501 console=debugcon");
  EXPECT_EQ(parsed.problem.object, "bad");
  EXPECT_EQ(parsed.options.exit_port, 0x501);
  EXPECT_EQ(find_log_port(parsed.line.words), 0xe9);
}

TEST(PvhCommandLineTest, NeedsAProgram) {
  for (const char* text : {"", "A=1", "console=ttyS0 -- init=/bin/sh"}) {
    const Parsed parsed(text);
    EXPECT_NE(parsed.problem.what.find("init="), std::string_view::npos) << text;
  }
}

TEST(PvhCommandLineTest, TheLogGoesWhereTheLastUsableConsoleSays) {
  const std::pair<std::string_view, std::uint16_t> cases[] = {
      {"", 0x3f8},
      {"console=debugcon", 0xe9},
      {"console=debugcon console=ttyS0,115200", 0x3f8},
      {"console=debugcon console=tty1", 0xe9},
      {"-- console=debugcon", 0x3f8},
  };
  for (const auto& [text, port] : cases) EXPECT_EQ(find_log_port(Line(text).words), port) << text;
}

TEST(PvhCommandLineTest, VariablesHaveNamesThatTheShellAccepts) {
  for (const char* word : {"A=1", "_=x", "PATH=/bin:/x", "a1_B=", "E==", "init_=1"})
    EXPECT_TRUE(is_variable(word)) << word;
  for (const char* word : {"", "A", "=", "=1", "1=1", "a.b=1", "a-b=1", " A=1", "\xc3\xa4=1", "init=/x", "hostname=a",
                           "console=ttyS0", "virtio_mmio.device=512@0x1000:1"}) {
    EXPECT_FALSE(is_variable(word)) << word;
  }
}

TEST(PvhCommandLineTest, VariablesAreTakenFromTheKernelsWordsAlone) {
  const Parsed parsed(R"(A=1 init=/x B="two words" -- C=3)");
  EXPECT_EQ(parsed.problem.what, "");
  Texts variables = texts(parsed.options.environment);
  std::erase_if(variables, [](const std::string& word) { return !is_variable(word); });
  EXPECT_EQ(variables, (Texts{"A=1", "B=two words"}));
  EXPECT_EQ(texts(parsed.options.arguments), Texts{"C=3"});
}

}  // namespace
}  // namespace kernel::pvh
