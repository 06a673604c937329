/* kernel/usage.h - what a process takes of the machine, as /proc says. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Its proportional share of memory, in KiB, or all it has resident where nobody may see more of it;
 * 0 where it is gone. */
uint32_t usage_memory_kib(uint32_t pid);

/* Its processor time, in ms, all threads; 0 where it is gone. */
uint64_t usage_cpu_ms(uint32_t pid);

/* False where the kernel would drop signal `number` (1..31): sent to the first process of a pid
 * namespace that does nothing about it. */
bool usage_heeds_signal(uint32_t pid, int number);
