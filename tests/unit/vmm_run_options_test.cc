// The command line of `husk run`.
#include "vmm/cli/run_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

RunOptions parse(std::vector<std::string> words) {
  words.insert(words.begin(), "run");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  CLI::App app;
  RunOptions options;
  declare_run_options(app, options);
  parse_run_options(app, static_cast<int>(arguments.size()), arguments.data());
  finish_run_options(options, app.remaining());
  config::merge(options.wishes, config::ImageConfig::of_directory(), options.spec);
  return options;
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
