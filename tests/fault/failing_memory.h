/* tests/fault/failing_memory.h - allocations that fail when a test wants them to. A program that
 * links this is linked with --wrap=malloc,--wrap=calloc,--wrap=realloc. */
#pragma once

/* Allocations until one fails, which it does once; 0: none will. */
extern unsigned memory_left;
