/* The trace file and the live file: made, found a place for, finished. SPDX-License-Identifier: Apache-2.0
 *
 * The trace is made under a name of its own beside its path and only renamed to it when its head is written and
 * names the live file: so whatever stood there, also a symbolic link, is replaced and never followed or written
 * to (but only an older trace is replaced), and a trace under its name is never without its head.
 */
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int cairn__error_of(int system_errno)
{
    switch (system_errno) {
    case 0: return 0;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return CAIRN_ENOSPC;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EROFS: return CAIRN_EACCES;
    case EEXIST:
    case EISDIR: return CAIRN_EEXIST;
    case ENOMEM: return CAIRN_ENOMEM;
    case ENAMETOOLONG: return CAIRN_EINVAL;
    default: return CAIRN_EIO;
    }
}

/* ---- The trace -------------------------------------------------------------------------------------------- */

/* Reads the head of a trace or live file of our own; false if it is none. */
static bool read_own_head(int fd, struct cairn_file_head *head)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           pread(fd, head, sizeof *head, 0) == (ssize_t)sizeof *head &&
           memcmp(head->magic, CAIRN_FILE_MAGIC, sizeof head->magic) == 0;
}

/* Removes the live file that a killed process left, when its trace is about to be replaced: nobody could find it any
 * more. A trace may name anything, so what it names must be a live file, ours, and of the same session. */
static void remove_live_of(int trace_fd)
{
    struct cairn_file_head trace, live;
    if (!read_own_head(trace_fd, &trace) || trace.state != CAIRN_STATE_RECORDING) return;
    if (flock(trace_fd, LOCK_EX | LOCK_NB)) return; /* somebody is at work on it: the recorder, or a join */
    trace.live_path[sizeof trace.live_path - 1] = 0;
    int fd = open(trace.live_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return;
    bool same = read_own_head(fd, &live) && (live.flags & CAIRN_HEAD_LIVE) &&
                memcmp(live.session, trace.session, sizeof live.session) == 0;
    if (same) unlink(trace.live_path);
    close(fd);
}

int cairn__file_may_replace(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return errno == ENOENT ? 0 : cairn__error_of(errno);
    uint8_t magic[8] = {0};
    struct stat status;
    ssize_t count = read(fd, magic, sizeof magic);
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    bool recording = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; /* by whoever made it */
    if (regular && recording) {
        close(fd);
        return CAIRN_EBUSY;
    }
    bool is_trace = count == 8 && memcmp(magic, CAIRN_FILE_MAGIC, 8) == 0;
    close(fd);
    return regular && (is_trace || status.st_size == 0) ? 0 : CAIRN_EEXIST;
}

int cairn__file_create_beside(const char *path, char *new_path, size_t bytes, int *fd)
{
    bool is_folder = path[strlen(path) - 1] == '/';
    int length = snprintf(new_path, bytes, "%s%s%u-new", path, is_folder ? "" : ".", (unsigned)getpid());
    if (length < 0 || (size_t)length >= bytes) return CAIRN_EINVAL;
    unlink(new_path); /* of a process that died with it, and had our pid */
    return cairn__error_of(cairn__os_create(new_path, fd));
}

int cairn__file_name(const char *new_path, const char *path, bool replace)
{
    if (!replace) return cairn__error_of(cairn__os_rename_new(new_path, path));
    int older = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int code = rename(new_path, path) ? cairn__error_of(errno) : 0;
    if (older >= 0 && !code) remove_live_of(older); /* not before: as long as it stands there, it needs it */
    if (older >= 0) close(older);
    return code;
}

static int create_trace(void)
{
    struct cairn__session *session = &cairn__session;
    const struct cairn__settings *settings = &session->settings;
    int code = settings->is_folder ? 0 : cairn__file_may_replace(settings->path);
    if (!code)
        code = cairn__file_create_beside(settings->path, session->new_path, sizeof session->new_path,
                                         &session->trace_fd);
    if (code) return code;
    /* Tells who would join the live file in that we are alive, also from another pid namespace. Not everywhere to be
     * had, and not needed to record: no error. */
    (void)flock(session->trace_fd, LOCK_EX | LOCK_NB);
    code = cairn__os_file_id(session->trace_fd, &session->trace_id);
    if (code) {
        unlink(session->new_path);
        close(session->trace_fd);
    }
    return cairn__error_of(code);
}

/* In a folder every process image gets a file of its own: exec keeps the pid, so there is a number too. */
static int publish_in_folder(const char *folder)
{
    struct cairn__session *session = &cairn__session;
    char path[sizeof session->new_path];
    for (unsigned number = 0; number < 10000; number++) {
        int length = snprintf(path, sizeof path, "%s%u.%u.cairn", folder, (unsigned)getpid(), number);
        if (length < 0 || (size_t)length >= sizeof path) return CAIRN_EINVAL;
        int code = cairn__file_name(session->new_path, path, false);
        if (!code) memcpy(session->new_path, path, sizeof path);
        if (code != CAIRN_EEXIST) return code;
    }
    return CAIRN_EEXIST;
}

int cairn__files_publish(void)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    if (settings->is_folder) return publish_in_folder(settings->path);
    int code = cairn__file_name(cairn__session.new_path, settings->path, true);
    if (!code) memcpy(cairn__session.new_path, settings->path, sizeof settings->path);
    return code;
}

