#include "fs/pipe.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "fs/nameless.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kDefaultSlots = 16;
constexpr std::size_t kLargestUnprivileged = 1 << 20;  // /proc/sys/fs/pipe-max-size
constexpr std::uint32_t kLargestCapacity = 1u << 31;   // Linux refuses more with EINVAL

// Once for each read and each write, whatever became of it (what Linux does).
class TellOwners {
 public:
  TellOwners(Pipe& pipe, task::WaitEvents events) : pipe_(pipe), events_(events) {}
  TellOwners(const TellOwners&) = delete;
  TellOwners& operator=(const TellOwners&) = delete;
  ~TellOwners() { pipe_.used.wake(events_); }

 private:
  Pipe& pipe_;
  task::WaitEvents events_;
};

class PipeFile final : public File {
 public:
  static constexpr FileKind kKind = FileKind::kPipe;

  PipeFile(Ref<Pipe> pipe, Path path, std::uint32_t flags)
      : File(std::move(path), flags, kKind), pipe_(std::move(pipe)) {
    if (readable()) ++pipe_->readers, ++pipe_->reader_opens;
    if (writable()) ++pipe_->writers, ++pipe_->writer_opens;
    pipe_->opened.wake_all();
  }
  ~PipeFile() override {
    if (readable()) --pipe_->readers;
    if (writable()) --pipe_->writers;
    pipe_->changed.wake_all();
    if ((pipe_->readers == 0) != (pipe_->writers == 0)) pipe_->used.wake_all();
    // A FIFO forgets its bytes when nobody has it open any more.
    if (pipe_->readers == 0 && pipe_->writers == 0) inode().attached = nullptr;
  }

  Pipe& pipe() { return *pipe_; }
  // Who opens a FIFO for reading before anybody writes has not been hung up on yet (poll(2) says nothing).
  void await_first_writer() { writer_opens_before_ = pipe_->writer_opens; }

  bool is_stream() const override { return true; }
  task::WaitQueue* owner_changes() override { return &pipe_->used; }
  Result<std::size_t> bytes_to_read() override { return pipe_->ring.bytes(); }
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }

  Readiness readiness() override {
    std::uint32_t events = 0;
    if (readable()) {
      if (!pipe_->ring.empty()) events |= kPollReadable;
      if (pipe_->writers == 0 && pipe_->writer_opens != writer_opens_before_) events |= kPollHup;
    }
    if (writable()) {
      if (!pipe_->ring.full()) events |= kPollWritable;
      if (pipe_->readers == 0) events |= kPollErr;
    }
    return {events, &pipe_->changed};
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override {
    if (buffer.remaining() == 0) return 0;
    const TellOwners at_the_end(*pipe_, kPollOut);
    if (!TRY(pipe_->wait_for_bytes(non_blocking()))) return 0;
    const bool was_full = pipe_->ring.full();
    const std::size_t count = TRY(pipe_->ring.take(buffer));
    pipe_->took_bytes(was_full);
    return count;
  }

  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override {
    if (buffer.remaining() == 0) return 0;
    const TellOwners at_the_end(*pipe_, kPollIn);
    std::size_t written = 0;
    // A write to nobody fails even where its bytes would fit.
    if (pipe_->readers > 0) written = TRY(pipe_->ring.merge(buffer));
    if (written > 0) pipe_->added_bytes();
    // What fits into one slot goes in as one piece, which makes writes of up to PIPE_BUF bytes atomic.
    while (written == 0 || buffer.remaining() > 0) {
      if (auto room = pipe_->wait_for_room(non_blocking()); !room) return moved_or(written, room.error());
      auto added = pipe_->ring.append(buffer, flags() & kDirect);
      if (!added) return moved_or(written, added.error());
      written += added.value();
      pipe_->added_bytes();
    }
    return written;
  }

  Ref<Pipe> pipe_;
  unsigned writer_opens_before_ = 0;
};

}  // namespace

Result<Ref<Pipe>> Pipe::create() {
  auto pipe = TRY(make_ref<Pipe>());
  TRY(pipe->ring.set_slots(kDefaultSlots));
  return pipe;
}

