/* Atomics with the order in the operation's name: the only way to them in this project.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They are the compiler's builtins on plain objects, because some of these objects lie in mapped files and
 * in structs that C++ sees too. Every acquire, release, exchange and fence in the code says what it pairs
 * with; every relaxed one says why that is enough.
 */
#ifndef CAIRN_BASE_ATOMIC_H
#define CAIRN_BASE_ATOMIC_H

#define atomic_load_relaxed(at) __atomic_load_n((at), __ATOMIC_RELAXED)
#define atomic_load_acquire(at) __atomic_load_n((at), __ATOMIC_ACQUIRE)
#define atomic_store_relaxed(at, value) __atomic_store_n((at), (value), __ATOMIC_RELAXED)
#define atomic_store_release(at, value) __atomic_store_n((at), (value), __ATOMIC_RELEASE)
#define atomic_add_relaxed(at, value) __atomic_fetch_add((at), (value), __ATOMIC_RELAXED)
#define atomic_add_acq_rel(at, value) __atomic_fetch_add((at), (value), __ATOMIC_ACQ_REL)
#define atomic_sub_acq_rel(at, value) __atomic_fetch_sub((at), (value), __ATOMIC_ACQ_REL)
#define atomic_or_acq_rel(at, value) __atomic_fetch_or((at), (value), __ATOMIC_ACQ_REL)
#define atomic_and_acq_rel(at, value) __atomic_fetch_and((at), (value), __ATOMIC_ACQ_REL)
#define atomic_exchange_acq_rel(at, value) __atomic_exchange_n((at), (value), __ATOMIC_ACQ_REL)
/* True if *at was *expected and is now `value`; else *expected is what *at was (acquired). */
#define atomic_cas_acq_rel(at, expected, value)                                                              \
    __atomic_compare_exchange_n((at), (expected), (value), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define atomic_fence_seq_cst() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* Orders this thread's accesses as its own signal handlers see them: no instruction, stops the compiler. */
#define atomic_fence_signal() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
