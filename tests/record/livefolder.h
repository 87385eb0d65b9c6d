/* A folder for live files, so that a test can tell which are left. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIVEFOLDER_H
#define CAIRN_TESTS_LIVEFOLDER_H

/* Makes one, on tmpfs if there is any. Its path is static storage: one at a time. NULL if that fails. */
const char *live_folder_create(void);
/* Removes the files in it; returns how many there were. */
unsigned live_folder_clear(void);
/* Removes it with what is in it. */
void live_folder_destroy(void);

#endif
