/*
 * Everything that is called. Each target is a small state machine of its own, so that one that times out delays no other:
 * idle, resolving, connecting, talking, and with --keep kept open. An outcome is logged when it differs from the last one.
 */
#define _GNU_SOURCE
#include "stub.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_TARGETS 256
#define CALL_INTERVAL_MS 3000
#define MAX_UNRESOLVED_INTERVAL_MS 15000
#define RESOLVE_TIMEOUT_MS 2000
#define CONNECT_TIMEOUT_MS 3000
#define TALK_TIMEOUT_MS 1000
#define RESOLVED_FOR_MS 5000
#define KEEP_LINE_MS 1000
#define STALL_MS 3000

enum state { IDLE, RESOLVING, CONNECTING, TALKING, KEPT };
enum outcome { UNTRIED, CONNECTED, REFUSED, TIMED_OUT, UNREACHABLE, UNRESOLVED, ENDED, STALLED };
static const char *outcome_words[] = {"not tried",   "connected to",     "refused by", "timed out calling",
                                      "cannot reach", "no address for", "ended by",   "stalled with"};

struct target {
  char host[256];
  int port, is_udp, is_http, keeps_open, runs_once;
  enum state state;
  enum outcome outcome;
  int fd, candidate;
  struct in_addr address;
  int64_t due, resolved_until, unresolved_interval, last_echo;
};

static struct target targets[MAX_TARGETS];
static int target_count = 0;

/* Spec: tcp|udp|http, colon, host, colon, port. */
void call_target(const char *spec, struct call_options options) {
  const char *host = strchr(spec, ':');
  const char *port = strrchr(spec, ':');
  if (host == NULL || port == host || target_count == MAX_TARGETS) { say("cannot call %s", spec); return; }
  struct target *target = &targets[target_count];
  snprintf(target->host, sizeof target->host, "%.*s", (int)(port - host - 1), host + 1);
  target->port = atoi(port + 1);
  target->is_udp = strncmp(spec, "udp:", 4) == 0;
  target->is_http = strncmp(spec, "http:", 5) == 0;
  target->keeps_open = options.keeps_open && !target->is_udp;
  target->runs_once = options.runs_once;
  target->fd = -1;
  target->unresolved_interval = CALL_INTERVAL_MS;
  /* Spread over the first moments, so that the targets of one container are not called in one burst for ever. */
  target->due = now_ms() + (options.runs_once ? 0 : 50 * (target_count % 40));
  target_count++;
}

static void leave(struct target *target, enum outcome outcome, int64_t wait) {
  if (target->fd >= 0) close(target->fd);
  target->fd = -1;
  if (outcome != target->outcome) say("%s %s:%d", outcome_words[outcome], target->host, target->port);
  target->outcome = outcome;
  target->state = IDLE;
  target->due = target->runs_once ? INT64_MAX : now_ms() + wait;
}

static void leave_unresolved(struct target *target) {
  leave(target, UNRESOLVED, target->unresolved_interval);
  target->unresolved_interval *= 2;
  if (target->unresolved_interval > MAX_UNRESOLVED_INTERVAL_MS) target->unresolved_interval = MAX_UNRESOLVED_INTERVAL_MS;
}

static void leave_failed(struct target *target, int error) {
  target->resolved_until = 0;
  leave(target, error == ECONNREFUSED ? REFUSED : error == ETIMEDOUT ? TIMED_OUT : error == ECONNRESET ? ENDED : UNREACHABLE,
        CALL_INTERVAL_MS);
}

