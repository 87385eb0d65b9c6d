/* Asking a process from outside, whose page behaves or does not. SPDX-License-Identifier: Apache-2.0 */
#include "fakepeer.h"

#include "cairn/cairn.h"

#include <sys/file.h>

/* ---- Asking -------------------------------------------------------------------------------------------- */

static void asks_and_is_answered(void **state)
{
    (void)state;
    struct peer peer;
    char made[REMOTE_PATH_BYTES];
    struct cairn_error error = {0};
    struct remote_request request = {.kind = CAIRN_CONTROL_START};
    peer_create(&peer);
    peer_serve(&peer, 0, "/tmp/made.cairn");
    struct remote remote = found_self();
    assert_true(remote_request_add(&request, "CAIRN_TRACE", "/tmp/a b=c.cairn"));
    assert_true(remote_request_add(&request, "CAIRN_LIMIT", "4096"));
    int result = remote_ask(&remote, &request, long_ns, made, &error);
    peer_stop(&peer);
    peer_destroy(&peer);
    assert_int_equal(result, 0);
    assert_string_equal(made, "/tmp/made.cairn");
    assert_int_equal(peer.kind, CAIRN_CONTROL_START);
    assert_string_equal(peer.text, "CAIRN_TRACE=/tmp/a b=c.cairn\nCAIRN_LIMIT=4096\n");
}

static void asks_again_and_again(void **state)
{
    (void)state;
    struct peer peer;
    char made[REMOTE_PATH_BYTES];
    struct cairn_error error = {0};
    peer_create(&peer);
    struct remote remote = found_self();
    peer_serve(&peer, 0, "");
    int failures = 0;
    for (int i = 0; i < 50; i++) failures += remote_ask(&remote, &stop_request, long_ns, made, &error) != 0;
    peer_stop(&peer);
    uint64_t answered = peer.page->answer_number;
    peer_destroy(&peer);
    assert_int_equal(failures, 0);
    assert_int_equal(answered, 50);
}

static void explains_every_refusal(void **state)
{
    (void)state;
    static const int codes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, -9, 999, -999, INT32_MAX, INT32_MIN};
    struct peer peer;
    char made[REMOTE_PATH_BYTES];
    peer_create(&peer);
    struct remote remote = found_self();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        for (uint32_t kind = CAIRN_CONTROL_START; kind <= CAIRN_CONTROL_TYPES; kind++) {
            struct remote_request request = {.kind = (enum cairn_control_kind)kind};
            struct cairn_error error = {0};
            peer_serve(&peer, codes[i], "");
            int result = remote_ask(&remote, &request, long_ns, made, &error);
            peer_stop(&peer);
            assert_int_equal(result, -1);
            assert_non_null(strstr(error.text, "test_remoteask ("));
        }
    }
    peer_serve(&peer, CAIRN_ENOTSUP, "");
    struct remote_request snapshot = {.kind = CAIRN_CONTROL_SNAPSHOT}, start = {.kind = CAIRN_CONTROL_START};
    struct cairn_error no_window = {0}, busy = {0};
    remote_ask(&remote, &snapshot, long_ns, made, &no_window);
    peer.code = -CAIRN_EBUSY;
    strcpy(peer.page->path, "/tmp/running.cairn");
    remote_ask(&remote, &start, long_ns, made, &busy);
    peer_stop(&peer);
    peer_destroy(&peer);
    assert_non_null(strstr(no_window.text, "no window"));
    assert_non_null(strstr(busy.text, "already, to /tmp/running.cairn"));
}

static void withdraws_what_nobody_takes(void **state)
{
    (void)state;
    struct peer peer;
    char made[REMOTE_PATH_BYTES];
    struct cairn_error error = {0};
    peer_create(&peer);
    struct remote remote = found_self();
    assert_refused(&remote, short_ns, "withdrawn");
    assert_int_equal(peer.page->request_kind, 0);
    assert_int_equal(peer.page->request_number, 2);
    assert_int_equal(peer.page->on, CAIRN_ON_REQUEST);
    /* Whoever took the first request late must not answer the next by it. */
    peer.page->answer_number = 1;
    assert_refused(&remote, short_ns, "withdrawn");
    assert_int_equal(peer.page->request_number, 4);
    peer_serve(&peer, 0, "/now");
    int result = remote_ask(&remote, &stop_request, long_ns, made, &error);
    peer_stop(&peer);
    peer_destroy(&peer);
    assert_int_equal(result, 0);
    assert_string_equal(made, "/now");
}

/* Takes the request, as the bit tells, and never gets done. */
static void *take_only(void *data)
{
    struct peer *peer = data;
    while (!atomic_load_acquire(&peer->is_over)) {
        atomic_and_acq_rel(&peer->page->on, ~(uint32_t)CAIRN_ON_REQUEST);
        usleep(100);
    }
    return NULL;
}

static void tells_what_was_begun(void **state)
{
    (void)state;
    struct peer peer;
    peer_create(&peer);
    assert_int_equal(pthread_create(&peer.thread, NULL, take_only, &peer), 0);
    struct remote remote = found_self();
    assert_refused(&remote, 10 * short_ns, "took the request, but was not done");
    peer_stop(&peer);
    peer_destroy(&peer);
}

