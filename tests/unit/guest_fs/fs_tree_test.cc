// Path walks and contents, on a RAM file system over an EROFS image and on a plain tmpfs.
#include "fs_tree.h"

#include <algorithm>
#include <random>
#include <vector>

#include "fs/pipe.h"
#include "fs/splice.h"

namespace husk::test {
namespace {

TEST_F(Tree, WalksPaths) {
  over_image();
  EXPECT_EQ(read("/etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("etc//.//../etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("/../../etc/passwd"), "root:x:0:0\n");
  EXPECT_EQ(read("bin/relative"), "root:x:0:0\n");
  EXPECT_EQ(read("absolute/passwd"), "root:x:0:0\n");
  EXPECT_EQ(try_open("loop1"), code(Errno::kLoop));
  EXPECT_EQ(try_open("dangling"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("absent"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("absent/x"), code(Errno::kNoEnt));
  EXPECT_EQ(try_open("etc/passwd/x"), code(Errno::kNotDir));
  EXPECT_EQ(try_open("etc/passwd/"), code(Errno::kNotDir));
  EXPECT_EQ(try_open(""), code(Errno::kNoEnt));
  EXPECT_EQ(try_open(std::string(256, 'n')), code(Errno::kNameTooLong));
  EXPECT_EQ(try_open("absolute", fs::kNoFollow), code(Errno::kLoop));
  EXPECT_EQ(try_open("absolute/", fs::kNoFollow | fs::kDirectoryOnly), kOk);
  EXPECT_EQ(try_open("etc/passwd", fs::kDirectoryOnly), code(Errno::kNotDir));
  EXPECT_EQ(try_open("etc", fs::kWriteOnly), code(Errno::kIsDir));
  EXPECT_TRUE(kernel::fs::change_directory("dir/a").ok());
  EXPECT_EQ(read("b/c"), "deep");
  EXPECT_EQ(text(cwd()), "/dir/a");
  EXPECT_EQ(read("../../absolute/passwd"), "root:x:0:0\n");
}

TEST_F(Tree, CreatesAndWritesOverTheImage) {
  over_image();
  EXPECT_EQ(write("etc/new", "fresh"), kOk);
  EXPECT_EQ(read("etc/new"), "fresh");
  EXPECT_EQ(try_open("etc/new", fs::kCreate | fs::kExclusive | fs::kWriteOnly), code(Errno::kExist));
  EXPECT_EQ(write("dangling", "through the link"), kOk);
  EXPECT_EQ(read("nowhere"), "through the link");
  const auto before = stat("etc/passwd");
  EXPECT_EQ(write("etc/passwd", "changed", fs::kWriteOnly | fs::kTruncate), kOk);
  EXPECT_EQ(read("etc/passwd"), "changed");
  const auto after = stat("etc/passwd");
  EXPECT_EQ(before.inode, after.inode);
  EXPECT_EQ(before.device, after.device);
  EXPECT_EQ(after.size, 7U);
  // Appending copies what was there.
  EXPECT_EQ(write("bin/tool", "tail", fs::kWriteOnly | fs::kAppend), kOk);
  EXPECT_EQ(read("bin/tool"), std::string(10'000, 'T') + "tail");
  EXPECT_EQ(list("etc"), (std::set<std::string>{"new", "passwd"}));
}

TEST_F(Tree, ChecksPermissions) {
  over_image();
  EXPECT_EQ(mkdir("private"), kOk);
  EXPECT_EQ(write("private/file", "secret"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "private", fs::LastLink::kFollow).value(), 0700)), kOk);
  EXPECT_EQ(mkdir("shared"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "shared", fs::LastLink::kFollow).value(), 01777)), kOk);
  EXPECT_EQ(write("shared/roots", ""), kOk);
  become(1000, 1000);
  EXPECT_EQ(try_open("private/file"), code(Errno::kAcces));
  EXPECT_EQ(try_open("private"), code(Errno::kAcces));
  EXPECT_EQ(try_open("etc/passwd", fs::kWriteOnly), code(Errno::kAcces));
  EXPECT_EQ(write("etc/new", ""), code(Errno::kAcces));
  EXPECT_EQ(write("shared/mine", ""), kOk);
  EXPECT_EQ(stat("shared/mine").uid, 1000U);
  EXPECT_EQ(unlink("shared/roots"), code(Errno::kPerm)) << "sticky";
  EXPECT_EQ(unlink("shared/mine"), kOk);
  EXPECT_EQ(error_of(fs::change_permissions(fs::resolve(cwd(), "etc", fs::LastLink::kFollow).value(), 0777)),
            code(Errno::kPerm));
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin/tool")), kOk);
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin/second")), code(Errno::kAcces));
  EXPECT_EQ(error_of(kernel::fs::open_executable("bin")), code(Errno::kAcces));
}

TEST_F(Tree, SparseFilesAndTruncation) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  const std::string end = "end";
  IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(end.data(), end.size())));
  EXPECT_EQ(file->write_at(1 << 20, buffer).value(), 3U);
  EXPECT_EQ(stat("f").size, (1U << 20) + 3);
  EXPECT_EQ(stat("f").blocks, 8U);
  std::string read_back(10, 'x');
  EXPECT_EQ(file->read_at((1 << 20) - 7, std::as_writable_bytes(std::span(read_back.data(), 10))).value(), 10U);
  EXPECT_EQ(read_back, std::string(7, '\0') + "end");
  ASSERT_TRUE(file->inode().truncate((1 << 20) + 1).ok());
  ASSERT_TRUE(file->inode().truncate((1 << 20) + 3).ok());
  EXPECT_EQ(file->read_at(1 << 20, std::as_writable_bytes(std::span(read_back.data(), 3))).value(), 3U);
  EXPECT_EQ(read_back.substr(0, 3), std::string("e\0\0", 3)) << "what was cut off reads as zero";
}

TEST_F(Tree, FullIsNoSpace) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  const std::string chunk(1 << 20, 'x');
  int failure = 0;
  for (int i = 0; i < 100 && failure == 0; ++i) {
    IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
    failure = error_of(file->write(buffer));
  }
  EXPECT_EQ(failure, code(Errno::kNoSpc));
  EXPECT_GT(machine_.frames_total - machine_.frames_used, 50U) << "a reserve is left";
  file = nullptr;
  EXPECT_EQ(unlink("f"), kOk);
  EXPECT_LT(machine_.frames_used, 10U) << "and all of it came back";
}