static void begin_connect(struct target *target) {
  int slot = (int)(target - targets);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port), .sin_addr = target->address};
  target->fd = socket(AF_INET, (target->is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (target->fd < 0 || (connect(target->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
    leave_failed(target, errno);
    return;
  }
  target->state = CONNECTING;
  target->due = now_ms() + CONNECT_TIMEOUT_MS;
  watch(target->fd, OWNER_CALL, slot, EPOLLOUT);
}

static void begin_resolve(struct target *target, int candidate) {
  target->candidate = candidate;
  target->fd = ask(target->host, candidate);
  if (target->fd < 0) { leave_unresolved(target); return; }
  target->state = RESOLVING;
  target->due = now_ms() + RESOLVE_TIMEOUT_MS;
  watch(target->fd, OWNER_CALL, (int)(target - targets), EPOLLIN);
}

static void begin(struct target *target) {
  if (inet_pton(AF_INET, target->host, &target->address) == 1 || now_ms() < target->resolved_until) begin_connect(target);
  else begin_resolve(target, 0);
}

static void on_resolved(struct target *target) {
  enum answer answer = read_answer(target->fd, &target->address);
  close(target->fd);
  target->fd = -1;
  if (answer == ANSWER_NEXT) { begin_resolve(target, target->candidate + 1); return; }
  if (answer == ANSWER_NONE) { leave_unresolved(target); return; }
  target->unresolved_interval = CALL_INTERVAL_MS;
  target->resolved_until = now_ms() + RESOLVED_FOR_MS;
  begin_connect(target);
}

static void send_line(struct target *target) {
  char line[600];
  int length = target->is_http && !target->keeps_open
                   ? snprintf(line, sizeof line, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target->host)
                   : snprintf(line, sizeof line, "hello from %.200s\n", pod_name);
  send(target->fd, line, (size_t)length, MSG_NOSIGNAL);
}

static void on_connected(struct target *target) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(target->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) { leave_failed(target, error); return; }
  rewatch(target->fd, OWNER_CALL, (int)(target - targets), EPOLLIN);
  send_line(target);
  int64_t now = now_ms();
  target->last_echo = now;
  target->state = target->keeps_open ? KEPT : TALKING;
  target->due = now + (target->keeps_open ? KEEP_LINE_MS : TALK_TIMEOUT_MS);
  if (target->keeps_open && target->outcome != CONNECTED) {
    target->outcome = CONNECTED;
    say("%s %s:%d", outcome_words[CONNECTED], target->host, target->port);
  }
}

static void on_talk(struct target *target) {
  char buffer[2048];
  ssize_t count = recv(target->fd, buffer, sizeof buffer, 0);
  if (target->state == TALKING) {
    /* A datagram proves something only by its echo; a stream was proved by its connection. */
    if (target->is_udp && count < 0) leave_failed(target, errno);
    else leave(target, CONNECTED, CALL_INTERVAL_MS);
    return;
  }
  if (count <= 0) { leave(target, ENDED, CALL_INTERVAL_MS); return; }
  target->last_echo = now_ms();
  if (target->outcome == STALLED) {
    say("resumed with %s:%d", target->host, target->port);
    target->outcome = CONNECTED;
  }
}

void on_call(int slot, int fd, uint32_t events) {
  (void)events;
  struct target *target = &targets[slot];
  if (slot >= target_count || target->fd != fd) return;
  if (target->state == RESOLVING) on_resolved(target);
  else if (target->state == CONNECTING) on_connected(target);
  else on_talk(target);
}

static void on_due(struct target *target, int64_t now) {
  switch (target->state) {
  case IDLE: begin(target); break;
  case RESOLVING: leave_unresolved(target); break;
  case CONNECTING: leave_failed(target, ETIMEDOUT); break;
  case TALKING:
    if (target->is_udp) leave_failed(target, ETIMEDOUT);
    else leave(target, CONNECTED, CALL_INTERVAL_MS);
    break;
  case KEPT:
    if (now - target->last_echo > STALL_MS && target->outcome != STALLED) {
      target->outcome = STALLED;
      say("%s %s:%d", outcome_words[STALLED], target->host, target->port);
    }
    send_line(target);
    target->due = now + KEEP_LINE_MS;
  }
}

int64_t run_calls(int64_t now) {
  int64_t wake_at = -1;
  for (struct target *target = targets; target < targets + target_count; target++) {
    if (target->due <= now) on_due(target, now);
    if (target->due != INT64_MAX && (wake_at < 0 || target->due < wake_at)) wake_at = target->due;
  }
  return wake_at;
}

int all_calls_tried(void) {
  for (int slot = 0; slot < target_count; slot++)
    if (targets[slot].due != INT64_MAX) return 0;
  return 1;
}

void say_summary(void) {
  int connected = 0;
  for (int slot = 0; slot < target_count; slot++) connected += targets[slot].outcome == CONNECTED;
  say("summary: connected to %d of %d targets, %lu requests served", connected, target_count, served_count());
}
