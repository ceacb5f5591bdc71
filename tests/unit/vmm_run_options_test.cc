// The command line of `husk run`.
#include "vmm/cli/run_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "vmm/cli/plain_options.h"
#include "vmm/cli/run_command_line.h"
#include "vmm/cli/run_option_table.h"
#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return pointers;
}

// What the table's options are.
std::vector<std::string> values_of(RunOptions& options) {
  std::vector<std::string> values;
  for (const RunOption& option : run_option_table()) {
    std::string value = std::string("--") + option.name + ":";
    if (const Flag* const flag = std::get_if<Flag>(&option.target)) value += (*flag)(options) ? " set" : " not set";
    if (const Text* const text = std::get_if<Text>(&option.target)) value += " " + (*text)(options);
    if (const OptionalText* const text = std::get_if<OptionalText>(&option.target)) {
      value += (*text)(options) ? " " + *(*text)(options) : "";
    }
    if (const Texts* const texts = std::get_if<Texts>(&option.target)) {
      for (const std::string& one : (*texts)(options)) value += " " + one;
    }
    values.push_back(value);
  }
  return values;
}

// By CLI11; and what the plain reader takes as well, it must take for the same.
RunOptions parse(std::vector<std::string> words) {
  std::vector<char*> arguments = pointers_to(words);
  RunOptions plain;
  const std::optional<std::vector<std::string>> plain_rest = read_plain_options(arguments, plain);
  arguments.insert(arguments.begin(), nullptr);  // the command's name
  CLI::App app;
  RunOptions options;
  declare_run_options(app, options);
  parse_run_options(app, static_cast<int>(arguments.size()), arguments.data());
  if (plain_rest) {
    EXPECT_EQ(*plain_rest, app.remaining());
    EXPECT_EQ(values_of(plain), values_of(options));
  } else {
    RunOptions untouched;
    EXPECT_EQ(values_of(plain), values_of(untouched));
  }
  finish_run_options(options, app.remaining());
  config::merge(options.wishes, config::ImageConfig::of_directory(), options.spec);
  return options;
}

bool is_plain(std::vector<std::string> words) {
  RunOptions options;
  return read_plain_options(pointers_to(words), options).has_value();
}

TEST(RunOptions, PlainLines) {
  const std::vector<std::vector<std::string>> plain = {
      {"root"},
      {"root", "--help", "-m"},
      {"-m", "16M", "root", "true"},
      {"--memory=16M", "-e", "A=1", "-e", "B=2", "--env=C=3", "-ti", "--read-only", "root", "sh"},
      {"--stats", "/tmp/stats", "--kvm-stats", "--log-level=debug", "root", "--", "x"},
      {"--isolation", "namespace", "--in-place", "-w", "/tmp", "-u", "1:2", "root"},
  };
  for (const auto& words : plain) {
    EXPECT_TRUE(is_plain(words)) << words[0];
    parse(words);
  }
}

// For each of these it takes CLI11 to say what it means.
TEST(RunOptions, LinesThatAreNotPlain) {
  const std::vector<std::vector<std::string>> others = {
      {},
      {""},
      {"-"},
      {"--", "root"},
      {"--help"},
      {"-h"},
      {"-m"},
      {"-m64M", "root"},
      {"-m=64M", "root"},
      {"--memory=", "root"},
      {"-m", "", "root"},
      {"-m", "1M", "-m", "2M", "root"},
      {"-t", "-t", "root"},
      {"-te", "A=1", "root"},
      {"-x", "root"},
      {"--m", "1M", "root"},
      {"--tty=false", "root"},
      {"-e", "-x", "root"},
      {"-e", "[a]", "root"},
      {"-e", "{}", "root"},
      {"--kvm-stats", "root"},
      {"--no-such-option", "root"},
  };
  for (const auto& words : others) EXPECT_FALSE(is_plain(words)) << (words.empty() ? "" : words[0]);
}

