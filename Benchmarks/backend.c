/* The application behind the proxies that scripts/bench compares: HTTP/1.1 with keep-alive on loopback, one thread of
 * epoll, so small that its own cost hardly shows.
 *
 *   backend PORT
 *
 * GET /big… answers 1 MiB, GET /auth… 204 (the authorization service of nginx's auth_request), everything else 1 KiB.
 * It reads requests without content and one at a time, which is what a proxy sends on a connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_LIMIT = 16384, EVENTS = 256 };

struct answer {
    char *bytes;
    size_t length;
};

struct connection {
    int socket;
    size_t received;
    const struct answer *answer; /* being sent */
    size_t sent;
    char head[HEAD_LIMIT];
};

static struct answer small, big, empty;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct answer make_answer(size_t length) {
    struct answer answer;
    int head;
    answer.bytes = malloc(length + 512);
    if (!answer.bytes) fail("malloc");
    head = sprintf(answer.bytes,
                   "HTTP/1.1 200 OK\r\n"
                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "Content-Type: text/html; charset=utf-8\r\n"
                   "Content-Length: %zu\r\n"
                   "Cache-Control: no-cache\r\n"
                   "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n"
                   "\r\n",
                   length);
    memset(answer.bytes + head, 'x', length);
    answer.length = (size_t)head + length;
    return answer;
}

static void end(struct connection *connection) {
    close(connection->socket);
    free(connection);
}

/* 1: all is sent; 0: the rest has to wait; -1: the connection is gone. */
static int send_rest(struct connection *connection) {
    while (connection->sent < connection->answer->length) {
        ssize_t count = send(connection->socket, connection->answer->bytes + connection->sent,
                             connection->answer->length - connection->sent, MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN ? 0 : -1;
        connection->sent += (size_t)count;
    }
    connection->answer = NULL;
    connection->sent = 0;
    return 1;
}

static const struct answer *answer_to(const char *head, size_t length) {
    if (length > 8 && !memcmp(head, "GET /big", 8)) return &big;
    if (length > 9 && !memcmp(head, "GET /auth", 9)) return &empty;
    return &small;
}

static void watch(int epoll, struct connection *connection, int operation, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->socket, &event) < 0) fail("epoll_ctl");
}

static void receive(int epoll, struct connection *connection) {
    ssize_t count = recv(connection->socket, connection->head + connection->received,
                         HEAD_LIMIT - connection->received, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        end(connection);
        return;
    }
    connection->received += (size_t)count;
    if (connection->received < 4 || memcmp(connection->head + connection->received - 4, "\r\n\r\n", 4)) {
        if (connection->received == HEAD_LIMIT) end(connection);
        return;
    }
    connection->answer = answer_to(connection->head, connection->received);
    connection->received = 0;
    switch (send_rest(connection)) {
    case 0: watch(epoll, connection, EPOLL_CTL_MOD, EPOLLOUT); break;
    case -1: end(connection);
    }
}

static void accept_one(int epoll, int listener) {
    int one = 1;
    struct connection *connection;
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection = calloc(1, sizeof *connection);
    if (!connection) fail("calloc");
    connection->socket = socket;
    watch(epoll, connection, EPOLL_CTL_ADD, EPOLLIN);
}

static int listen_on(int port) {
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0) fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, 1024) < 0) fail("listen");
    return listener;
}

int main(int count, char **arguments) {
    struct epoll_event events[EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
    int listener, epoll = epoll_create1(EPOLL_CLOEXEC);
    if (count != 2) {
        fprintf(stderr, "usage: backend PORT\n");
        return 64;
    }
    if (epoll < 0) fail("epoll_create1");
    small = make_answer(1024);
    big = make_answer(1024 * 1024);
    empty.bytes = "HTTP/1.1 204 No Content\r\n\r\n";
    empty.length = strlen(empty.bytes);
    listener = listen_on(atoi(arguments[1]));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0) fail("epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (!connection) {
                accept_one(epoll, listener);
            } else if (connection->answer) {
                switch (send_rest(connection)) {
                case 1: watch(epoll, connection, EPOLL_CTL_MOD, EPOLLIN); break;
                case -1: end(connection);
                }
            } else {
                receive(epoll, connection);
            }
        }
    }
}
