// /sys/devices/system/cpu: there is one CPU, a package, die and core of its own, with the caches that CPUID tells of. See Linux's
// Documentation/ABI/testing/sysfs-devices-system-cpu and Documentation/admin-guide/cputopology.rst.
#include "fs/sys/cpu_cache.h"
#include "fs/sys/sys_fs.h"

namespace kernel::fs {

namespace {

constexpr std::string_view kNumberOfThis = "0\n";
constexpr std::string_view kMaskOfThis = "1\n";
constexpr std::string_view kNobody = "\n";

// What `write` says of the cache; it was there when the file's directory was looked up.
template <auto write>
Result<void> of_cache(ProcText& text, unsigned index) {
  const std::optional<CpuCache> cache = cpu_cache(index);
  if (!cache) return Errno::kNoEnt;
  write(text, *cache);
  return {};
}

template <auto member>
Result<void> cache_number(ProcText& text, unsigned index) {
  return of_cache<[](ProcText& to, const CpuCache& cache) { to.print("{}\n", cache.*member); }>(text, index);
}

void write_cache_size(ProcText& text, const CpuCache& cache) {
  text.print("{}K\n", cache.size() / 1024);
}

void write_cache_type(ProcText& text, const CpuCache& cache) {
  switch (cache.type) {
    case CacheType::kData:
      return text.put("Data\n");
    case CacheType::kInstruction:
      return text.put("Instruction\n");
    case CacheType::kUnified:
      return text.put("Unified\n");
  }
}

bool has_cache(unsigned index) {
  return cpu_cache(index).has_value();
}

template <unsigned kIndex>
constexpr SysNode kCache[] = {
    {.name = "coherency_line_size", .generate = cache_number<&CpuCache::line_size>, .argument = kIndex},
    {.name = "id", .text = kNumberOfThis},
    {.name = "level", .generate = cache_number<&CpuCache::level>, .argument = kIndex},
    {.name = "number_of_sets", .generate = cache_number<&CpuCache::sets>, .argument = kIndex},
    {.name = "physical_line_partition", .generate = cache_number<&CpuCache::partitions>, .argument = kIndex},
    {.name = "shared_cpu_list", .text = kNumberOfThis},
    {.name = "shared_cpu_map", .text = kMaskOfThis},
    {.name = "size", .generate = of_cache<write_cache_size>, .argument = kIndex},
    {.name = "type", .generate = of_cache<write_cache_type>, .argument = kIndex},
    {.name = "ways_of_associativity", .generate = cache_number<&CpuCache::ways>, .argument = kIndex},
};

template <unsigned kIndex>
constexpr SysNode cache_directory(std::string_view name) {
  static_assert(kIndex < kMostCaches);
  return {.name = name, .children = sys_table<kCache<kIndex>>, .exists = has_cache, .argument = kIndex};
}

constexpr SysNode kCaches[] = {cache_directory<0>("index0"), cache_directory<1>("index1"), cache_directory<2>("index2"),
                               cache_directory<3>("index3")};

constexpr SysNode kTopology[] = {
    {.name = "cluster_cpus", .text = kMaskOfThis},
    {.name = "cluster_cpus_list", .text = kNumberOfThis},
    {.name = "cluster_id", .text = "65535\n"},  // none
    {.name = "core_cpus", .text = kMaskOfThis},
    {.name = "core_cpus_list", .text = kNumberOfThis},
    {.name = "core_id", .text = kNumberOfThis},
    {.name = "core_siblings", .text = kMaskOfThis},
    {.name = "core_siblings_list", .text = kNumberOfThis},
    {.name = "die_cpus", .text = kMaskOfThis},
    {.name = "die_cpus_list", .text = kNumberOfThis},
    {.name = "die_id", .text = kNumberOfThis},
    {.name = "package_cpus", .text = kMaskOfThis},
    {.name = "package_cpus_list", .text = kNumberOfThis},
    {.name = "physical_package_id", .text = kNumberOfThis},
    {.name = "thread_siblings", .text = kMaskOfThis},
    {.name = "thread_siblings_list", .text = kNumberOfThis},
};

constexpr SysNode kCpu[] = {
    {.name = "cache", .children = sys_table<kCaches>},
    {.name = "node0", .target = "../../node/node0"},
    {.name = "subsystem", .target = "../../../../bus/cpu"},
    {.name = "topology", .children = sys_table<kTopology>},
};

constexpr SysNode kSmt[] = {{.name = "active", .text = "0\n"}, {.name = "control", .text = "notsupported\n"}};

constexpr SysNode kCpuDirectory[] = {
    {.name = "cpu0", .children = sys_table<kCpu>},
    {.name = "enabled", .text = kNumberOfThis},
    {.name = "isolated", .text = kNobody},
    {.name = "kernel_max", .text = "63\n"},  // as many as sched_getaffinity(2)'s mask has bits
    {.name = "offline", .text = kNobody},
    {.name = "online", .text = kNumberOfThis},
    {.name = "possible", .text = kNumberOfThis},
    {.name = "present", .text = kNumberOfThis},
    {.name = "smt", .children = sys_table<kSmt>},
};

}  // namespace

std::span<const SysNode> sys_cpu_nodes() {
  return kCpuDirectory;
}

}  // namespace kernel::fs