TEST(RunOptions, EverythingAfterTheImageBelongsToThePayload) {
  const RunOptions options = parse({"-m", "16M", "root", "sh", "-c", "exit 7", "-m", "--", "-e", "--help"});
  EXPECT_EQ(options.spec.image, "root");
  EXPECT_THAT(options.spec.argv, ElementsAre("sh", "-c", "exit 7", "-m", "--", "-e", "--help"));
  EXPECT_EQ(options.spec.memory_bytes, 16u << 20);
  EXPECT_TRUE(options.spec.memory_limit_asked);
}

TEST(RunOptions, Defaults) {
  const RunOptions options = parse({"root", "true"});
  EXPECT_EQ(options.spec.memory_bytes, 64u << 20);
  EXPECT_FALSE(options.spec.memory_limit_asked);
  EXPECT_EQ(options.spec.cwd, "/");
  EXPECT_EQ(options.spec.uid, 0u);
  EXPECT_EQ(options.spec.isolation, Isolation::kVm);
  EXPECT_EQ(options.spec.guest_ring, GuestRing::kAuto);
  EXPECT_FALSE(options.spec.terminal);
  EXPECT_THAT(options.spec.env, ElementsAre("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                            "HOSTNAME=husk", "HOME=/root"));
}

TEST(RunOptions, Environment) {
  ::setenv("HUSK_TEST_VARIABLE", "from the caller", 1);
  ::unsetenv("HUSK_TEST_ABSENT");
  const RunOptions options = parse({"-e", "A=1", "--env", "A=2", "-e", "EMPTY=", "-e", "HUSK_TEST_VARIABLE", "-e",
                                    "HUSK_TEST_ABSENT", "-e", "HOME=/h", "root", "true"});
  EXPECT_THAT(options.spec.env, Contains("A=2"));
  EXPECT_THAT(options.spec.env, Not(Contains("A=1")));
  EXPECT_THAT(options.spec.env, Contains("EMPTY="));
  EXPECT_THAT(options.spec.env, Contains("HUSK_TEST_VARIABLE=from the caller"));
  EXPECT_THAT(options.spec.env, Contains("HOME=/h"));
  EXPECT_THAT(options.spec.env, Not(Contains("HOME=/root")));
  EXPECT_EQ(options.spec.image, "root");
}

TEST(RunOptions, User) {
  EXPECT_EQ(parse({"-u", "1000", "root"}).spec.user, "1000") << "the image knows its group";
  EXPECT_EQ(parse({"-u", "1000:100", "root"}).spec.uid, 1000u);
  EXPECT_EQ(parse({"-u", "1000:100", "root"}).spec.gid, 100u);
  EXPECT_EQ(parse({"-u", "web", "root"}).spec.user, "web");
  EXPECT_THAT(parse({"-u", "1", "root"}).spec.env, Not(Contains(StartsWith("HOME=")))) << "the image knows it";
  EXPECT_THAT(parse({"-u", "root", "root"}).spec.env, Not(Contains(StartsWith("HOME="))));
  EXPECT_THAT(parse({"-u", "1", "-e", "HOME=/h", "root"}).spec.env, Contains("HOME=/h"));
  EXPECT_THROW(parse({"-u", "1:2:3", "root"}), Error);
}

TEST(RunOptions, AsDockerHasThem) {
  const RunOptions options = parse({"--entrypoint", "/bin/sh", "--tmpfs", "/run", "--tmpfs", "/a:size=1m",
                                    "--read-only", "--hostname", "box", "--add-host", "db:10.0.0.1", "--ulimit",
                                    "nofile=10:20", "--stop-signal", "QUIT", "--name", "web-1", "root", "-x"});
  EXPECT_EQ(options.name, "web-1");
  EXPECT_THAT(options.spec.argv, ElementsAre("/bin/sh", "-x"));
  EXPECT_EQ(options.spec.tmpfs.size(), 2u);
  EXPECT_TRUE(options.spec.read_only);
  EXPECT_EQ(options.spec.hostname, "box");
  EXPECT_EQ(options.spec.etc_files.size(), 3u);
  EXPECT_EQ(options.spec.stop_signal, 3);
  EXPECT_EQ(options.spec.limits.back().soft, 10u);
  EXPECT_THAT(parse({"--entrypoint", "", "root", "id"}).spec.argv, ElementsAre("id"));
  EXPECT_THAT(parse({"--entrypoint=", "root", "id"}).spec.argv, ElementsAre("id"));
  EXPECT_THAT(parse({"-e", "A=", "--entrypoint=", "root", "--entrypoint=", "-x="}).spec.argv,
              ElementsAre("--entrypoint=", "-x="));
  EXPECT_THROW(parse({"--hostname=", "root"}), Error);
  for (const char* option : {"--tmpfs=/run", "--read-only", "--add-host=a:1.2.3.4"}) {
    EXPECT_THROW(parse({"--isolation", "process", option, "root"}), Error) << option;
  }
  EXPECT_THROW(parse({"--isolation", "namespace", "--in-place", "--add-host", "a:1.2.3.4", "root"}), Error);
}

TEST(RunOptions, Sizes) {
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("64k"), 65536u);
  EXPECT_EQ(parse_size("1G"), std::uint64_t{1} << 30);
  for (const char* bad : {"", "0", "0M", "M", "-1", "-1M", "1.5G", "1MB", "99999999999G", "64 M", "0x10"}) {
    EXPECT_THROW(parse_size(bad), Error) << bad;
  }
}

TEST(RunOptions, RefusesWhatMakesNoSense) {
  EXPECT_THROW(parse({}), Error);
  EXPECT_THROW(parse({"--no-such-option", "root"}), Error);
  EXPECT_THROW(parse({""}), Error);
  EXPECT_THROW(parse({"-w", "relative", "root"}), Error);
  EXPECT_THROW(parse({"--isolation", "jail", "root"}), Error);
  EXPECT_THROW(parse({"--isolation", "namespace", "-m", "64K", "root"}), Error);
  EXPECT_EQ(parse({"--isolation", "namespace", "-m", "1M", "root"}).spec.memory_bytes, std::uint64_t{1} << 20);
  EXPECT_THROW(parse({"--jail", "chroot", "root"}), Error);
  EXPECT_THROW(parse({"--jail", "full", "--isolation", "namespace", "root"}), Error);
  EXPECT_EQ(parse({"root"}).jail, sandbox::JailLevel::kBasic);
  EXPECT_EQ(parse({"--jail", "full", "root"}).jail, sandbox::JailLevel::kFull);
  EXPECT_THROW(parse({"--guest-ring", "1", "root"}), Error);
  EXPECT_THROW(parse({"--hostname", std::string(65, 'a'), "root"}), Error);
  EXPECT_THROW(parse({"--log-level", "loud", "root"}), Error);
  EXPECT_THROW(parse({"-e", "=x", "root"}), Error);
  EXPECT_THROW(parse({"-m"}), CLI::ParseError);
  log::set_level(log::Severity::kWarning);
}

TEST(RunOptions, Choices) {
  EXPECT_EQ(parse({"--isolation", "namespace", "root"}).spec.isolation, Isolation::kNamespace);
  EXPECT_EQ(parse({"--isolation=process", "root"}).spec.isolation, Isolation::kProcess);
  EXPECT_EQ(parse({"--guest-ring", "0", "root"}).spec.guest_ring, GuestRing::kRing0);
  EXPECT_EQ(parse({"--guest-ring", "3", "root"}).spec.guest_ring, GuestRing::kRing3);
  EXPECT_TRUE(parse({"-ti", "root"}).spec.terminal);
  EXPECT_THAT(parse({"root"}).spec.argv, ElementsAre("/bin/sh"));
}

}  // namespace
}  // namespace husk::cli
