/* Accepts connections and reads requests. SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm: one epoll set holds the listening socket, the connections between two requests, and an event
 * each for stop, timeout and "answers have come back".
 *   1. When a whole request has arrived, its task begins, and the connection goes to the workers. It is
 *      not polled meanwhile (EPOLLONESHOT).
 *   2. When it comes back, bytes that came early may already be the next request; otherwise it is polled.
 *
 * How to annotate: the task begins where the request becomes known, so that all its waiting counts. Its
 * type is the route, not the path: types are few, and `cairn tasks` has a row for each.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SEND_TIMEOUT_SECONDS = 5, EVENTS_MAX = 16 };

static cairn_task begin_task(enum http_route route)
{
    switch (route) {
    case ROUTE_PRODUCT: return cairn_task_begin(CAIRN_BACKGROUND, "GET /product");
    case ROUTE_SEARCH: return cairn_task_begin(CAIRN_BACKGROUND, "GET /search");
    case ROUTE_ORDER: return cairn_task_begin(CAIRN_BACKGROUND, "POST /order");
    case ROUTE_REPORT: return cairn_task_begin(CAIRN_BACKGROUND, "GET /report");
    default: return cairn_task_begin(CAIRN_BACKGROUND, "other request");
    }
}

/* Attributes take terminated strings; the pieces of a request are not. */
static void describe(cairn_task task, const struct http_request *request)
{
    char text[256];
    if (!cairn_enabled()) return; /* saves the copies, not the annotations: those know by themselves */
    snprintf(text, sizeof text, "%.*s", (int)request->method.count, request->method.bytes);
    cairn_attr(task, "method", text);
    snprintf(text, sizeof text, "%.*s", (int)request->path.count, request->path.bytes);
    cairn_attr(task, "path", text);
    if (request->customer) cairn_attr(task, "customer", request->customer);
}

static void poll_again(struct listener *listener, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = connection};
    epoll_ctl(listener->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void drop(struct listener *listener, struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    listener->open--;
    cairn_counter("open connections", listener->open);
}

/* Passes a request on if it is there as a whole, and waits for more of it if not. */
static void look_for_request(struct listener *listener, struct connection *connection)
{
    struct http_request *request = &connection->request;
    connection->request_bytes = http_parse(connection->in, connection->in_bytes, request);
    if (connection->request_bytes == 0) {
        poll_again(listener, connection);
        return;
    }
    connection->task = begin_task(request->route);
    describe(connection->task, request);
    connection->stage = STAGE_RECEIVED;
    connection->with_listener = false;
    listener->in_flight++;
    request_queue_push(&listener->shop->arrived, connection);
}

static void read_more(struct listener *listener, struct connection *connection)
{
    size_t room = sizeof connection->in - connection->in_bytes;
    ssize_t count = recv(connection->fd, connection->in + connection->in_bytes, room, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        poll_again(listener, connection);
    } else if (count <= 0) {
        drop(listener, connection);
    } else {
        connection->in_bytes += (size_t)count;
        look_for_request(listener, connection);
    }
}

static void take_back(struct listener *listener)
{
    eventfd_t events;
    struct connection *connection;
    (void)eventfd_read(listener->answered_fd, &events); /* only to reset it; there may be none left */
    while (request_queue_take(&listener->shop->answered, &connection, 1, false)) {
        connection->with_listener = true;
        listener->in_flight--;
        connection->in_bytes -= connection->request_bytes;
        memmove(connection->in, connection->in + connection->request_bytes, connection->in_bytes);
        if (connection->request.keep_alive && !listener->stopping)
            look_for_request(listener, connection);
        else
            drop(listener, connection);
    }
}

static struct connection *free_place(struct listener *listener)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
        if (listener->connections[i].fd < 0) return &listener->connections[i];
    return NULL;
}

static void admit(struct listener *listener)
{
    int fd = accept4(listener->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection *connection = free_place(listener);
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_SECONDS};
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = connection};
    if (!connection || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) ||
        epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        close(fd);
        return;
    }
    connection->fd = fd;
    connection->in_bytes = 0;
    connection->with_listener = true;
    listener->open++;
    cairn_counter("open connections", listener->open);
}

/* Closes what waits for nothing; requests that have come are still answered. */
static void stop(struct listener *listener)
{
    listener->stopping = true;
    epoll_ctl(listener->epoll_fd, EPOLL_CTL_DEL, listener->listen_fd, NULL);
    epoll_ctl(listener->epoll_fd, EPOLL_CTL_DEL, listener->stop_fd, NULL);
    epoll_ctl(listener->epoll_fd, EPOLL_CTL_DEL, listener->timer_fd, NULL);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &listener->connections[i];
        if (connection->fd >= 0 && connection->with_listener) drop(listener, connection);
    }
}

static void handle_event(struct listener *listener, void *source)
{
    if (source == &listener->answered_fd) {
        take_back(listener);
    } else if (listener->stopping) {
        return; /* of the same round as the stop: its connection is closed */
    } else if (source == &listener->listen_fd) {
        admit(listener);
    } else if (source == &listener->stop_fd || source == &listener->timer_fd) {
        stop(listener);
    } else {
        read_more(listener, source);
    }
}

int listener_run(struct listener *listener)
{
    cairn_thread_name("listener");
    while (!listener->stopping || listener->in_flight) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(listener->epoll_fd, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) {
            perror("shop: epoll_wait");
            return -1;
        }
        for (int i = 0; i < count; i++) handle_event(listener, events[i].data.ptr);
    }
    return 0;
}

static bool watch(struct listener *listener, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    return *fd >= 0 && epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static unsigned bind_port(int fd, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) ||
        bind(fd, (struct sockaddr *)&address, bytes) || listen(fd, CONNECTIONS_MAX) ||
        getsockname(fd, (struct sockaddr *)&address, &bytes))
        return 0;
    return ntohs(address.sin_port);
}

unsigned listener_open(struct listener *listener, struct shop *shop, unsigned port, unsigned seconds)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    listener->shop = shop;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) listener->connections[i].fd = -1;
    listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    listener->stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    listener->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    listener->answered_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    unsigned bound = bind_port(listener->listen_fd, port);
    struct itimerspec end = {.it_value.tv_sec = seconds};
    if (bound && watch(listener, &listener->listen_fd) && watch(listener, &listener->stop_fd) &&
        watch(listener, &listener->timer_fd) && watch(listener, &listener->answered_fd) &&
        timerfd_settime(listener->timer_fd, 0, &end, NULL) == 0)
        return bound;
    fprintf(stderr, "shop: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
    listener_close(listener);
    return 0;
}

void listener_close(struct listener *listener)
{
    const int fds[] = {listener->epoll_fd, listener->listen_fd, listener->stop_fd, listener->timer_fd,
                       listener->answered_fd};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0) close(fds[i]);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &listener->connections[i];
        if (connection->fd >= 0) close(connection->fd);
        text_destroy(&connection->page);
        text_destroy(&connection->packed);
    }
}