// What fails leaves the file as it was: its size, its contents and what it holds.
TEST_F(Tree, AllocationIsAllOrNothing) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  ASSERT_EQ(write("f", "some text"), kOk);
  const auto before = stat("f");
  const std::uint64_t used = machine_.frames_used;
  constexpr int kKeepSize = 1, kPunchHole = 2;
  const std::uint64_t all = machine_.frames_total * 4096;
  for (const int mode : {0, kKeepSize}) {
    for (const std::uint64_t length : {all - (100 << 12), all, all * 1000, (std::uint64_t{1} << 43) - 1}) {
      EXPECT_EQ(error_of(file->allocate(mode, 0, length)), code(Errno::kNoSpc)) << mode << " " << length;
      EXPECT_EQ(stat("f").size, before.size);
      EXPECT_EQ(stat("f").blocks, before.blocks);
      EXPECT_EQ(machine_.frames_used, used);
    }
  }
  std::string text(9, ' ');
  EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text.data(), 9))).value(), 9U);
  EXPECT_EQ(text, "some text");
  EXPECT_EQ(error_of(file->allocate(kKeepSize, 0, 1 << 20)), kOk);
  EXPECT_EQ(stat("f").size, before.size);
  EXPECT_EQ(stat("f").blocks, 8U * 256);
  EXPECT_EQ(error_of(file->allocate(kPunchHole | kKeepSize, 2, 3)), kOk);
  EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(text.data(), 9))).value(), 9U);
  EXPECT_EQ(text, std::string("so\0\0\0text", 9));
}

