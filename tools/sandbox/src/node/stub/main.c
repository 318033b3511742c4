/* Arguments, the loop, the clock, the log and the end of the stub. */
#define _GNU_SOURCE
#include "stub.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUMMARY_MS 60000

const char *pod_name = "stub";
static int epoll_fd = -1;
static volatile sig_atomic_t was_told_to_end = 0;

static void on_end_signal(int signal_number) {
  (void)signal_number;
  was_told_to_end = 1;
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void say(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  line[length] = '\n';
  /* One write per line, so that lines of a pipe are never mixed. A full or closed log is nobody's failure. */
  if (write(STDOUT_FILENO, line, (size_t)length + 1) < 0) return;
}

static int control(int operation, int fd, enum owner owner, int slot, uint32_t events) {
  struct epoll_event event = {.events = events,
                              .data.u64 = ((uint64_t)owner << 56) | ((uint64_t)(slot & 0xffff) << 32) | (uint32_t)fd};
  return epoll_ctl(epoll_fd, operation, fd, &event);
}

int watch(int fd, enum owner owner, int slot, uint32_t events) { return control(EPOLL_CTL_ADD, fd, owner, slot, events); }
int rewatch(int fd, enum owner owner, int slot, uint32_t events) { return control(EPOLL_CTL_MOD, fd, owner, slot, events); }

static void dispatch(const struct epoll_event *event) {
  enum owner owner = (enum owner)(event->data.u64 >> 56);
  int slot = (int)((event->data.u64 >> 32) & 0xffff);
  int fd = (int)(uint32_t)event->data.u64;
  switch (owner) {
  case OWNER_PEER: on_peer(slot, fd); break;
  case OWNER_CALL: on_call(slot, fd, event->events); break;
  default: on_listener(owner, slot, fd);
  }
}

static int64_t sooner(int64_t left, int64_t right) {
  if (left < 0) return right;
  if (right < 0) return left;
  return left < right ? left : right;
}

static int run(int64_t exit_after_ms, int exit_code, int runs_once) {
  int64_t started = now_ms();
  int64_t summary_at = started + SUMMARY_MS;
  struct epoll_event events[64];
  for (;;) {
    if (was_told_to_end) return 0;
    int64_t now = now_ms();
    if (exit_after_ms >= 0 && now - started >= exit_after_ms) return exit_code;
    if (now >= summary_at) {
      say_summary();
      summary_at = now + SUMMARY_MS;
    }
    int64_t wake_at = sooner(sooner(run_calls(now), run_listening(now)), summary_at);
    if (runs_once && all_calls_tried()) return exit_code;
    if (exit_after_ms >= 0) wake_at = sooner(wake_at, started + exit_after_ms);
    int64_t wait = wake_at < 0 ? -1 : wake_at - now;
    int count = epoll_wait(epoll_fd, events, 64, wait < 0 && wake_at >= 0 ? 0 : (int)wait);
    for (int index = 0; index < count; index++) dispatch(&events[index]);
  }
}

int main(int argc, char **argv) {
  int64_t exit_after_ms = -1;
  int exit_code = 0;
  struct call_options options = {0, 0};
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  /* The first process of a container gets no default action for signals: without a handler SIGTERM would do nothing. */
  struct sigaction end = {.sa_handler = on_end_signal};
  sigaction(SIGTERM, &end, NULL);
  sigaction(SIGINT, &end, NULL);
  signal(SIGPIPE, SIG_IGN);
  /* What was run in the container besides and is orphaned becomes a child of its first process: nobody waits for it. */
  signal(SIGCHLD, SIG_IGN);
  srandom((unsigned)(now_ms() ^ getpid()));
  read_resolver_config();
  for (int index = 1; index < argc; index++) {
    const char *value = index + 1 < argc ? argv[index + 1] : "";
    if (strcmp(argv[index], "--keep") == 0) { options.keeps_open = 1; continue; }
    if (strcmp(argv[index], "--once") == 0) { options.runs_once = 1; continue; }
    if (strcmp(argv[index], "--pod") == 0) pod_name = value;
    else if (strcmp(argv[index], "--exit-after-ms") == 0) exit_after_ms = atoll(value);
    else if (strcmp(argv[index], "--exit-code") == 0) exit_code = atoi(value);
    else if (strcmp(argv[index], "--listen-file") == 0) listen_as_told(value);
    else if (strcmp(argv[index], "--call") == 0) call_target(value, options);
    else { say("unknown argument %s", argv[index]); return 64; }
    index++;
  }
  return run(exit_after_ms, exit_code, options.runs_once);
}