/* ---- The live file ------------------------------------------------------------------------------------------ */

static int create_live_in(const char *folder, char *path, size_t path_bytes)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) random = cairn__os_ticks();
    int length = snprintf(path, path_bytes, "%s/cairn-%u-%u-%016llx.live", folder, (unsigned)getuid(),
                          (unsigned)getpid(), (unsigned long long)random);
    if (length < 0 || (size_t)length >= path_bytes) return CAIRN_EINVAL;
    int code = cairn__os_create(path, &cairn__session.live_fd);
    if (code) return cairn__error_of(code);
    code = cairn__os_file_id(cairn__session.live_fd, &cairn__session.live_id);
    if (code) {
        unlink(path);
        close(cairn__session.live_fd);
    }
    return cairn__error_of(code);
}

static int create_live(char *path, size_t path_bytes)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    if (settings->live_dir[0]) return create_live_in(settings->live_dir, path, path_bytes);
    if (create_live_in("/dev/shm", path, path_bytes) == 0) return 0;
    char folder[sizeof settings->path]; /* absolute */
    memcpy(folder, settings->path, sizeof folder);
    *strrchr(folder, '/') = 0;
    return create_live_in(folder, path, path_bytes);
}

/* Open tasks: an eighth of the window, as a power of two of entries. */
static uint64_t tasks_bytes(uint64_t window_bytes)
{
    enum { LEAST = 4096, MOST = 1 << 20 };
    uint64_t count = LEAST;
    while (count < MOST && 2 * count * sizeof(struct cairn_open_task) <= window_bytes / 8) count *= 2;
    uint64_t bytes = count * sizeof(struct cairn_open_task);
    return (bytes + CAIRN_PAGE_BYTES - 1) & ~(uint64_t)(CAIRN_PAGE_BYTES - 1);
}

static uint64_t slots_bytes(const struct cairn__settings *settings)
{
    /* More than the limit: for what is in both files for a moment, and for the ends that are held back. */
    uint64_t bytes = settings->limit_bytes + settings->limit_bytes / 4 + 2 * CAIRN_SLOT_BYTES_MAX;
    /* As much again as the window: for many threads, and for what comes while the store is held. */
    if (settings->window_bytes) bytes = 2 * settings->window_bytes + 2 * CAIRN_SLOT_BYTES_MAX;
    return bytes & ~(uint64_t)(CAIRN_SLOT_BYTES_MAX - 1);
}

/* Offsets of the areas; the slots come last. */
static void lay_out(struct cairn_file_head *head)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    head->sites_offset = CAIRN_FILE_HEAD_BYTES;
    head->sites_bytes = CAIRN_SITES_BYTES;
    head->threads_offset = head->sites_offset + head->sites_bytes;
    head->threads_bytes = (uint64_t)CAIRN_THREAD_RECORDS * sizeof(struct cairn_thread_record);
    head->tasks_offset = head->threads_offset + head->threads_bytes;
    head->tasks_bytes = settings->window_bytes ? tasks_bytes(settings->window_bytes) : 0;
    head->slots_offset = head->tasks_offset + head->tasks_bytes;
    head->slots_bytes = slots_bytes(settings);
}

static void read_command(char *command, size_t bytes)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t count = read(fd, command, bytes - 1);
    close(fd);
    for (ssize_t i = 0; i + 1 < count; i++) {
        if (!command[i]) command[i] = ' ';
    }
}

static void fill_head(struct cairn_file_head *head)
{
    struct cairn__session *session = &cairn__session;
    memcpy(head->magic, CAIRN_FILE_MAGIC, 8);
    head->version = CAIRN_FORMAT_VERSION;
    head->head_bytes = CAIRN_FILE_HEAD_BYTES;
    if (getrandom(head->session, sizeof head->session, 0) != sizeof head->session) {
        head->session[0] = cairn__os_ticks() ^ (uint64_t)getpid() << 32;
    }
    memcpy(session->session, head->session, sizeof head->session);
    head->state = CAIRN_STATE_RECORDING;
    head->flags = CAIRN_HEAD_LIVE;
    head->pid = (uint32_t)getpid();
    head->round = session->round;
    head->clock = cairn__os_clock;
    head->start_of_process_ns = cairn__os_process_start_ns();
    cairn__os_anchor(&head->start.ticks, &head->start.monotonic_ns, &head->start.realtime_ns);
    head->last = head->start;
    const struct cairn__settings *settings = &session->settings;
    head->limit_bytes = settings->window_bytes ? 0 : settings->limit_bytes;
    head->window_bytes = settings->window_bytes;
    head->window_ns = settings->window_ns;
    head->parent_session = session->parent_session;
    head->parent_pid = session->parent_pid;
    snprintf(head->types, sizeof head->types, "%s", settings->types); /* and zeros behind it */
    memcpy(head->live_path, session->live_path, sizeof head->live_path);
    ssize_t length = readlink("/proc/self/exe", head->executable, sizeof head->executable - 1);
    if (length < 0) head->executable[0] = 0;
    read_command(head->command, sizeof head->command);
    gethostname(head->host, sizeof head->host - 1);
    cairn__os_read_text("/proc/sys/kernel/random/boot_id", head->boot_id, sizeof head->boot_id);
}

