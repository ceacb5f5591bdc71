// What `husk report` refuses to read, and what its errors say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/compare_example.h"
#include "tools/compare/output/checked_json.h"
#include "tools/compare/output/json.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string error_of(const std::string& text) {
  try {
    parse_json(text, "some file");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Of the example after `change`. Runner 1 is the VM.
std::string error_after(const std::function<void(ordered_json&)>& change) {
  ordered_json document = ordered_json::parse(format_json(example(), kBaseline));
  change(document);
  return error_of(document.dump());
}

TEST(ReadJson, WhatSomebodyNeedsToRepeatItSurvives) {
  const std::string text = format_json(example(), kBaseline);
  EXPECT_EQ(format_json(parse_json(text, "some file").result, kBaseline), text);
  const ordered_json document = ordered_json::parse(text);
  EXPECT_EQ(document["options"]["arguments"].back(), "a b");
  EXPECT_EQ(document["payload"]["command"].back(), "a b");
  EXPECT_EQ(document["memory_limit_bytes"], 256 << 20);
  EXPECT_EQ(document["image"]["digest"], "sha256:00");
  EXPECT_EQ(document["runners"][1]["configuration"]["process"]["args"][0], "/bin/payload");
  EXPECT_EQ(document["runners"][1]["standard_error"], "one\ntwo\n");
}

TEST(ReadJson, WhatIsNoComparisonIsAnErrorThatNamesIt) {
  for (const char* text : {"", "not json", "{}", "[]", R"({"schema": {"name": "husk.compare", "version": 1}})",
                           R"({"schema": {"name": "husk.compare", "version": 2}, "husk": 7})", "[1e999]"}) {
    EXPECT_THAT(error_of(text), HasSubstr("some file")) << text;
  }
}

TEST(ReadJson, DeepNestingIsRefusedBeforeAnythingFollowsIt) {
  constexpr std::size_t kDepth = 400'000;
  const std::string lists = std::string(kDepth, '[') + std::string(kDepth, ']');
  std::string objects;
  for (std::size_t i = 0; i < kDepth; ++i) objects += R"({"a":)";
  objects += "1" + std::string(kDepth, '}');
  for (const std::string& deep : {lists, objects, std::string(kDepth, '[')}) {
    for (const char* member : {"isolation_facts", "version", "unknown"}) {
      const std::string text = R"({"runners": [{")" + std::string(member) + "\": " + deep + "}]}";
      EXPECT_THAT(error_of(text), AllOf(HasSubstr("some file"), HasSubstr("more than 64 deep"))) << member;
    }
  }
  EXPECT_NO_THROW(parse_limited(std::string(kMostNesting, '[') + std::string(kMostNesting, ']'), "some file"));
  EXPECT_THROW(parse_limited(std::string(kMostNesting + 1, '[') + std::string(kMostNesting + 1, ']'), "some file"),
               Error);
}

TEST(ReadJson, AnObjectOfTooManyMembersIsRefused) {
  ordered_json many;
  for (std::size_t i = 0; i <= kMostMembers; ++i) many["m" + std::to_string(i)] = 1;
  EXPECT_THAT(error_after([&](ordered_json& json) { json["more"] = many; }), HasSubstr("more than 1000 members"));
}

TEST(ReadJson, AListThatIsTooLongIsRefused) {
  std::string zeros = "[0";
  for (std::size_t i = 0; i < kMostElements; ++i) zeros += ",0";
  const ordered_json parsed = ordered_json::parse(zeros + "]");
  EXPECT_THROW(CheckedJson(parsed, "some file").elements(), Error);
}

