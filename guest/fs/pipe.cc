#include "fs/pipe.h"

#include <algorithm>
#include <utility>

#include "fs/nameless.h"
#include "mm/frame.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kDefaultCapacity = 65536;
constexpr std::size_t kLargestCapacity = 1 << 20;  // /proc/sys/fs/pipe-max-size
constexpr std::size_t kAtomicWrite = 4096;         // PIPE_BUF

// The bytes between the two ends. Pages are allocated when bytes arrive and freed when the last of their bytes is read,
// so an idle pipe costs no page.
class Pipe final : public RefCounted {
 public:
  static Result<Ref<Pipe>> create() {
    auto pipe = TRY(make_ref<Pipe>());
    TRY(pipe->pages_.resize(kDefaultCapacity / mm::kPageSize));
    return pipe;
  }

  std::size_t capacity() const { return pages_.size() * mm::kPageSize; }
  std::size_t size() const { return size_; }
  std::size_t room() const { return capacity() - size_; }

  // Bytes from the front; the buffer takes them all or kFault.
  Result<std::size_t> take(mm::IoBuffer& buffer) {
    std::size_t moved = 0;
    while (size_ > 0 && buffer.remaining() > 0) {
      const std::size_t in_page = head_ % mm::kPageSize;
      mm::FrameRef& page = pages_[head_ / mm::kPageSize];
      const std::size_t chunk = std::min({size_, mm::kPageSize - in_page, buffer.remaining()});
      auto stored = buffer.store({page.data() + in_page, chunk});
      if (!stored) return moved_or(moved, stored.error());
      const std::size_t count = stored.value();
      moved += count;
      size_ -= count;
      head_ = (head_ + count) % capacity();
      // A page that has been read to its end is empty now unless the ring wraps into it.
      if (in_page + count == mm::kPageSize && size_ <= capacity() - mm::kPageSize) page = mm::FrameRef();
      if (count < chunk) break;
    }
    if (size_ == 0) reset();
    return moved;
  }

  Result<std::size_t> put(mm::IoBuffer& buffer, std::size_t limit) {
    std::size_t moved = 0;
    limit = std::min({limit, room(), buffer.remaining()});
    while (moved < limit) {
      const std::size_t tail = (head_ + size_) % capacity();
      const std::size_t in_page = tail % mm::kPageSize;
      mm::FrameRef& page = pages_[tail / mm::kPageSize];
      if (!page) {
        auto frame = mm::allocate_frame(mm::Fill::kNone);
        if (!frame) return moved_or(moved, frame.error());
        page = mm::FrameRef::adopt(frame.value());
      }
      const std::size_t chunk = std::min(limit - moved, mm::kPageSize - in_page);
      auto loaded = buffer.load({page.data() + in_page, chunk});
      if (!loaded) return moved_or(moved, loaded.error());
      moved += loaded.value();
      size_ += loaded.value();
      if (loaded.value() < chunk) break;
    }
    return moved;
  }

  Result<void> set_capacity(std::size_t bytes) {
    Vector<mm::FrameRef> pages;
    TRY(pages.resize(bytes / mm::kPageSize));
    // The pages in use keep their order, the first one at the front; bytes stay where they are in their pages.
    const std::size_t first = head_ / mm::kPageSize;
    const std::size_t in_page = head_ % mm::kPageSize;
    const std::size_t used = (in_page + size_ + mm::kPageSize - 1) / mm::kPageSize;
    // With the ring so full that it wraps into its own first page there is no order to keep.
    if (used > pages_.size() || used > pages.size()) return Errno::kBusy;
    for (std::size_t i = 0; i < used; ++i) pages[i] = std::move(pages_[(first + i) % pages_.size()]);
    pages_ = std::move(pages);
    head_ = in_page;
    return {};
  }

  unsigned readers = 0;
  unsigned writers = 0;
  unsigned reader_opens = 0;  // ever, so that open(2) of a FIFO sees an end that came and went
  unsigned writer_opens = 0;
  task::WaitQueue changed;  // bytes, room, or an end opened or closed

 private:
  // Starting again in the first page keeps a pipe that is read as fast as it is written in one page.
  void reset() { head_ = 0; }

  Vector<mm::FrameRef> pages_;
  std::size_t head_ = 0;  // offset of the first byte in the ring
  std::size_t size_ = 0;
};

class PipeFile final : public File {
 public:
  PipeFile(Ref<Pipe> pipe, Path path, std::uint32_t flags) : File(std::move(path), flags), pipe_(std::move(pipe)) {
    if (readable()) ++pipe_->readers, ++pipe_->reader_opens;
    if (writable()) ++pipe_->writers, ++pipe_->writer_opens;
    pipe_->changed.wake_all();
  }
  ~PipeFile() override {
    if (readable()) --pipe_->readers;
    if (writable()) --pipe_->writers;
    pipe_->changed.wake_all();
    // A FIFO forgets its bytes when nobody has it open any more.
    if (pipe_->readers == 0 && pipe_->writers == 0) inode().attached = nullptr;
  }