static int map_live(void)
{
    struct cairn__session *session = &cairn__session;
    struct cairn_file_head head = {0};
    lay_out(&head);
    session->live_bytes = head.slots_offset + head.slots_bytes;
    void *mapped;
    int code = cairn__os_map_shared(session->live_fd, session->live_bytes, &mapped);
    if (code) return cairn__error_of(code);
    session->live = mapped;
    code = cairn__os_populate(mapped, CAIRN_FILE_HEAD_BYTES, session->live_fd, 0);
    if (code) {
        munmap(mapped, session->live_bytes);
        return cairn__error_of(code);
    }
    fill_head(&head);
    session->head = mapped;
    *session->head = head;
    session->slots = session->live + head.slots_offset;
    session->slots_bytes = head.slots_bytes;
    session->soft_bytes = session->settings.window_bytes ? session->settings.window_bytes : head.slots_bytes;
    if (!cairn__sites_reserve()) {
        munmap(mapped, session->live_bytes);
        return CAIRN_ENOSPC;
    }
    cairn__os_guard(mapped, session->live_bytes, &session->live_is_gone);
    return 0;
}

/* ---- Both ---------------------------------------------------------------------------------------------------- */

static int write_first_head(void)
{
    struct cairn__session *session = &cairn__session;
    struct cairn_file_head head = *session->head;
    head.flags = 0;
    return cairn__error_of(cairn__os_write_at(session->trace_fd, &head, sizeof head, 0));
}

int cairn__files_create(void)
{
    struct cairn__session *session = &cairn__session;
    char *live_path = session->live_path;
    int code = create_trace();
    if (code) return code;
    code = create_live(live_path, sizeof session->live_path);
    if (code) goto close_trace;
    code = map_live();
    if (code) goto remove_live;
    code = write_first_head();
    if (code) cairn__files_abandon();
    return code;
remove_live:
    unlink(live_path);
    close(session->live_fd);
close_trace:
    unlink(session->new_path);
    close(session->trace_fd);
    return code;
}

void cairn__files_abandon(void)
{
    struct cairn__session *session = &cairn__session;
    cairn__os_unguard();
    munmap(session->live, session->live_bytes);
    unlink(session->live_path);
    close(session->live_fd);
    unlink(session->new_path);
    close(session->trace_fd);
}

/* Of the session before, whose mapping stays until the next one has stopped: a late look at its head by a thread that
 * no stop waits for must not fault. */
static struct {
    void *at;
    size_t bytes;
} former_mapping; /* Rules: under the control lock */

void cairn__files_after_fork(void)
{
    cairn__os_unguard();
    former_mapping.at = NULL; /* not ours: the mapping was not passed on */
}

/* A program that closes descriptors at large may have made a number something of its own. The inode does not suffice:
 * that of a removed file is soon another's. The session stands in the head of both files. */
static bool is_ours(int fd, const struct cairn__os_file_id *id)
{
    uint64_t found[2];
    return cairn__os_is_file(fd, id) &&
           pread(fd, found, sizeof found, offsetof(struct cairn_file_head, session)) == sizeof found &&
           memcmp(found, cairn__session.session, sizeof found) == 0;
}

bool cairn__files_hold_trace(void)
{
    struct cairn__session *session = &cairn__session;
    if (is_ours(session->trace_fd, &session->trace_id)) return true;
    int fd;
    if (cairn__os_reopen(session->new_path, &fd)) return false;
    if (!is_ours(fd, &session->trace_id)) {
        close(fd);
        return false;
    }
    (void)flock(fd, LOCK_EX | LOCK_NB); /* as in create_trace */
    session->trace_fd = fd;
    return true;
}

void cairn__files_close(void)
{
    struct cairn__session *session = &cairn__session;
    if (is_ours(session->trace_fd, &session->trace_id)) close(session->trace_fd);
    if (is_ours(session->live_fd, &session->live_id)) close(session->live_fd);
}

void cairn__files_finish(bool left_behind, bool complete)
{
    struct cairn__session *session = &cairn__session;
    bool gone = atomic_load_relaxed(&session->live_is_gone); /* nobody else is there */
    if (complete || gone) unlink(session->live_path);        /* else what is in it can still be joined */
    cairn__os_unguard(); /* nobody can truncate it any more, or it is left alone */
    cairn__files_close();
    if (complete) cairn__os_release(session->live, session->live_bytes);
    if (former_mapping.at) munmap(former_mapping.at, former_mapping.bytes);
    /* Whoever was left behind may write to it at any time to come. */
    former_mapping.at = left_behind ? NULL : session->live;
    former_mapping.bytes = session->live_bytes;
}