TEST(ReadJson, WhatCannotBeIsNamed) {
  struct Case {
    const char* pointer;
    ordered_json value;
    const char* member;
  };
  const Case cases[] = {
      {"/runners/1/isolation_facts", {{"seccomp", 5}}, "runners[1].isolation_facts.seccomp is not a text"},
      {"/runners/1/isolation_facts", {{"namespaces", {1}}}, "runners[1].isolation_facts.namespaces[0] is not a text"},
      {"/runners/1/isolation_facts", {{"no_new_privileges", 1}}, "no_new_privileges is neither true nor false"},
      {"/runners/1/isolation_facts", {{"syscalls_total", -1}}, "syscalls_total is not a whole number"},
      {"/runners/1/isolation_facts", {{"observed_calls", {{"a b", 1}}}}, "observed_calls.a b has no counter's name"},
      {"/runners/1/isolation_facts", {1}, "isolation_facts is not an object"},
      {"/runners/1/vm_exits", {{"exits_mmio", "2"}}, "vm_exits.exits_mmio is not a whole number"},
      {"/runners/1/vm_exits", {{"kvm_stats", {{"exits", {1}}}}}, "vm_exits.kvm_stats.exits is not a whole number"},
      {"/runners/1/vm_exits", {{"exits_mmio", {{"reads", 1}}}}, "vm_exits.exits_mmio is not a whole number"},
      {"/runners/1/vm_exits", {{"kvm_stats", 1}}, "vm_exits.kvm_stats is not an object"},
      {"/runners/1/status", "fine", "runners[1].status is 'fine', which is none of"},
      {"/runners/1/isolation", "strong", "runners[1].isolation is 'strong'"},
      {"/runners/1/name", "a,b", "runners[1].name is not a runner's name"},
      {"/runners/1/name", "kvm-floor", "runners[1].name is the name of two runners"},
      {"/runners/1/samples/start_ns/round/0", -1, "start_ns.round[0] is not a whole number"},
      {"/runners/1/samples/start_ns/round/0", 0.5, "start_ns.round[0] is not a whole number"},
      {"/runners/1/samples/start_ns/round/0", 4294967296, "start_ns.round[0] is more than"},
      {"/runners/1/samples/start_ns/round/1", 9, "start_ns.round[2] is less than the round before it"},
      {"/runners/1/samples/start_ns/round", {0}, "start_ns has not as many rounds as values"},
      {"/runners/1/samples/start_ns/value/0", 1e308, "start_ns.value[0] is beyond what can be measured"},
      {"/runners/1/samples/start_ns/value/0", 1e-308, "start_ns.value[0] is beyond what can be measured"},
      {"/runners/1/samples/start_ns/value/0", nullptr, "start_ns.value[0] is not a number"},
      {"/runners/1/idle_processes/0/0/pss_bytes", -4, "idle_processes[0][0].pss_bytes is not a whole number"},
      {"/runners/1/command", "husk run", "runners[1].command is not a list"},
      {"/runners", ordered_json::array(), "runners is empty"},
      {"/host/guest_ring", "1", "host.guest_ring is '1'"},
      {"/host/kvm_backend", "\033[2J", "host.kvm_backend is"},
      {"/host/cores", 2.5, "host.cores is not a whole number"},
      {"/baseline", "", "baseline is not a runner's name"},
      {"/warnings", {1}, "warnings[0] is not a text"},
      {"/seed", 1.5, "seed is not a whole number"},
  };
  for (const Case& one : cases) {
    const std::string error =
        error_after([&](ordered_json& json) { json[ordered_json::json_pointer(one.pointer)] = one.value; });
    EXPECT_THAT(error, AllOf(HasSubstr("some file"), HasSubstr(one.member), Not(HasSubstr("\033"))));
  }
}

TEST(ReadJson, AMetricsIdIsOne) {
  for (const char* id : {"start_rate@x", "start_rate@", "start_rate@04", "start_rate@-1", "start_rate@99999999999999",
                         "start_rate@1000001", "start,rate", "", "a\nb"}) {
    for (const char* where : {"samples", "notes"}) {
      const std::string error = error_after([&](ordered_json& json) {
        json["runners"][1][where][id] =
            where == std::string("notes") ? ordered_json("x") : ordered_json{{"round", {0}}, {"value", {1}}};
      });
      EXPECT_THAT(error, AllOf(HasSubstr("some file"), HasSubstr("has no metric's id"), Not(HasSubstr("\n")))) << id;
    }
  }
}

TEST(ReadJson, AMissingMemberIsNamed) {
  EXPECT_THAT(error_after([](ordered_json& json) { json["runners"][2].erase("note"); }),
              HasSubstr("runners[2].note is missing"));
}

TEST(ReadJson, WhatALaterVersionAddsIsLeftOut) {
  ordered_json document = ordered_json::parse(format_json(example(), kBaseline));
  document["news"] = 1;
  document["runners"][1]["isolation_facts"] = {{"seccomp", "none"}, {"news", {{"any", "thing"}}}};
  const Document read = parse_json(document.dump(), "some file");
  EXPECT_EQ(read.result.runners[1].isolation_facts, (ordered_json{{"seccomp", "none"}}));
}

}  // namespace
}  // namespace husk::compare
