// The options of `husk run`, their values and what they make with an image's configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "error_of.h"
#include "vmm/config/env_file.h"
#include "vmm/config/image_config_text.h"
#include "vmm/config/merge.h"
#include "vmm/config/values.h"
#include "vmm/error.h"

namespace husk::config {
namespace {

using test::error_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

ContainerSpec merged(const Wishes& wishes, const ImageConfig& image = ImageConfig::of_directory()) {
  ContainerSpec spec;
  merge(wishes, image, spec);
  return spec;
}

ImageConfig image_with(std::vector<std::string> entrypoint, std::vector<std::string> command) {
  ImageConfig image;
  image.entrypoint = std::move(entrypoint);
  image.command = std::move(command);
  return image;
}

std::vector<std::string> words(const ImageConfig& image, std::optional<std::string> entrypoint,
                               std::vector<std::string> command) {
  Wishes wishes;
  wishes.entrypoint = std::move(entrypoint);
  wishes.command = std::move(command);
  return merged(wishes, image).argv;
}

TEST(Config, CommandsAsDockerPutsThemTogether) {
  const ImageConfig both = image_with({"/start", "-x"}, {"serve"});
  EXPECT_THAT(words(both, {}, {}), ElementsAre("/start", "-x", "serve"));
  EXPECT_THAT(words(both, {}, {"sh"}), ElementsAre("/start", "-x", "sh"));
  EXPECT_THAT(words(both, "/bin/sh", {}), ElementsAre("/bin/sh")) << "the image's command is for its own entry point";
  EXPECT_THAT(words(both, "/bin/sh", {"-c", ""}), ElementsAre("/bin/sh", "-c", ""));
  EXPECT_THAT(words(both, "", {"id"}), ElementsAre("id"));
  EXPECT_THROW(words(both, "", {}), Error);
  EXPECT_THROW(words(image_with({}, {}), {}, {}), Error);
  EXPECT_THAT(words(ImageConfig::of_directory(), {}, {}), ElementsAre("/bin/sh"));
  EXPECT_THAT(words(ImageConfig::of_directory(), {}, {""}), ElementsAre(""));
}

TEST(Config, TheUserComesBeforeTheImage) {
  ImageConfig image = image_with({}, {"run"});
  image.environment = {"PATH=/image", "A=image", "B=image"};
  image.working_directory = "/image";
  image.user = "web:staff";
  image.stop_signal = "SIGQUIT";
  ContainerSpec spec = merged({}, image);
  EXPECT_EQ(spec.cwd, "/image");
  EXPECT_EQ(spec.user, "web:staff");
  EXPECT_EQ(spec.stop_signal, SIGQUIT);
  EXPECT_THAT(spec.env, ElementsAre("PATH=/image", "HOSTNAME=husk", "A=image", "B=image"))
      << "no HOME before one knows";

  Wishes wishes;
  wishes.environment = {"B=user", "C=1", "C=2"};
  wishes.working_directory = "/user";
  wishes.user = parse_user("0:7");
  wishes.stop_signal = SIGINT;
  spec = merged(wishes, image);
  EXPECT_EQ(spec.cwd, "/user");
  EXPECT_EQ(spec.user, "");
  EXPECT_EQ(spec.gid, 7u);
  EXPECT_THAT(spec.groups, ElementsAre(7));
  EXPECT_EQ(spec.stop_signal, SIGINT);
  EXPECT_THAT(spec.env, ElementsAre("PATH=/image", "HOSTNAME=husk", "HOME=/root", "A=image", "B=user", "C=2"));
}

TEST(Config, WithoutOptionsThereIsNothingToDo) {
  const ContainerSpec spec = merged({});
  EXPECT_THAT(spec.groups, IsEmpty());
  EXPECT_THAT(spec.tmpfs, IsEmpty());
  EXPECT_THAT(spec.etc_files, IsEmpty());
  EXPECT_THAT(spec.limits, IsEmpty());
  EXPECT_EQ(spec.stop_signal, 0);
  EXPECT_FALSE(spec.read_only);
}

TEST(Config, VolumesAreEmptyUnlessTheUserSaysMore) {
  ImageConfig image = image_with({}, {"run"});
  image.volumes = {"/data/deep/", "/cache"};
  Wishes wishes;
  wishes.tmpfs = {parse_tmpfs("/data"), parse_tmpfs("/cache:size=1k")};
  const ContainerSpec spec = merged(wishes, image);
  ASSERT_EQ(spec.tmpfs.size(), 3u);
  EXPECT_EQ(spec.tmpfs[0].path, "/data") << "before what is below";
  EXPECT_EQ(spec.tmpfs[1].options, "size=1k");
  EXPECT_EQ(spec.tmpfs[2].path, "/data/deep");
  image.volumes = {"relative"};
  EXPECT_THROW(merged({}, image), Error);
  wishes.tmpfs = {parse_tmpfs("/a"), parse_tmpfs("/a/../a/")};
  EXPECT_THAT(error_of([&] { merged(wishes); }), HasSubstr("given twice"));
}

TEST(Config, LimitsReplaceTheInheritedOnes) {
  ContainerSpec spec;
  spec.limits = {{.resource = RLIMIT_STACK, .soft = 1, .hard = 2}, {.resource = RLIMIT_CPU, .soft = 3, .hard = 4}};
  Wishes wishes;
  wishes.limits = {parse_limit("cpu=9"), parse_limit("nofile=20:30"), parse_limit("nofile=40")};
  merge(wishes, ImageConfig::of_directory(), spec);
  ASSERT_EQ(spec.limits.size(), 3u);
  EXPECT_EQ(spec.limits[0].hard, 2u);
  EXPECT_EQ(spec.limits[1].soft, 9u);
  EXPECT_EQ(spec.limits[2].soft, 40u);
}

TEST(Config, FilesOfTheNetwork) {
  Wishes wishes;
  wishes.hostname = "box.example.org";
  wishes.hosts = {parse_host("db:10.0.0.1"), parse_host("db6=[2001:db8::1]")};
  const ContainerSpec spec = merged(wishes);
  ASSERT_EQ(spec.etc_files.size(), 3u);
  EXPECT_THAT(spec.etc_files[0].contents, StartsWith("127.0.0.1\tlocalhost\n::1\tlocalhost "));
  EXPECT_THAT(spec.etc_files[0].contents,
              HasSubstr("\n10.0.0.1\tdb\n2001:db8::1\tdb6\n127.0.0.1\tbox.example.org box\n"));
  EXPECT_EQ(spec.etc_files[1].contents, "box.example.org\n");
  EXPECT_THAT(spec.env, Contains("HOSTNAME=box.example.org"));
}

TEST(Config, Users) {
  EXPECT_EQ(parse_user("web").name, "web");
  EXPECT_EQ(parse_user("1000").name, "1000") << "its group is the image's affair";
  EXPECT_EQ(parse_user("web:1").name, "web:1");
  EXPECT_EQ(parse_user("1:web").name, "1:web");
  EXPECT_EQ(parse_user("1000:4294967294").name, "");
  EXPECT_EQ(parse_user("1000:4294967294").gid, 4294967294u);
  for (const char* bad : {"", ":", "1:", ":1", "1:2:3", "4294967295", "1:4294967296", "-1", "+1", "a b", "a\n"}) {
    EXPECT_THROW(parse_user(bad), Error) << bad;
  }
}

TEST(Config, TmpfsMounts) {
  TmpfsMount mount = parse_tmpfs("/run/./a//b/../c/");
  EXPECT_EQ(mount.path, "/run/a/c");
  EXPECT_EQ(mount.flags, unsigned{MS_NOSUID | MS_NODEV | MS_NOEXEC});
  EXPECT_EQ(mount.options, "");
  mount = parse_tmpfs("/dev/shm:rw,exec,size=64M,suid,mode=1777,ro");
  EXPECT_EQ(mount.flags, unsigned{MS_NODEV | MS_RDONLY});
  EXPECT_EQ(mount.options, "size=64M,mode=1777");
  for (const char* bad : {"",
                          "run",
                          "/",
                          "/..",
                          "/proc",
                          "/sys/x",
                          "/dev",
                          "/dev/shm/x",
                          "/a:dev",
                          "/a:size",
                          "/a:size=",
                          "/a:size=0",
                          "/a:size=1t",
                          "/a:size=101%",
                          "/a:size=99999999999999999999g",
                          "/a:mode=8",
                          "/a:mode=17777",
                          "/a:uid=root",
                          "/a:uid=4294967295",
                          "/a:noexec=1",
                          "/a:,",
                          "/a:huge=always"}) {
    EXPECT_THROW(parse_tmpfs(bad), Error) << bad;
  }
  EXPECT_EQ(parse_tmpfs("/process").path, "/process");
}

TEST(Config, Hosts) {
  EXPECT_EQ(parse_host("a:::1"), "::1\ta\n");
  EXPECT_EQ(parse_host("a=1.2.3.4"), "1.2.3.4\ta\n");
  for (const char* bad : {"", "a", ":1.2.3.4", "a:", "a:1.2.3", "a:1.2.3.4.5", "a b:1.2.3.4", "a\nb:1.2.3.4",
                          "#a:1.2.3.4", "a:[1.2.3.4", "a:1.2.3.4 b", "a:example.org", "a:host-gateway"}) {
    EXPECT_THROW(parse_host(bad), Error) << bad;
  }
}

TEST(Config, Limits) {
  EXPECT_EQ(parse_limit("nofile=10").hard, 10u);
  EXPECT_EQ(parse_limit("stack=-1").soft, RLIM_INFINITY);
  EXPECT_EQ(parse_limit("core=0:-1").hard, RLIM_INFINITY);
  EXPECT_EQ(parse_limit("memlock=5").resource, std::uint64_t{RLIMIT_MEMLOCK});
  for (const char* bad : {"", "nofile", "nofile=", "files=1", "nofile=2:1", "nofile=-1:5", "nofile=x",
                          "nofile=1:", "nofile=:1", "nofile=1:2:3", "nofile=-2", "nofile=1k", "nofile=1048577", "=1"}) {
    EXPECT_THROW(parse_limit(bad), Error) << bad;
  }
}

TEST(Config, Signals) {
  EXPECT_EQ(parse_signal("SIGQUIT"), SIGQUIT);
  EXPECT_EQ(parse_signal("quit"), SIGQUIT);
  EXPECT_EQ(parse_signal("9"), SIGKILL);
  EXPECT_EQ(parse_signal("SIGRTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(parse_signal("rtmin"), SIGRTMIN);
  EXPECT_EQ(parse_signal("RTMAX-1"), SIGRTMAX - 1);
  EXPECT_EQ(parse_signal("64"), 64);
  for (const char* bad :
       {"", "0", "65", "-1", "SIG", "SIGFOO", "SIG9", "RTMIN+99", "RTMIN-1", "RTMIN+", "RTMAX+1", "SIGTERM "}) {
    EXPECT_THROW(parse_signal(bad), Error) << bad;
  }
}

TEST(Config, Names) {
  EXPECT_NO_THROW(check_name("web-1.a_B"));
  EXPECT_NO_THROW(check_name(std::string(63, 'a')));
  for (const std::string& bad : {std::string(), std::string("a"), std::string("-a"), std::string("a/b"),
                                 std::string("a b"), std::string(64, 'a'), std::string("\xc3\xa4x")}) {
    EXPECT_THROW(check_name(bad), Error) << bad;
  }
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\nb")}) {
    EXPECT_THROW(check_hostname(bad), Error) << bad;
  }
}

TEST(Config, EnvironmentFiles) {
  EXPECT_THAT(parse_env_file("\xef\xbb\xbf"
                             "A=1\n\n# no\n   # no\n \tB= two \"words\" # all of it \nC\nD=\r\nE=x=y",
                             "f"),
              ElementsAre("A=1", "B= two \"words\" # all of it ", "C", "D=", "E=x=y"));
  EXPECT_THAT(parse_env_file("", "f"), IsEmpty());
  EXPECT_THAT(error_of([] { parse_env_file("A=1\n=x\n", "file"); }), HasSubstr("--env-file file: line 2: no name"));
  EXPECT_THROW(parse_env_file("A B=1\n", "f"), Error);
  EXPECT_THROW(parse_env_file("A =1\n", "f"), Error);
  EXPECT_THROW(parse_env_file(std::string("A=\0x\n", 6), "f"), Error);
  EXPECT_THROW(read_env_file("/no/such/file"), Error);
  EXPECT_THROW(read_env_file("/"), Error);
  EXPECT_THROW(read_env_file("/dev/zero"), Error);
}

TEST(ImageConfigText, KeepsWhatAnImageSays) {
  ImageConfig config = image_with({"/start", ""}, {"a\nb"});
  config.environment = {"A=b=c"};
  config.working_directory = "/w";
  config.user = "u:g";
  config.volumes = {"/v", "/w"};
  config.ports = {"80/tcp"};
  config.labels = {"a=b"};
  config.has_health_check = true;
  const std::string text = image_config_text(config);
  EXPECT_EQ(parse_image_config_text(text), config);
  EXPECT_EQ(parse_image_config_text(image_config_text({})), ImageConfig{});
  EXPECT_EQ(parse_image_config_text(text.substr(0, text.size() - 1)), std::nullopt);
  EXPECT_EQ(parse_image_config_text(""), std::nullopt);
  config.command = {std::string(kMaxImageConfigText, 'x')};
  EXPECT_NE(error_of([&] { image_config_text(config); }).find("256 KiB"), std::string::npos);
}

}  // namespace
}  // namespace husk::config
