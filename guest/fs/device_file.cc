#include "fs/device_file.h"

namespace kernel::fs {

namespace {

class DeviceFile final : public File {
 public:
  DeviceFile(CharDevice& device, Path path, std::uint32_t flags)
      : File(static_cast<Path&&>(path), flags), device_(device) {}
  ~DeviceFile() override { device_.close(flags()); }

  bool is_stream() const override { return !device_.seekable(); }
  Result<std::uint64_t> seek(std::int64_t, int) override {
    if (!device_.seekable()) return Errno::kSPipe;
    return 0;
  }
  Result<void> sync() override { return Errno::kInval; }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override {
    return device_.ioctl(request, argument);
  }
  Readiness readiness() override { return device_.readiness(); }
  bool can_be_polled() const override { return device_.can_be_polled(); }
  Result<Ref<mm::MemoryObject>> memory_object() override { return device_.memory_object(); }
  bool can_splice(Direction direction) const override {
    return direction == Direction::kRead ? device_.can_splice_from() : device_.can_splice_to();
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override { return device_.read(buffer, flags()); }
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override { return device_.write(buffer, flags()); }

  CharDevice& device_;
};

}  // namespace

Result<Ref<File>> open_device(CharDevice& device, const Path& path, std::uint32_t flags) {
  TRY(device.open(flags));
  auto file = make_ref<DeviceFile>(device, path, flags & ~kNoCtty);
  if (!file) {
    device.close(flags);
    return file.error();
  }
  return Ref<File>(file.take());
}

}  // namespace kernel::fs
