// Files of a comparison: complete or not there, whatever happens to the others.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/compare_example.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/output/file.h"
#include "tools/compare/outputs.h"
#include "tools/compare/report_command.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;
using test::TemporaryTree;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::size_t entries(const TemporaryTree& tree) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(tree.path()), fs::directory_iterator()));
}

template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

// Standard output, for as long as it lives, is the writing end of a pipe that nobody reads.
class ClosedStandardOutput {
 public:
  ClosedStandardOutput() : saved_(dup(STDOUT_FILENO)) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
  }
  ~ClosedStandardOutput() {
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }
  ClosedStandardOutput(const ClosedStandardOutput&) = delete;
  ClosedStandardOutput& operator=(const ClosedStandardOutput&) = delete;

 private:
  int saved_;
};

TEST(Files, AreReadAsTheyWereWritten) {
  const TemporaryTree tree;
  const std::string text("a\0b\n", 4);
  write_file(tree / "file", text);
  EXPECT_EQ(read_file(tree / "file"), text);
  EXPECT_EQ(entries(tree), 1U);
}

TEST(Files, ANewFileHasTheUsualModeAndAnOldOneKeepsIts) {
  const TemporaryTree tree;
  const mode_t before = umask(022);
  write_file(tree / "new", "x");
  umask(before);
  EXPECT_EQ(fs::status(tree / "new").permissions(), static_cast<fs::perms>(0644));
  fs::permissions(tree / "new", static_cast<fs::perms>(0640));
  write_file(tree / "new", "y");
  EXPECT_EQ(fs::status(tree / "new").permissions(), static_cast<fs::perms>(0640));
}

TEST(Files, ALinkIsFollowedAndStays) {
  const TemporaryTree tree;
  tree.write("file", "old and long");
  fs::create_symlink("file", tree / "link");
  write_file(tree / "link", "new");
  EXPECT_EQ(read_file(tree / "file"), "new");
  EXPECT_TRUE(fs::is_symlink(tree / "link"));
}

TEST(Files, ADeviceIsWrittenTo) {
  EXPECT_NO_THROW(check_can_write("/dev/null"));
  EXPECT_NO_THROW(write_file("/dev/null", "x"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THAT(error_of([] { write_file("/dev/full", "x"); }), HasSubstr("/dev/full"));
}

TEST(Files, APipeThatNobodyReadsIsAnError) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const std::string path = "/dev/fd/" + std::to_string(ends[1]);
  EXPECT_THAT(error_of([&] { write_file(path, "x"); }), HasSubstr(path));
  close(ends[1]);
}

TEST(Files, WhoWaitsForAReaderCanBeInterrupted) {
  const TemporaryTree tree;
  ASSERT_EQ(mkfifo((tree / "pipe").c_str(), 0600), 0);
  EXPECT_EXIT(
      {
        alarm(1);  // SIGALRM only shows that it waits
        signal(SIGALRM, [](int) { raise(SIGINT); });
        write_file(tree / "pipe", "x");
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(Files, ALookLeavesNothing) {
  const TemporaryTree tree;
  check_can_write(tree / "file");
  EXPECT_EQ(entries(tree), 0U);
  EXPECT_THAT(error_of([&] { check_can_write(tree / "no/file"); }), HasSubstr("no/file"));
  EXPECT_THAT(error_of([&] { check_can_write(tree.path()); }), HasSubstr("directory"));
  EXPECT_EQ(entries(tree), 0U);
}

TEST(Files, WhatIsTooLargeOrNoFileIsNotRead) {
  const TemporaryTree tree;
  EXPECT_THAT(error_of([] { read_file("/dev/zero"); }),
              AllOf(HasSubstr("/dev/zero"), HasSubstr("larger than 256 MiB")));
  EXPECT_THAT(error_of([&] { read_file(tree.path()); }), HasSubstr("cannot read"));
  EXPECT_THAT(error_of([&] { read_file(tree / "none"); }), HasSubstr("none"));
}

TEST(Outputs, OneThatFailsDoesNotPreventTheOthers) {
  const TemporaryTree tree;
  OutputOptions options;
  options.json = "/dev/full";
  options.csv = tree / "table.csv";
  options.html = tree / "no/such/page.html";
  testing::internal::CaptureStdout();
  const std::string error = error_of([&] { write_outputs(options, example(), kBaseline); });
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("Start-up"));
  EXPECT_THAT(error, AllOf(HasSubstr("/dev/full"), HasSubstr("page.html"), Not(HasSubstr("\n"))));
  EXPECT_THAT(read_file(options.csv), HasSubstr("vm,start_ns"));
}

TEST(Outputs, AClosedPipeCostsNoFile) {
  const TemporaryTree tree;
  OutputOptions options;
  options.json = tree / "result.json";
  EXPECT_EXIT(
      {
        const ClosedStandardOutput closed;
        signal(SIGPIPE, SIG_DFL);
        write_outputs(options, example(), kBaseline);
      },
      testing::KilledBySignal(SIGPIPE), "");
  EXPECT_THAT(read_file(options.json), HasSubstr("husk.compare"));
  EXPECT_EQ(entries(tree), 1U);
}

TEST(Report, LeavesNothingWhenTheSecondFileIsMissing) {
  const TemporaryTree tree;
  ReportOptions options;
  options.first = tree / "a.json";
  options.second = tree / "missing.json";
  options.outputs.html = tree / "page.html";
  write_file(options.first, format_json(example(), kBaseline));
  EXPECT_THAT(error_of([&] { report(options); }), HasSubstr("missing.json"));
  EXPECT_EQ(entries(tree), 1U);
}

TEST(Report, OfTwoWritesThePage) {
  const TemporaryTree tree;
  ReportOptions options;
  options.first = options.second = tree / "a.json";
  options.outputs.html = tree / "page.html";
  write_file(options.first, format_json(example(), kBaseline));
  testing::internal::CaptureStdout();
  EXPECT_EQ(report(options), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("B is"));
  EXPECT_THAT(read_file(options.outputs.html), HasSubstr("husk.compare"));
}

}  // namespace
}  // namespace husk::compare
