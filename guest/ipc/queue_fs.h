// The file system of POSIX message queues: mq_overview(7), "Mounting the message queue filesystem". There is one, whether
// it is mounted or not; mq_open(3) looks into its only directory.
#pragma once

#include <optional>
#include <string_view>

#include "fs/file.h"
#include "fs/file_system.h"
#include "ipc/posix_queue.h"

namespace kernel::ipc {

// An open queue: what mq_open(3) gives, and open(2) of its file.
class QueueFile final : public fs::StoredFile {
 public:
  static constexpr fs::FileKind kKind = fs::FileKind::kMessageQueue;

  QueueFile(fs::Path path, std::uint32_t flags) : StoredFile(std::move(path), flags, kKind) {}
  PosixQueue& queue() const;

  fs::Readiness readiness() override;
  Result<void> sync() override { return Errno::kInval; }
  // Whoever closes a descriptor of the queue is not notified any more (mq_close(3)).
  void descriptor_closed() override;
  // For the times of the file.
  void used();

 private:
  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override;
};

// The file system, for mount(2).
Result<Ref<fs::FileSystem>> queue_file_system();
// On /dev/mqueue, as every container has it.
Result<void> mount_queues();

// mq_open(2), mq_unlink(2): `name` without its slash.
Result<Ref<fs::File>> open_queue(std::string_view name, std::uint32_t flags, std::uint32_t mode,
                                 const std::optional<QueueShape>& shape);
Result<void> unlink_queue(std::string_view name);

}  // namespace kernel::ipc