// A write from memory that is not there neither moves the end of the file nor fills a hole.
TEST_F(Tree, FailedWritesLeaveNoTrace) {
  empty();
  auto file = open("f", fs::kCreate | fs::kReadWrite).take();
  ASSERT_EQ(write("f", "text"), kOk);
  const std::uint64_t used = machine_.frames_used;
  IoBuffer bad = IoBuffer::user(16, 100);
  EXPECT_EQ(error_of(file->write_at(1 << 20, bad)), code(Errno::kFault));
  EXPECT_EQ(stat("f").size, 4U);
  EXPECT_EQ(machine_.frames_used, used);
}

// A page of the payload's that is not there at once: what was moved before it is not moved twice, and not lost.
class Withheld final : public kernel::mm::PendingPage {
 public:
  kernel::Result<void> wait() override {
    ++waits;
    Kernel& machine = Kernel::current();
    machine.withheld_page += machine.withheld_page < last ? kernel::mm::kPageSize : 0;
    if (waits % 2 == 0) machine.withheld = nullptr;  // it was not there yet the first time
    return killed ? kernel::Result<void>(Errno::kIntr) : kernel::Result<void>();
  }
  int waits = 0;
  std::uint64_t last = 0;
  bool killed = false;
};

TEST_F(Tree, TransfersWaitForPagesOfThePayload) {
  empty();
  alignas(4096) static char memory[6 * 4096];
  struct Iovec {
    const void* base;
    std::size_t length;
  };
  const auto address = [](const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); };
  for (std::size_t i = 0; i < sizeof memory; ++i) memory[i] = static_cast<char>(i % 251);
  std::string expected;
  const Iovec parts[] = {{memory + 10, 4000}, {memory + 4090, 8300}, {memory + 20'000, 1000}, {memory, 3}};
  for (const Iovec& part : parts) expected.append(static_cast<const char*>(part.base), part.length);
  for (std::size_t page = 0; page < 6; ++page) {
    const auto withheld = kernel::make_ref<Withheld>().take();
    const auto withhold = [&] { machine_.withheld_page = address(memory) + page * 4096, machine_.withheld = withheld; };
    auto file = open("f" + std::to_string(page), fs::kReadWrite | fs::kCreate).take();
    withhold();
    IoBuffer source = IoBuffer::from_iovec(address(parts), 4).take();
    EXPECT_EQ(file->write(source).value(), expected.size()) << page;
    std::string got(expected.size(), '-');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span(got))).value(), got.size());
    EXPECT_EQ(got, expected) << page;

    alignas(4096) static char target[6 * 4096];
    const Iovec into[] = {{target + 4000, 200}, {target + 8000, 300}, {target, 3}, {target + 12'000, 10'000}};
    machine_.withheld_page = address(target) + page * 4096, machine_.withheld = withheld;
    IoBuffer room = IoBuffer::from_iovec(address(into), 4).take();
    EXPECT_EQ(file->read_at(0, room).value(), 10'503u);
    std::string read;
    for (const Iovec& part : into) read.append(static_cast<const char*>(part.base), part.length);
    EXPECT_EQ(read, expected.substr(0, 10'503)) << page;
  }
  // Who is killed while he waits has moved what he has moved.
  const auto withheld = kernel::make_ref<Withheld>().take();
  withheld->killed = true;
  machine_.withheld_page = address(memory) + 4096, machine_.withheld = withheld;
  auto file = open("killed", fs::kReadWrite | fs::kCreate).take();
  IoBuffer source = IoBuffer::user(address(memory), sizeof memory);
  EXPECT_EQ(file->write(source).value(), 4096u);
  EXPECT_EQ(error_of(file->write(source)), code(Errno::kIntr));
  EXPECT_EQ(withheld->waits, 2);
  machine_.withheld = nullptr;
}

TEST_F(Tree, PipesKeepOrderAndBounds) {
  empty();
  auto ends = fs::make_pipe(fs::kNonBlock).take();
  std::mt19937 generator(7);
  std::string sent, received;
  for (int i = 0; i < 2000; ++i) {
    std::string chunk(1 + generator() % 9000, ' ');
    for (char& c : chunk) c = static_cast<char>(generator());
    IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
    auto written = ends.writer->write(buffer);
    if (written) {
      EXPECT_TRUE(chunk.size() > 4096 || written.value() == chunk.size()) << "PIPE_BUF bytes go in at once";
      sent += chunk.substr(0, written.value());
    } else {
      EXPECT_EQ(error_of(written), code(Errno::kAgain));
    }
    std::string space(1 + generator() % 9000, ' ');
    IoBuffer into = IoBuffer::kernel(std::as_writable_bytes(std::span(space.data(), space.size())));
    auto got = ends.reader->read(into);
    if (got) received += space.substr(0, got.value());
    if (i % 100 == 50) (void)fs::set_pipe_capacity(*ends.reader, 4096u << (generator() % 6)).ok();
  }
  ends.writer = nullptr;
  std::string rest(1 << 20, ' ');
  IoBuffer into = IoBuffer::kernel(std::as_writable_bytes(std::span(rest.data(), rest.size())));
  received += rest.substr(0, ends.reader->read(into).value());
  EXPECT_EQ(sent, received);
  EXPECT_EQ(ends.reader->read(into).value(), 0U) << "end of file";
  ends.reader = nullptr;
  EXPECT_EQ(machine_.frames_used, 0U);
}

// Bytes wander through three pipes by read, write, splice and tee, and pages are shared on the way: all arrive in order.
TEST_F(Tree, SplicedBytesKeepOrder) {
  empty();
  auto first = fs::make_pipe(fs::kNonBlock).take();
  auto second = fs::make_pipe(fs::kNonBlock).take();
  auto copy = fs::make_pipe(fs::kNonBlock).take();
  std::mt19937 generator(11);
  std::string sent, received, teed, seen;
  const auto read_some = [&](fs::File& file, std::string& into) {
    std::string space(1 + generator() % 9000, ' ');
    IoBuffer buffer = IoBuffer::kernel(std::as_writable_bytes(std::span(space.data(), space.size())));
    if (auto got = file.read(buffer)) into += space.substr(0, got.value());
  };
  std::size_t compared = 0;
  for (int i = 0; i < 4000; ++i) {
    switch (generator() % 5) {
      case 0: {
        std::string chunk(1 + generator() % 9000, ' ');
        for (char& c : chunk) c = static_cast<char>(generator());
        IoBuffer buffer = IoBuffer::kernel_source(std::as_bytes(std::span(chunk.data(), chunk.size())));
        if (auto written = first.writer->write(buffer)) sent += chunk.substr(0, written.value());
        break;
      }
      case 1:
        (void)fs::splice(*first.reader, nullptr, *second.writer, nullptr, 1 + generator() % 20'000, true).ok();
        break;
      case 2: {
        // What is at the front of the second pipe: what was received so far ends where it begins.
        auto count = fs::tee(*second.reader, *copy.writer, 1 + generator() % 9000, true);
        if (!count) break;
        const std::size_t from = received.size();
        seen.clear();
        while (seen.size() < count.value()) read_some(*copy.reader, seen);
        ASSERT_EQ(seen, sent.substr(from, count.value()));
        break;
      }
      case 3:
        read_some(*second.reader, received);
        break;
      default:
        if (generator() % 50 == 0) (void)fs::set_pipe_capacity(*second.reader, 4096u << (generator() % 6)).ok();
    }
    ASSERT_EQ(received.substr(compared), sent.substr(compared, received.size() - compared));
    compared = received.size();
  }
  EXPECT_GT(received.size(), 100'000U);
  first = second = copy = {};
  EXPECT_EQ(machine_.frames_used, 0U);
}

TEST_F(Tree, WritingToNobodyIsSigpipe) {
  empty();
  auto ends = fs::make_pipe(0).take();
  ends.reader = nullptr;
  std::byte data[1] = {};
  IoBuffer buffer = IoBuffer::kernel_source(data);
  EXPECT_EQ(error_of(ends.writer->write(buffer)), code(Errno::kPipe));
  EXPECT_EQ(machine_.signals, std::vector<int>{kernel::task::kSigPipe});
}

}  // namespace
}  // namespace husk::test
