/* A peer for the tests of control from outside: this process is its own. SPDX-License-Identifier: Apache-2.0
 *
 * It maps a memory file as the recorder does, a thread answers, and it is found through /proc like any other. */
#ifndef CAIRN_TESTS_FAKEPEER_H
#define CAIRN_TESTS_FAKEPEER_H

#include "cli/remote/remote.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t long_ns = 10000000000, short_ns = 30000000;

/* ---- The peer ---------------------------------------------------------------------------------------- */

struct peer {
    struct cairn_control *page;
    int fd;
    pthread_t thread;
    uint32_t is_over;
    /* how it answers */
    int code;
    const char *made;
    /* what it was asked last */
    uint32_t kind;
    char text[CAIRN_CONTROL_TEXT_BYTES + 1];
};

static inline void peer_create_as(struct peer *peer, size_t bytes, int seals)
{
    *peer = (struct peer){.made = ""};
    peer->fd = memfd_create(CAIRN_CONTROL_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(peer->fd >= 0);
    assert_int_equal(ftruncate(peer->fd, (off_t)bytes), 0);
    peer->page = mmap(NULL, sizeof *peer->page, PROT_READ | PROT_WRITE, MAP_SHARED, peer->fd, 0);
    assert_ptr_not_equal(peer->page, MAP_FAILED);
    assert_int_equal(fcntl(peer->fd, F_ADD_SEALS, seals), 0);
    peer->page->version = CAIRN_CONTROL_VERSION;
    peer->page->pid = (uint32_t)getpid();
    peer->page->magic = CAIRN_CONTROL_MAGIC;
}

static inline void peer_create(struct peer *peer)
{
    peer_create_as(peer, sizeof *peer->page, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static inline void peer_destroy(struct peer *peer)
{
    munmap(peer->page, sizeof *peer->page);
    close(peer->fd);
}

static inline void answer(struct peer *peer, uint64_t number)
{
    struct cairn_control *page = peer->page;
    atomic_and_acq_rel(&page->on, ~(uint32_t)CAIRN_ON_REQUEST);
    peer->kind = page->request_kind;
    memcpy(peer->text, page->request_text, page->request_bytes);
    peer->text[page->request_bytes] = 0;
    page->answer_code = peer->code;
    memset(page->answer_path, 0, sizeof page->answer_path);
    memcpy(page->answer_path, peer->made, strnlen(peer->made, sizeof page->answer_path));
    atomic_store_release(&page->answer_number, number);
}

/* As an annotation does: it looks at `on`, and at nothing else while that is 0. */
static inline void *serve(void *data)
{
    struct peer *peer = data;
    while (!atomic_load_acquire(&peer->is_over)) {
        uint64_t number = atomic_load_acquire(&peer->page->request_number);
        bool is_asked = atomic_load_relaxed(&peer->page->on) & CAIRN_ON_REQUEST;
        if (is_asked && number != peer->page->answer_number) answer(peer, number);
        usleep(100);
    }
    return NULL;
}

static inline void peer_serve(struct peer *peer, int code, const char *made)
{
    peer->code = code;
    peer->made = made;
    atomic_store_release(&peer->is_over, 0u);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static inline void peer_stop(struct peer *peer)
{
    atomic_store_release(&peer->is_over, 1u);
    pthread_join(peer->thread, NULL);
}

static inline int find_self(struct remote *remote, bool must_record, struct cairn_error *error)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%u", (unsigned)getpid());
    return remote_find(remote, pid, must_record, error);
}

static inline struct remote found_self(void)
{
    struct remote remote;
    struct cairn_error error = {0};
    if (find_self(&remote, false, &error) != 0) fail_msg("%s", error.text);
    return remote;
}

static const struct remote_request stop_request = {.kind = CAIRN_CONTROL_STOP};

static inline void assert_refused(const struct remote *remote, uint64_t timeout_ns, const char *text)
{
    char made[REMOTE_PATH_BYTES];
    struct cairn_error error = {0};
    assert_int_equal(remote_ask(remote, &stop_request, timeout_ns, made, &error), -1);
    if (!strstr(error.text, text)) fail_msg("'%s' does not say '%s'", error.text, text);
}

#endif
