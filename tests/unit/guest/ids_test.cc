#include "task/ids.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace kernel::task {
namespace {

// Only their addresses count here.
Process* process(std::size_t i) {
  static char objects[kMaxPid];
  return reinterpret_cast<Process*>(&objects[i]);
}
Task* task(std::size_t i) {
  static char objects[kMaxPid];
  return reinterpret_cast<Task*>(&objects[i]);
}

// For ever, as the kernel's: what is in it is never freed.
IdTable* new_table() {
  static std::array<IdTable, 4> tables;  // one for each test below
  static std::size_t next = 0;
  return &tables.at(next++);
}

int allocate(IdTable& table) {
  auto id = table.allocate();
  return id ? id.value() : -static_cast<int>(id.error());
}

TEST(IdTableTest, CountsUp) {
  IdTable* const table = new_table();
  EXPECT_EQ(allocate(*table), 1);
  EXPECT_EQ(allocate(*table), 2);
  EXPECT_EQ(table->last(), 2);
  EXPECT_EQ(table->find(2)->process, nullptr);
  EXPECT_EQ(table->find(-1), nullptr);
  EXPECT_EQ(table->find(kMaxPid), nullptr);
  EXPECT_EQ(table->find(20'000), nullptr);
}

TEST(IdTableTest, WhateverGoesByANumberKeepsIt) {
  IdTable* const table = new_table();
  for (int i = 1; i <= 5; ++i) ASSERT_EQ(allocate(*table), i);
  table->at(2).process = process(2);
  table->at(3).task = task(3);
  table->at(4).groups = 1;
  table->at(5).holders = 1;
  for (int i = 6; i < kMaxPid; ++i) ASSERT_EQ(allocate(*table), i);
  // Around once: 1 is the first process's for ever.
  EXPECT_EQ(allocate(*table), 6);
  table->at(4).groups = 0;
  for (int i = 7; i < kMaxPid; ++i) ASSERT_EQ(allocate(*table), i);
  EXPECT_EQ(allocate(*table), 4);
}

TEST(IdTableTest, SaysWhenAllAreTaken) {
  IdTable* const table = new_table();
  for (int i = 1; i < kMaxPid; ++i) {
    ASSERT_EQ(allocate(*table), i);
    table->at(i).task = task(static_cast<std::size_t>(i));
  }
  EXPECT_EQ(allocate(*table), -static_cast<int>(Errno::kAgain));
  table->at(777).task = nullptr;
  EXPECT_EQ(allocate(*table), 777);
}

TEST(IdTableTest, FindsTheNearestProcess) {
  IdTable* const table = new_table();
  for (int i = 1; i <= 1'000; ++i) ASSERT_EQ(allocate(*table), i);
  for (const std::size_t pid : {1, 31, 32, 500}) table->at(static_cast<int>(pid)).process = process(pid);
  EXPECT_EQ(table->process_up_to(0), nullptr);
  EXPECT_EQ(table->process_up_to(30), process(1));
  EXPECT_EQ(table->process_up_to(31), process(31));
  EXPECT_EQ(table->process_up_to(499), process(32));
  EXPECT_EQ(table->process_up_to(kMaxPid - 1), process(500));
  EXPECT_EQ(table->process_from(-7), process(1));
  EXPECT_EQ(table->process_from(2), process(31));
  EXPECT_EQ(table->process_from(33), process(500));
  EXPECT_EQ(table->process_from(501), nullptr);
  EXPECT_EQ(table->process_from(kMaxPid), nullptr);
}

TEST(IdMembershipTest, HoldsItsNumberUntilItIsGone) {
  const int first = allocate(ids());
  const int second = allocate(ids());
  {
    GroupId group;
    HeldId session;
    group = first;
    session = int{group};
    EXPECT_EQ(session, first);
    EXPECT_EQ(ids().at(first).groups, 1u);
    EXPECT_EQ(ids().at(first).holders, 1u);
    group = second;
    EXPECT_EQ(ids().at(first).groups, 0u);
    EXPECT_EQ(ids().at(second).groups, 1u);
    const GroupId& itself = group;
    group = itself;
    EXPECT_EQ(ids().at(second).groups, 1u);
  }
  EXPECT_FALSE(ids().at(first).used());
  EXPECT_FALSE(ids().at(second).used());
}

}  // namespace
}  // namespace kernel::task
