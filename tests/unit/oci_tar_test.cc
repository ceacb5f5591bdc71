#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/error_of.h"
#include "vmm/oci/tar_reader.h"
#include "vmm/oci/tar_writer.h"

namespace husk::oci {
namespace {

using test::error_of;

// Gives what it has in pieces of an odd size, as a decompressor does.
class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), text_.size() - at_, std::size_t{4099}});
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

std::string octal(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  return {text, static_cast<std::size_t>(digits) + 1};
}

std::string header(const std::string& name, char type, std::uint64_t size, const std::string& target = {}) {
  std::string block(512, '\0');
  const auto put = [&block](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, octal(0640, 7));
  put(108, octal(7, 7));
  put(116, octal(8, 7));
  put(124, octal(size, 11));
  put(136, octal(1000, 11));
  put(156, std::string(1, type));
  put(157, target);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6));
  return block;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

std::string pax(const std::string& records) {
  return header("pax", 'x', records.size()) + padded(records);
}

// All of one file.
std::string contents(TarReader& tar) {
  std::string text;
  std::vector<std::byte> buffer(777);
  while (tar.has_more()) {
    text.append(tar.take_hole(), '\0');
    const std::size_t got = tar.read(buffer);
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
  return text;
}

TEST(TarReader, ReadsFilesAndPassesOverWhatIsNotAskedFor) {
  const std::string large(100'001, 'l');
  TextSource source(header("first", '0', large.size()) + padded(large) + header("second", '0', 3) + padded("two") +
                    header("link", '2', 0, "second") + std::string(1024, '\0'));
  TarReader tar(source, "test");
  TarEntry entry;
  ASSERT_TRUE(tar.next(entry));
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.name, "second");
  EXPECT_EQ(entry.mode, 0640);
  EXPECT_EQ(entry.uid, 7u);
  EXPECT_EQ(entry.gid, 8u);
  EXPECT_EQ(entry.mtime_s, 1000);
  EXPECT_EQ(contents(tar), "two");
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.type, TarEntry::Type::kSymlink);
  EXPECT_EQ(entry.target, "second");
  EXPECT_FALSE(tar.next(entry));
}

TEST(TarReader, TakesNamesTimesAndAttributesFromExtendedHeaders) {
  const std::string name = "dir/\xff\xfe";
  TextSource source(pax("15 path=dir/\xff\xfe\n"
                        "22 mtime=-1.250000000\n"
                        "27 SCHILY.xattr.user.a=b\n=\n") +
                    header("short", '0', 0) + header("plain", '0', 0));
  TarReader tar(source, "test");
  TarEntry entry;
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.name, name);
  EXPECT_EQ(entry.mtime_s, -2);
  EXPECT_EQ(entry.mtime_ns, 750'000'000u);
  ASSERT_EQ(entry.xattrs.size(), 1u);
  EXPECT_EQ(entry.xattrs["user.a"], "b\n=");
  // They are the next file's alone.
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.name, "plain");
  EXPECT_EQ(entry.mtime_s, 1000);
  EXPECT_TRUE(entry.xattrs.empty());
}

TEST(TarReader, PutsHolesWhereTheyWere) {
  // GNU tar's version 1.0: the map stands before the contents.
  const std::string map = padded("2\n1024\n3\n4000\n2\n");
  TextSource source(pax("22 GNU.sparse.major=1\n"
                        "22 GNU.sparse.minor=0\n"
                        "21 GNU.sparse.name=s\n"
                        "28 GNU.sparse.realsize=5000\n") +
                    header("other", '0', map.size() + 5) + map + padded("abcde") + header("next", '0', 1) +
                    padded("n"));
  TarReader tar(source, "test");
  TarEntry entry;
  ASSERT_TRUE(tar.next(entry)) << "the records' lengths are right";
  EXPECT_EQ(entry.size, 5000u);
  std::string wanted(5000, '\0');
  wanted.replace(1024, 3, "abc");
  wanted.replace(4000, 2, "de");
  EXPECT_EQ(contents(tar), wanted);
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.name, "next");
  EXPECT_EQ(contents(tar), "n");
}

TEST(TarReader, ReadsGnusLongNames) {
  const std::string name(300, 'n');
  TextSource source(header("././@LongLink", 'L', name.size() + 1) + padded(name + '\0') + header("short", '0', 0));
  TarReader tar(source, "test");
  TarEntry entry;
  ASSERT_TRUE(tar.next(entry));
  EXPECT_EQ(entry.name, name);
}

// Without the end's zeros, and without what fills the last file's block.
TEST(TarReader, TakesAnArchiveThatNobodyHasClosed) {
  for (const std::string& last : {std::string("two"), std::string("two") + std::string(200, '\0'), padded("two")}) {
    for (const bool reads : {true, false}) {
      TextSource source(header("first", '0', 3) + padded("one") + header("second", '0', 3) + last);
      TarReader tar(source, "test");
      TarEntry entry;
      ASSERT_TRUE(tar.next(entry));
      ASSERT_TRUE(tar.next(entry));
      EXPECT_EQ(entry.name, "second");
      if (reads) {
        EXPECT_EQ(contents(tar), "two");
      }
      EXPECT_FALSE(tar.next(entry));
    }
  }
}