  Pipe& pipe() { return *pipe_; }
  bool is_stream() const override { return true; }
  Result<std::size_t> bytes_to_read() override { return pipe_->size(); }
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }

  std::uint32_t poll(PollTable* table) override {
    if (table) table->watch(pipe_->changed);
    std::uint32_t events = 0;
    if (readable()) {
      if (pipe_->size() > 0) events |= kPollReadable;
      if (pipe_->writers == 0 && pipe_->writer_opens > 0) events |= kPollHup;
    }
    if (writable()) {
      if (pipe_->room() >= kAtomicWrite) events |= kPollWritable;
      if (pipe_->readers == 0) events |= kPollErr;
    }
    return events;
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override {
    if (buffer.remaining() == 0) return 0;
    if (pipe_->size() == 0) {
      if (pipe_->writers == 0) return 0;
      if (non_blocking()) return Errno::kAgain;
      TRY(pipe_->changed.wait_until([&] { return pipe_->size() > 0 || pipe_->writers == 0; }));
    }
    const std::size_t count = TRY(pipe_->take(buffer));
    if (count > 0) pipe_->changed.wake_all();
    return count;
  }

  Result<std::size_t> do_write(std::uint64_t&, mm::IoBuffer& buffer) override {
    const std::size_t total = buffer.remaining();
    // Up to PIPE_BUF bytes go in as one piece or not at all (pipe(7)).
    const std::size_t needed = std::min(total, total <= kAtomicWrite ? total : 1);
    std::size_t written = 0;
    while (written < total) {
      if (pipe_->readers == 0) {
        if (written > 0) break;
        task::SignalInfo info;
        info.signal = task::kSigPipe;
        info.sender.pid = task::current().process->pid;
        info.sender.uid = task::current().credentials.uid;
        task::send_signal(task::current(), info);
        return Errno::kPipe;
      }
      if (pipe_->room() < (written == 0 ? needed : 1)) {
        if (non_blocking()) return moved_or(written, Errno::kAgain);
        auto woken = pipe_->changed.wait_until(
            [&] { return pipe_->room() >= (written == 0 ? needed : 1) || pipe_->readers == 0; });
        if (!woken) return moved_or(written, woken.error());
        continue;
      }
      auto count = pipe_->put(buffer, total - written);
      if (!count) return moved_or(written, count.error());
      if (count.value() == 0) break;
      written += count.value();
      pipe_->changed.wake_all();
    }
    return written;
  }

  Ref<Pipe> pipe_;
};

PipeFile* as_pipe(File& file) {
  // Without run-time type information: every open file on a FIFO's inode is a PipeFile, unless it was opened with
  // O_PATH.
  if (file.inode().type() != FileType::kFifo || !file.inode().attached || file.is_path_only()) return nullptr;
  return static_cast<PipeFile*>(&file);
}

}  // namespace

Result<PipeEnds> make_pipe(std::uint32_t flags) {
  NewInode attributes;
  attributes.mode = mode_of(FileType::kFifo, 0600);
  attributes.uid = task::current().credentials.fsuid;
  attributes.gid = task::current().credentials.fsgid;
  const Path path = TRY(make_nameless(attributes, "pipe"));
  auto pipe = TRY(Pipe::create());
  path.dentry->inode()->attached = pipe;
  PipeEnds ends;
  ends.reader = TRY(make_ref<PipeFile>(pipe, path, kReadOnly | flags));
  ends.writer = TRY(make_ref<PipeFile>(pipe, path, kWriteOnly | flags));
  return ends;
}

Result<Ref<File>> open_fifo(const Path& path, std::uint32_t flags) {
  Inode& inode = *path.dentry->inode();
  if (!inode.attached) inode.attached = TRY(Pipe::create());
  Ref<Pipe> pipe(static_cast<Pipe*>(inode.attached.get()));
  const std::uint32_t mode = flags & kAccessMode;
  // Without a reader, a non-blocking open for writing fails (fifo(7)).
  if (mode == kWriteOnly && (flags & kNonBlock) && pipe->readers == 0) return Errno::kNxio;
  auto file = TRY(make_ref<PipeFile>(pipe, path, flags));
  if (!(flags & kNonBlock)) {
    const unsigned readers_before = pipe->reader_opens;
    const unsigned writers_before = pipe->writer_opens;
    if (mode == kReadOnly) {
      TRY(pipe->changed.wait_until([&] { return pipe->writers > 0 || pipe->writer_opens != writers_before; }));
    } else if (mode == kWriteOnly) {
      TRY(pipe->changed.wait_until([&] { return pipe->readers > 0 || pipe->reader_opens != readers_before; }));
    }
  }
  return Ref<File>(std::move(file));
}

Result<std::size_t> pipe_capacity(File& file) {
  PipeFile* pipe = as_pipe(file);
  if (!pipe) return Errno::kBadF;
  return pipe->pipe().capacity();
}

Result<std::size_t> set_pipe_capacity(File& file, std::size_t size) {
  PipeFile* pipe = as_pipe(file);
  if (!pipe) return Errno::kBadF;
  if (size == 0 || size > kLargestCapacity) return size == 0 ? Errno::kInval : Errno::kPerm;
  std::size_t rounded = mm::kPageSize;
  while (rounded < size) rounded *= 2;
  if (rounded < pipe->pipe().size()) return Errno::kBusy;
  TRY(pipe->pipe().set_capacity(rounded));
  pipe->pipe().changed.wake_all();
  return rounded;
}

}  // namespace kernel::fs
