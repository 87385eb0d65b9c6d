/* Finding the processes that can be traced from outside. SPDX-License-Identifier: Apache-2.0 */
#include "fakepeer.h"

#include <inttypes.h>

/* ---- Finding --------------------------------------------------------------------------------------------- */

static size_t own_count(void)
{
    struct remotes remotes;
    struct cairn_error error = {0};
    size_t count = 0;
    assert_int_equal(remotes_list(&remotes, &error), 0);
    for (size_t i = 0; i < remotes.count; i++) count += remotes.items[i].process.pid == (uint32_t)getpid();
    remotes_free(&remotes);
    return count;
}

static void finds_by_pid_and_by_name(void **state)
{
    (void)state;
    struct peer peer;
    struct cairn_error error = {0};
    struct remote by_name, by_pid;
    char name[REMOTE_NAME_BYTES], wanted[REMOTE_NAME_BYTES];
    assert_int_equal(own_count(), 0);
    peer_create(&peer);
    peer.page->state = CAIRN_CONTROL_FLIGHT;
    strcpy(peer.page->path, "/tmp/it.cairn");
    by_pid = found_self();
    int result = remote_find(&by_name, "test_remotefind", false, &error);
    size_t count = own_count();
    peer_destroy(&peer);
    assert_int_equal(count, 1);
    snprintf(wanted, sizeof wanted, " %u", (unsigned)getpid());
    if (result == 0)
        assert_int_equal(by_name.process.pid, getpid());
    else /* the tests of another build run at the same time */
        assert_non_null(strstr(error.text, wanted));
    assert_int_equal(by_pid.process.user, geteuid());
    assert_int_equal(by_pid.state, CAIRN_CONTROL_FLIGHT);
    assert_string_equal(by_pid.trace, "/tmp/it.cairn");
    assert_string_equal(by_pid.process.name, "test_remotefind");
    assert_non_null(strstr(by_pid.process.command, "test_remotefind"));
    snprintf(wanted, sizeof wanted, "test_remotefind (%u)", (unsigned)getpid());
    assert_string_equal(remote_name(name, &by_pid), wanted);
    assert_int_equal(own_count(), 0);
}

static void tells_copies_apart(void **state)
{
    (void)state;
    struct peer one, two;
    struct remote remote;
    struct cairn_error error = {0}, none = {0};
    char second[32], third[32];
    peer_create(&one);
    peer_create(&two);
    two.page->state = CAIRN_CONTROL_RECORDING;
    snprintf(second, sizeof second, "%u/2", (unsigned)getpid());
    snprintf(third, sizeof third, "%u/3", (unsigned)getpid());
    int any = find_self(&remote, false, &error);
    int no_third = remote_find(&remote, third, false, &none);
    int the_second = remote_find(&remote, second, false, &none);
    uint32_t copy = remote.copy, copies = remote.copies;
    int recording = find_self(&remote, true, &none);
    bool is_recording = remote.state == CAIRN_CONTROL_RECORDING;
    peer_destroy(&two);
    peer_destroy(&one);
    assert_int_equal(any, -1);
    assert_non_null(strstr(error.text, second));
    assert_int_equal(no_third, -1);
    assert_int_equal(the_second, 0);
    assert_int_equal(copy, 2);
    assert_int_equal(copies, 2);
    assert_int_equal(recording, 0);
    assert_true(is_recording);
}

static void says_why_there_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {{"0", "no process id"},
                 {"4194304", "no process"},
                 {"12/0", "no process id"},
                 {"12/x", "no process id"},
                 {"", "no process that"},
                 {"no such\033name", "no process that"},
                 {"99999999999999999999", "no process that"}};
    struct remote remote;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cairn_error error = {0};
        assert_int_equal(remote_find(&remote, cases[i].name, false, &error), -1);
        if (!strstr(error.text, cases[i].text)) fail_msg("%s: %s", cases[i].name, error.text);
        assert_null(strchr(error.text, '\033'));
    }
    struct cairn_error error = {0};
    assert_int_equal(find_self(&remote, false, &error), -1);
    assert_non_null(strstr(error.text, "cannot be reached"));
}

/* ---- Pages that are not what they should be ------------------------------------------------------------- */

static void passes_over_what_is_no_page(void **state)
{
    (void)state;
    struct peer peer;
    peer_create(&peer);
    size_t good = own_count();
    peer.page->magic++;
    size_t magic = own_count();
    peer.page->magic--;
    peer.page->pid++;
    size_t pid = own_count();
    peer.page->pid--;
    size_t again = own_count();
    peer_destroy(&peer);
    assert_int_equal(good, 1);
    assert_int_equal(magic, 0);
    assert_int_equal(pid, 0);
    assert_int_equal(again, 1);
}

/* Of another size, or one that could shrink under our feet, or that we may not write to. */
static void passes_over_files_of_another_kind(void **state)
{
    (void)state;
    struct peer peer;
    peer_create_as(&peer, 8192, F_SEAL_SHRINK);
    size_t larger = own_count();
    peer_destroy(&peer);
    peer_create_as(&peer, sizeof *peer.page, F_SEAL_GROW);
    size_t shrinking = own_count();
    peer_destroy(&peer);
    peer_create_as(&peer, sizeof *peer.page, F_SEAL_SHRINK);
    struct remote remote = found_self();
    int sealed = fcntl(peer.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    if (sealed == 0) assert_refused(&remote, short_ns, "cannot be reached");
    peer_destroy(&peer);
    assert_int_equal(larger, 0);
    assert_int_equal(shrinking, 0);
}

static void opens_only_what_is_mapped(void **state)
{
    (void)state;
    struct peer peer, other;
    struct remote remote;
    struct cairn_error error = {0};
    peer_create(&peer);
    peer_create(&other);
    other.page->state = CAIRN_CONTROL_RECORDING;
    assert_int_equal(find_self(&remote, true, &error), 0);
    munmap(other.page, sizeof *other.page);
    size_t with_open = own_count();
    close(other.fd);
    assert_refused(&remote, short_ns, "cannot be reached");
    peer_destroy(&peer);
    assert_int_equal(with_open, 1);
}

/* Root finds it by the mapping; others are told. */
static void does_without_the_descriptor_if_it_can(void **state)
{
    (void)state;
    struct peer peer;
    struct remote remote;
    struct cairn_error error = {0};
    peer_create(&peer);
    close(peer.fd);
    int result = find_self(&remote, false, &error);
    munmap(peer.page, sizeof *peer.page);
    if (result != 0) assert_non_null(strstr(error.text, "has closed the descriptor"));
}

static void opens_only_what_is_the_users(void **state)
{
    (void)state;
    if (geteuid() != 0) skip(); /* only root can give a file away */
    struct peer peer;
    peer_create(&peer);
    int given = fchown(peer.fd, 65534, 65534);
    size_t count = own_count();
    peer_destroy(&peer);
    assert_int_equal(given, 0);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_pid_and_by_name),
        cmocka_unit_test(tells_copies_apart),
        cmocka_unit_test(says_why_there_is_none),
        cmocka_unit_test(passes_over_what_is_no_page),
        cmocka_unit_test(passes_over_files_of_another_kind),
        cmocka_unit_test(opens_only_what_is_mapped),
        cmocka_unit_test(does_without_the_descriptor_if_it_can),
        cmocka_unit_test(opens_only_what_is_the_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
