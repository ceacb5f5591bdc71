// Every run gets a root that no run before it has written to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/in_child.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/image_digest.h"
#include "tools/compare/quoted.h"
#include "tools/compare/roots.h"
#include "tools/compare/scratch.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

// `body` gets a maker of roots in a mount namespace of its own.
void with_roots(const std::function<bool(RootMaker&, const fs::path& image)>& body) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const test::TemporaryTree image;
  image.write("file", "contents");
  const test::TemporaryTree cache;
  test::expect_in_child([&] {
    const image::CacheDir images(cache.path().string());
    Scratch scratch;  // removes its images at its end
    const auto roots = scratch.make_roots("image", image.path().string(), images);
    return body(*roots, image.path());
  });
}

bool write_to(const fs::path& directory) {
  return (std::ofstream(directory / "marker") << "x" << std::flush).good();
}

TEST(Roots, NothingOfARunIsThereInTheNext) {
  with_roots([](RootMaker& roots, const fs::path& image) {
    for (const RootForm form : {RootForm::kReady, RootForm::kMade, RootForm::kDirectory}) {
      for (int run = 0; run < 3; ++run) {
        FreshRoot fresh = roots.reserve(form, true);
        fresh.make();
        const fs::path& directory = fresh.root().directory;
        if (!fs::exists(directory / "file") || fs::exists(directory / "marker") || !write_to(directory)) return false;
      }
    }
    return !fs::exists(image / "marker");
  });
}

TEST(Roots, APlainProcessFindsTheHostsDevicesInThePlaceOfTheImages) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  with_roots([](RootMaker& roots, const fs::path& image) {
    // Not what it says: what is written to 1,7 does not fit.
    fs::create_directory(image / "dev");
    if (mknod((image / "dev/null").c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0) return false;
    std::ofstream(image / "dev/zero") << "a file";
    const auto writes = [&](bool opens_its_devices) {
      FreshRoot root = roots.reserve(RootForm::kDirectory, true, opens_its_devices);
      root.make();
      const fs::path directory = root.root().directory;
      std::string zero;
      std::getline(std::ifstream(directory / "dev/zero"), zero);
      return (std::ofstream(directory / "dev/null") << "x" << std::flush).good() && zero == "a file";
    };
    return writes(true) && !writes(false);
  });
}

TEST(Roots, TwoAtATimeAreTwo) {
  with_roots([](RootMaker& roots, const fs::path&) {
    FreshRoot one = roots.reserve(RootForm::kReady, true);
    FreshRoot two = roots.reserve(RootForm::kReady, true);
    one.make();
    two.make();
    return write_to(one.root().directory) && !fs::exists(two.root().directory / "marker");
  });
}

TEST(Roots, APathIsUsedAgainWhenItsRunHasEnded) {
  with_roots([](RootMaker& roots, const fs::path&) {
    const fs::path first = roots.reserve(RootForm::kReady, true).root().directory;
    return first == roots.reserve(RootForm::kMade, true).root().directory;
  });
}

TEST(Roots, WhatIsStillInUseGoesLater) {
  with_roots([](RootMaker& roots, const fs::path&) {
    FreshRoot fresh = roots.reserve(RootForm::kReady, true);
    fresh.make();
    const std::ofstream user(fresh.root().directory / "open");
    fresh.remove();
    fresh.make();
    return !fs::exists(fresh.root().directory / "open");
  });
}

TEST(Roots, ARunnerThatMakesItsOwnGetsTheImage) {
  with_roots([](RootMaker& roots, const fs::path& image) {
    const FreshRoot named = roots.reserve(RootForm::kMade, false);
    const FreshRoot directory = roots.reserve(RootForm::kDirectory, false);
    return named.root().directory.empty() && fs::exists(named.root().erofs) &&
           directory.root().image == fs::canonical(image) && directory.root().erofs.empty();
  });
}

TEST(ImageDigest, DependsOnContentsNamesModesAndNotOnTimes) {
  test::TemporaryTree one, two;
  for (const test::TemporaryTree* tree : {&one, &two}) {
    tree->write("directory/file", "contents");
    fs::create_symlink("file", tree->path() / "directory/link");
  }
  fs::last_write_time(two.path() / "directory/file", fs::file_time_type::min());
  const ImageDigest digest = digest_image(one.path());
  EXPECT_THAT(digest.text, testing::MatchesRegex("sha256:[0-9a-f]+"));
  EXPECT_EQ(digest.files, 4U);
  EXPECT_EQ(digest.bytes, 8U);
  EXPECT_EQ(digest.text, digest_image(two.path()).text);
  fs::permissions(two.path() / "directory/file", fs::perms(0600));
  EXPECT_NE(digest.text, digest_image(two.path()).text);
  fs::permissions(two.path() / "directory/file", fs::status(one.path() / "directory/file").permissions());
  EXPECT_EQ(digest.text, digest_image(two.path()).text);
  two.write("directory/file", "CONTENTS");
  EXPECT_NE(digest.text, digest_image(two.path()).text);
}

TEST(Quoted, AShellTakesTheSameWordsBack) {
  EXPECT_EQ(quoted({"/bin/sh", "-c", "echo $HOME"}), "/bin/sh -c 'echo $HOME'");
  EXPECT_EQ(quoted({"", "it's", "a\nb", "*"}), "'' 'it'\\''s' 'a\nb' '*'");
  EXPECT_EQ(quoted({"--with=vm,runc", "a@b.c:1"}), "--with=vm,runc a@b.c:1");
}

}  // namespace
}  // namespace husk::compare