Result<bool> Pipe::wait_for_bytes(bool non_blocking) {
  const auto ready = [this] { return !front_is_taken && (!ring.empty() || writers == 0); };
  if (!ready()) {
    if (non_blocking) return Errno::kAgain;
    TRY(changed.wait_for(kPollReadable, ready));
  }
  return !ring.empty();
}

Result<void> Pipe::wait_for_room(bool non_blocking) {
  const auto ready = [this] { return readers == 0 || !ring.full(); };
  if (!ready()) {
    if (non_blocking) return Errno::kAgain;
    TRY(changed.wait_for(kPollWritable, ready));
  }
  if (readers > 0) return {};
  task::send_signal(task::current(), task::signal_from_current(task::kSigPipe, task::kSiUser));
  return Errno::kPipe;
}

Result<PipeEnds> make_pipe(std::uint32_t flags) {
  NewInode attributes;
  attributes.mode = mode_of(FileType::kFifo, 0600);
  attributes.uid = task::current().credentials.fsuid;
  attributes.gid = task::current().credentials.fsgid;
  const Path path = TRY(make_nameless(kPipeObject, attributes));
  auto pipe = TRY(Pipe::create());
  path.dentry->inode()->attached = pipe;
  PipeEnds ends;
  // Linux keeps O_DIRECT of the writer only: packets are made by who writes them (pipe(2)).
  ends.reader = TRY(make_ref<PipeFile>(pipe, path, kReadOnly | (flags & ~kDirect)));
  ends.writer = TRY(make_ref<PipeFile>(pipe, path, kWriteOnly | flags));
  return ends;
}

Result<Ref<File>> open_fifo(const Path& path, std::uint32_t flags) {
  Inode& inode = *path.dentry->inode();
  if (!inode.attached) inode.attached = TRY(Pipe::create());
  Ref<Pipe> pipe(static_cast<Pipe*>(inode.attached.get()));
  const std::uint32_t mode = flags & kAccessMode;
  const bool has_name = !inode.nameless();
  // Without a reader, a non-blocking open for writing fails (fifo(7)).
  if (has_name && mode == kWriteOnly && (flags & kNonBlock) && pipe->readers == 0) return Errno::kNxio;
  auto file = TRY(make_ref<PipeFile>(pipe, path, flags));
  if (!has_name) return Ref<File>(std::move(file));
  const unsigned readers_before = pipe->reader_opens;
  const unsigned writers_before = pipe->writer_opens;
  if (mode == kReadOnly && pipe->writers == 0) {
    if (flags & kNonBlock) {
      file->await_first_writer();
    } else {
      TRY(pipe->opened.wait_until([&] { return pipe->writers > 0 || pipe->writer_opens != writers_before; }));
    }
  } else if (mode == kWriteOnly && pipe->readers == 0) {
    TRY(pipe->opened.wait_until([&] { return pipe->readers > 0 || pipe->reader_opens != readers_before; }));
  }
  return Ref<File>(std::move(file));
}

Pipe* pipe_of(File& file) {
  PipeFile* end = file_as<PipeFile>(file);
  return end ? &end->pipe() : nullptr;
}

Result<std::size_t> pipe_capacity(File& file) {
  Pipe* pipe = pipe_of(file);
  if (!pipe) return Errno::kBadF;
  return pipe->ring.slots() * mm::kPageSize;
}

Result<std::size_t> set_pipe_capacity(File& file, std::uint32_t size) {
  Pipe* pipe = pipe_of(file);
  if (!pipe) return Errno::kBadF;
  if (size > kLargestCapacity) return Errno::kInval;
  // POSIX's minimum is a page; more is rounded up to a power of two.
  const std::size_t rounded = std::bit_ceil(std::max<std::size_t>(size, mm::kPageSize));
  const std::size_t slots = rounded / mm::kPageSize;
  const bool grows = slots > pipe->ring.slots();
  if (grows && rounded > kLargestUnprivileged && !task::current().credentials.can(task::Capability::kSysResource))
    return Errno::kPerm;
  TRY(pipe->ring.set_slots(slots));
  pipe->changed.wake(kPollWritable);
  return rounded;
}

}  // namespace kernel::fs
