/* Files in memory, for fuzz targets. SPDX-License-Identifier: Apache-2.0
 *
 * The reader comes to its files by os_map_file. A program linked with memfile.c (see CMakeLists.txt: --wrap) has that
 * function, os_unmap_file and lseek replaced: for the names below they answer from memory, for all others as ever. No system call is needed then, and each mapping is a block of the heap of just the size
 * of the file, so that the address sanitizer sees every byte read beyond the end. */
#ifndef CAIRN_FUZZ_MEMFILE_H
#define CAIRN_FUZZ_MEMFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMFILE_TRACE "memory:trace"
#define MEMFILE_LIVE "memory:live"

/* What is mapped as MEMFILE_TRACE or MEMFILE_LIVE from now on; NULL: there is no such file. The bytes are not copied
 * until they are mapped. */
void memfile_set(const char *name, const uint8_t *bytes, size_t count);
/* The next mapping of MEMFILE_TRACE gets that much less: the file grows between two looks. */
void memfile_set_growth(size_t bytes);
/* What os_process_maps_file says from now on, whatever the process and the file. */
void memfile_set_alive(bool alive);

#endif