static void waits_for_another_tool_but_not_forever(void **state)
{
    (void)state;
    struct peer peer;
    peer_create(&peer);
    struct remote remote = found_self();
    assert_int_equal(flock(peer.fd, LOCK_EX), 0);
    assert_refused(&remote, short_ns, "is being asked something else");
    assert_int_equal(peer.page->request_number, 0);
    peer_destroy(&peer);
}

static void a_request_has_bounded_lines(void **state)
{
    (void)state;
    struct remote_request request = {.kind = CAIRN_CONTROL_TYPES};
    char value[CAIRN_CONTROL_TEXT_BYTES];
    memset(value, 'x', sizeof value);
    value[sizeof value - 1] = 0;
    assert_false(remote_request_add(&request, "NAME", "two\nlines"));
    assert_false(remote_request_add(&request, "NAME", value));
    assert_int_equal(request.bytes, 0);
    value[sizeof value - strlen("NAME=") - 3] = 0;
    assert_true(remote_request_add(&request, "NAME", value));
    assert_true(request.bytes < sizeof request.text);
    assert_false(remote_request_add(&request, "A", "b"));
}

static void another_version_is_shown_but_not_asked(void **state)
{
    (void)state;
    struct peer peer;
    peer_create(&peer);
    peer.page->version = CAIRN_CONTROL_VERSION + 1;
    peer.page->state = CAIRN_CONTROL_RECORDING;
    struct remote remote = found_self();
    assert_int_equal(remote.version, CAIRN_CONTROL_VERSION + 1);
    assert_string_equal(remote.trace, "");
    assert_refused(&remote, long_ns, "a version of the library");
    assert_int_equal(peer.page->request_number, 0);
    peer_destroy(&peer);
}

static void text_without_an_end_is_bounded(void **state)
{
    (void)state;
    struct peer peer;
    char made[REMOTE_PATH_BYTES], answered[REMOTE_PATH_BYTES + 1];
    struct cairn_error error = {0}, busy = {0};
    const struct remote_request start = {.kind = CAIRN_CONTROL_START};
    memset(answered, 'y', sizeof answered);
    answered[REMOTE_PATH_BYTES] = 0;
    peer_create(&peer);
    memset(peer.page->path, 'x', sizeof peer.page->path);
    peer.page->state = CAIRN_CONTROL_RECORDING;
    struct remote remote = found_self();
    peer_serve(&peer, 0, answered);
    int result = remote_ask(&remote, &stop_request, long_ns, made, &error);
    peer.code = CAIRN_EBUSY;
    int refused = remote_ask(&remote, &start, long_ns, made, &busy);
    peer_stop(&peer);
    peer_destroy(&peer);
    assert_int_equal(strlen(remote.trace), REMOTE_PATH_BYTES - 1);
    assert_int_equal(result, 0);
    assert_int_equal(strlen(made), REMOTE_PATH_BYTES - 1);
    assert_int_equal(refused, -1);
    assert_non_null(strstr(busy.text, "xxx"));
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}

static void scribble(struct cairn_control *page, uint64_t *random)
{
    uint64_t *words = (uint64_t *)(void *)page;
    for (size_t i = 0; i < sizeof *page / 8; i++) words[i] = next_random(random);
}

static void *scribble_on(void *data)
{
    struct peer *peer = data;
    uint64_t random = 12345;
    while (!atomic_load_acquire(&peer->is_over)) scribble(peer->page, &random);
    return NULL;
}

/* Whatever a page says, and while it changes: an answer or an error in time, texts bounded. */
static void any_page_does_no_harm(void **state)
{
    (void)state;
    struct peer peer;
    uint64_t random = 4711;
    peer_create(&peer);
    struct remote good = found_self();
    size_t asked = 0;
    for (int i = 0; i < 300; i++) {
        struct cairn_error error = {0};
        struct remote remote;
        char made[REMOTE_PATH_BYTES];
        scribble(peer.page, &random);
        peer.page->magic = CAIRN_CONTROL_MAGIC;
        peer.page->pid = (uint32_t)getpid();
        if (i % 4) peer.page->version = CAIRN_CONTROL_VERSION;
        assert_int_equal(find_self(&remote, false, &error), 0);
        assert_true(strlen(remote.trace) < sizeof remote.trace);
        int result = remote_ask(&remote, &stop_request, 1000, made, &error);
        asked += result != 0 && strstr(error.text, "did not answer") != NULL;
    }
    assert_true(asked > 100);
    peer.is_over = 0;
    assert_int_equal(pthread_create(&peer.thread, NULL, scribble_on, &peer), 0);
    for (int i = 0; i < 50; i++) {
        struct cairn_error error = {0};
        char made[REMOTE_PATH_BYTES];
        remote_ask(&good, &stop_request, 1000000, made, &error);
        assert_true(strlen(made) < sizeof made);
    }
    peer_stop(&peer);
    peer_destroy(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_is_answered),
        cmocka_unit_test(asks_again_and_again),
        cmocka_unit_test(explains_every_refusal),
        cmocka_unit_test(withdraws_what_nobody_takes),
        cmocka_unit_test(tells_what_was_begun),
        cmocka_unit_test(waits_for_another_tool_but_not_forever),
        cmocka_unit_test(a_request_has_bounded_lines),
        cmocka_unit_test(another_version_is_shown_but_not_asked),
        cmocka_unit_test(text_without_an_end_is_bounded),
        cmocka_unit_test(any_page_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