TEST(TarReader, SaysWhatIsWrong) {
  const auto error = [](const std::string& archive) {
    return error_of([&] {
      TextSource source(archive);
      TarReader tar(source, "layer 1");
      TarEntry entry;
      while (tar.next(entry)) contents(tar);
    });
  };
  std::string spoiled = header("a", '0', 0);
  spoiled[0] = 'b';
  EXPECT_NE(error(spoiled).find("checksum"), std::string::npos);
  EXPECT_NE(error(header("a", '0', 600) + padded("short")).find("ends within a file"), std::string::npos);
  EXPECT_NE(error(header("a", 'x', 2 << 20)).find("extended header"), std::string::npos);
  EXPECT_NE(error(header("a", 'Q', 0)).find("type that is not known"), std::string::npos);
  EXPECT_NE(error(header("a", '0', 0).substr(0, 100)).find("too early"), std::string::npos);
  EXPECT_EQ(error(std::string(1024, '\0')), "");
  EXPECT_EQ(error(""), "");
}

class TextSink : public ByteSink {
 public:
  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string text;
};

// What is written is read again, whatever does not fit into a header's fields.
TEST(TarWriterTest, TheReaderHasBackWhatWasWritten) {
  std::vector<TarEntry> entries;
  const auto add = [&entries](TarEntry::Type type, std::string name) -> TarEntry& {
    TarEntry& entry = entries.emplace_back();
    entry.type = type;
    entry.name = std::move(name);
    return entry;
  };
  // Lengths of records around those that take a digit more, and of names around the field's.
  for (const std::size_t size : {1, 90, 91, 92, 93, 94, 99, 100, 101, 988, 989, 990, 991, 992, 4095}) {
    add(TarEntry::Type::kFile, std::string(size, 'n'));
  }
  const std::int64_t seconds[] = {0, -1, -1, -2, 8589934591, 8589934592, -62135596800, 1700000000};
  const std::uint32_t fractions[] = {0, 0, 1, 999999999, 0, 5, 0, 123456789};
  for (std::size_t i = 0; i < std::size(seconds); ++i) {
    TarEntry& entry = add(TarEntry::Type::kDirectory, "time/");
    entry.mtime_s = seconds[i];
    entry.mtime_ns = fractions[i];
  }
  for (const std::uint32_t id : {0u, 2097151u, 2097152u, 4294967294u}) {
    TarEntry& entry = add(TarEntry::Type::kFifo, "ids");
    entry.uid = id;
    entry.gid = id;
    entry.mode = 07777;
  }
  add(TarEntry::Type::kSymlink, "link").target = std::string(4095, 't');
  add(TarEntry::Type::kHardLink, "\xff\n").target = "link";
  add(TarEntry::Type::kBlockDevice, "device").device = makedev(4095, 1048575);
  add(TarEntry::Type::kCharacterDevice, "none");
  add(TarEntry::Type::kFile, "attributes").xattrs = {{"user.a", std::string("\0=\n", 3)}, {"user.b", ""}};
  add(TarEntry::Type::kFile, "contents").size = 513;

  TextSink sink;
  TarWriter writer(sink);
  for (const TarEntry& entry : entries) {
    writer.begin(entry);
    const std::string contents(static_cast<std::size_t>(entry.size), 'c');
    writer.write(std::as_bytes(std::span(contents)));
  }
  writer.finish();
  EXPECT_EQ(sink.text.size() % 512, 0u);
  EXPECT_TRUE(sink.text.ends_with(std::string(1024, '\0')));

  TextSource source(sink.text);
  TarReader reader(source, "the archive");
  TarEntry found;
  for (const TarEntry& entry : entries) {
    ASSERT_TRUE(reader.next(found));
    EXPECT_EQ(found.name, entry.name);
    EXPECT_EQ(found.type, entry.type);
    EXPECT_EQ(found.target, entry.target);
    EXPECT_EQ(found.mode, entry.mode);
    EXPECT_EQ(found.uid, entry.uid);
    EXPECT_EQ(found.gid, entry.gid);
    EXPECT_EQ(found.mtime_s, entry.mtime_s);
    EXPECT_EQ(found.mtime_ns, entry.mtime_ns);
    EXPECT_EQ(found.device, entry.device);
    EXPECT_EQ(found.size, entry.size);
    EXPECT_EQ(found.xattrs, entry.xattrs);
  }
  EXPECT_FALSE(reader.next(found));
}

// More than 8 GiB have no room in the header.
TEST(TarWriterTest, ALargeFileHasItsSize) {
  TarEntry entry;
  entry.name = "large";
  entry.size = std::uint64_t{1} << 40;
  TextSink sink;
  TarWriter writer(sink);
  writer.begin(entry);
  TextSource source(sink.text);
  TarReader reader(source, "the archive");
  TarEntry found;
  ASSERT_TRUE(reader.next(found));
  EXPECT_EQ(found.size, entry.size);
}

}  // namespace
}  // namespace husk::oci
