// A small comparison that was never made.
#pragma once

#include <initializer_list>

#include "tools/compare/result.h"

namespace husk::compare {

inline constexpr char kBaseline[] = "kvm-floor";

inline Series series(std::initializer_list<double> values) {
  Series samples;
  for (const double value : values) samples.push_back({static_cast<std::uint32_t>(samples.size()), value});
  return samples;
}

inline ComparisonResult example() {
  ComparisonResult result;
  result.payload = "an example";
  result.seed = 1;
  result.host.cpu_model = "A Processor";
  result.host.cores = 2;
  result.host.kvm_backend = "pvm";
  result.host.guest_ring = "3";
  result.payload_pss_bytes = series({16 << 10});
  result.payload_command = {"/bin/payload", "a b"};
  result.settings = {.arguments = {"--budget", "1m", "IMAGE", "echo", "a b"},
                     .budget_s = 60,
                     .runs = 7,
                     .timeout_s = 2.5,
                     .memory_bytes = 256 << 20,
                     .measurements = {"start-up"},
                     .ready = "ready to serve"};
  result.image = {.given = "IMAGE", .directory = "/images/one", .digest = "sha256:00", .files = 12, .bytes = 3456};
  RunnerResult floor;
  floor.name = kBaseline;
  floor.isolation = "vm";
  floor.is_reference = true;
  floor.series["start_ns"] = series({1e6, 2e6, 3e6, 1e6, 2e6, 3e6});
  RunnerResult vm;
  vm.name = "vm";
  vm.isolation = "vm";
  vm.command = {"husk", "run"};
  vm.configuration = {{"process", {{"args", {"/bin/payload"}}}}};
  vm.memory_limit = "its own option";
  vm.last_words = "one\ntwo\n";
  vm.series["start_ns"] = series({5e6, 4e6, 6e6, 5e6, 4e6, 6e6});
  vm.series["first_instruction_ns"] = series({2.5e6});
  vm.series["idle_pss_bytes"] = series({3 << 20});
  vm.series["start_rate@4"] = series({310});
  vm.series["cpu_ns"] = series({0.912});
  vm.notes["tcp_ns"] = "not supported yet: socket: ENOSYS";
  vm.idle_processes = {{{1, "husk", 3 << 20, 0}}};
  vm.vm_exits = {{"guest_ring", 3}, {"exits_mmio", 2}};
  RunnerResult missing;
  missing.name = "runc";
  missing.isolation = "namespaces";
  missing.status = Status::kNotAvailable;
  missing.note = "not installed (apt package runc)";
  result.runners = {floor, vm, missing};
  return result;
}

}  // namespace husk::compare
