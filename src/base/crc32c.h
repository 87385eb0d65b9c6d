/* CRC-32C (Castagnoli), as in iSCSI and ext4: reflected polynomial 0x82f63b78, start and final xor all ones.
 * SPDX-License-Identifier: Apache-2.0
 * The portable form; os/os.h has the one that uses the processor's instruction. */
#ifndef CAIRN_BASE_CRC32C_H
#define CAIRN_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of bytes, continued from `crc` (0 at the start). Pure. */
uint32_t cairn__crc32c(uint32_t crc, const void *bytes, size_t count);

#endif
