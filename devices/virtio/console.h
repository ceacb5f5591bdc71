// virtio-console (virtio 1.2, section 5.3), one port: a pair of host descriptors as a stream of bytes in each
// direction. husk gives a guest three of them (stdin: input only; stdout, stderr: output only), or one terminal with
// both.
//
// What the standard cannot say, husk's stream extension adds: that the input has ended or failed, that nobody reads the
// output any more, and that there is input which nobody has taken yet. It is the device-specific feature bit
// kConsoleFeatureStream of abi/husk_abi.h. When the driver accepts it:
//   - a chain in the receive queue begins with a device-writable ConsoleStatus; what follows is room for input. It is
//     served at once with what is there, at most as many bytes as there is room for, and never waits with bytes in it:
//     where nothing is there, or there is no room, it comes back without bytes (kReadable) once a read would not wait.
//     So the payload's reads and the host's are the same: what was not asked for, or is not wanted any more, stays on
//     the host for whoever reads it next, and poll(2) in the guest takes nothing. The answer to a full buffer says
//     whether there is more (kMore), which spares poll(2) the question;
//   - end of file: kOk and no byte. The next chain asks the descriptor again, so that a terminal can go on after ^D, as
//     on Linux;
//   - each chain in the transmit queue ends with a device-writable ConsoleStatus that says how many bytes were accepted
//     and why not more.
// A driver that does not know the extension leaves the bit alone and sees a plain virtio-console: its buffers wait for
// input, at the end of it nothing more arrives, and output that nobody reads is swallowed.
//
// Threads: input and output are moved on the vCPU thread that notified, as long as the descriptor does not make it wait
// (input_stream.h, output_stream.h). What has to wait waits on the I/O thread, so that a slow reader or writer does not
// stop the guest. The transport's mutex guards everything; the I/O thread's callbacks take it first.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "abi/husk_abi.h"
#include "devices/event_loop.h"
#include "devices/input_stream.h"
#include "devices/output_stream.h"
#include "devices/virtio/device.h"

namespace husk::virtio {

inline constexpr std::uint64_t kConsoleFeatureSize = 1;  // VIRTIO_CONSOLE_F_SIZE

class Console final : public Device {
 public:
  struct Options {
    std::string_view name;         // for messages: "stdout"
    std::optional<int> input_fd;   // absent: the guest never receives anything
    std::optional<int> output_fd;  // absent: output is swallowed
    bool terminal = false;         // offers VIRTIO_CONSOLE_F_SIZE
  };

  static constexpr std::size_t kReceiveQueue = 0;
  static constexpr std::size_t kTransmitQueue = 1;

  // The loop must outlive the device, or rather be stopped before the device is destroyed. The descriptors stay open
  // meanwhile, and are not closed.
  Console(const Options& options, EventLoop& loop);

  // For a terminal, before the guest runs and whenever the window changes (follow it with
  // MmioTransport::notify_config_changed). Any thread.
  void set_window_size(std::uint16_t rows, std::uint16_t columns);

  bool has_input() const { return options_.input_fd.has_value(); }
  bool has_output() const { return options_.output_fd.has_value(); }

  std::uint32_t id() const override;
  std::string_view name() const override { return options_.name; }
  std::uint64_t features() const override;
  std::span<const std::uint16_t> queue_sizes() const override { return kQueueSizes; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) const override;
  void write_config(std::uint64_t offset, std::span<const std::byte> in) override;
  void activate(Transport& transport, std::uint64_t features) override;
  void process_queue(std::size_t index) override;
  void reset() override;

 private:
  static constexpr std::array<std::uint16_t, 2> kQueueSizes{256, 256};

  void receive();
  bool serve(Queue& queue, bool& interrupt);
  bool push_input(Queue& queue, abi::ConsoleStatusCode code, std::size_t received);
  void wait_readable();
  void on_readable();
  void transmit();
  void on_writable();
  bool streams() const { return (features_ & abi::kConsoleFeatureStream) != 0; }

  const Options options_;
  EventLoop& loop_;
  std::optional<InputStream> input_;
  std::optional<OutputStream> output_;
  std::atomic<std::uint32_t> window_size_ = 0;  // rows << 16 | columns

  // Guarded by the transport's mutex while the device is active.
  Transport* transport_ = nullptr;
  std::uint64_t features_ = 0;
  // What is asked of the event loop. A reset does not change it: the callback comes all the same, and then serves the
  // queue as it finds it. So a guest that resets the device in a loop cannot make requests pile up.
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool input_ended_ = false;  // without the extension: nothing more to say to the driver
  Chain input_chain_;
  bool input_pending_ = false;  // input_chain_ is popped and not pushed yet
  Chain output_chain_;
  bool output_pending_ = false;  // output_chain_ is popped and not pushed yet
  std::uint64_t output_offset_ = 0;
};

}  // namespace husk::virtio
