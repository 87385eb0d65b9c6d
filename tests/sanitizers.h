/* Which sanitizer a test is built with: what takes ten times as long there, and finds nothing more by being repeated, is done
 * less often. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SANITIZERS_H
#define CAIRN_TESTS_SANITIZERS_H

#if defined(__has_feature)
#define CAIRN_TESTS_HAS(name) __has_feature(name)
#else
#define CAIRN_TESTS_HAS(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || CAIRN_TESTS_HAS(thread_sanitizer)
enum { IS_THREAD_SANITIZED = 1, IS_SANITIZED = 1 };
#elif defined(__SANITIZE_ADDRESS__) || CAIRN_TESTS_HAS(address_sanitizer)
enum { IS_THREAD_SANITIZED = 0, IS_SANITIZED = 1 };
#else
enum { IS_THREAD_SANITIZED = 0, IS_SANITIZED = 0 };
#endif

#endif
